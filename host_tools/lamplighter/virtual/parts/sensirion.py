"""Sensirion's language on I2C: 16-bit commands, words with a CRC-8 each, no acknowledge while a command is executed.

Sensirion SCD4x data sheet, chapter 3 (sequence types, checksum); the SGP41 and SHT4x talk alike. CRC-8 with
polynomial 0x31 and start 0xFF over two bytes: BE EF has 92.
"""

import struct

from .i2c_part import I2cPart
from .lines import refuse


def crc8(data):
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def words(values, spoilt=False):
    """Each of the 16-bit values with its checksum."""
    out = bytearray()
    for value in values:
        pair = struct.pack(">H", value)
        out += pair
        out.append(crc8(pair) ^ (0x01 if spoilt else 0))
    return bytes(out)


def values(data):
    """The 16-bit values of words with their checksums; None if one is wrong or a byte is missing."""
    if len(data) % 3:
        return None
    out = []
    for at in range(0, len(data), 3):
        if crc8(data[at : at + 2]) != data[at + 2]:
            return None
        out.append(data[at] << 8 | data[at + 1])
    return out


def ticks(value, lowest, span):
    """The 16-bit word that stands for a physical value: lowest + span * word / 65535."""
    return max(0, min(65535, int((value - lowest) * 65535 / span + 0.5)))


class Commanded(I2cPart):
    """A part that executes one command at a time. Its own class says which:

    command(code, arguments, now_us) -> (microseconds that it takes, answer)

    The answer is a list of words, None for nothing to read, or a function of the time that gives one of the two, called
    when it is read. refuse() there: the command is not acknowledged. `arguments` is None where a checksum is wrong.
    """

    WIDTH = 2  # bytes of a command
    STAYS = False  # True: what was read can be read again

    def __init__(self, options, address, defaults, own=()):
        super().__init__(options, address, defaults, own)
        self._busy_until = 0
        self._answer = None

    def write(self, data, now_us):
        self._lines.answering()
        if now_us < self._busy_until:
            refuse()
        data = bytes(data)
        if len(data) < self.WIDTH:
            return  # only asked whether somebody is there
        self._answer = None
        code = int.from_bytes(data[: self.WIDTH], "big")
        takes_us, self._answer = self.command(code, values(data[self.WIDTH :]), now_us)
        self._busy_until = now_us + takes_us + self._lines.late_us

    def read(self, n, now_us):
        self._lines.answering()
        if now_us < self._busy_until:
            refuse()
        answer = self._answer
        if not self.STAYS:
            self._answer = None
        if callable(answer):
            answer = answer(now_us)
        if answer is None:
            refuse()
        out = words(answer, self._lines.spoils_checksum)[:n]
        out += b"\xff" * (n - len(out))  # nobody pulls the line down
        return self._lines.sent(out, False)
