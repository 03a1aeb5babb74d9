"""One of Sensirion's parts on I2C, scripted: what it answers to each command; nothing prepared is not acknowledged."""

from lamppost.buses import sensirion
from registers import Registers


def told(*values):
    """The bytes of an answer with these values."""
    return sensirion.command(0, *values)[2:]


class WordPart(Registers):
    """answers -- {command: bytes, or a list of bytes of which each is given once and the last for ever}"""

    def __init__(self, address, **answers):
        Registers.__init__(self, address)
        self.answers = {int(name[1:], 16): answer for name, answer in answers.items()}
        self.sent = []  # (ms, command, data)
        self.dead = False

    def _here(self, address):
        if self.dead:
            raise OSError(19)
        Registers._here(self, address)

    def took(self, data):
        command = data[0] << 8 | data[1] if len(data) > 1 else data[0]
        self.sent.append((self.machine.time.now, command, data[2:]))
        answer = self.answers.get(command, b"")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        self.plain = answer

    def readfrom(self, address, count):
        if not self.plain:
            raise OSError(19)
        return Registers.readfrom(self, address, count)

    def commands(self):
        return [command for _, command, _ in self.sent]
