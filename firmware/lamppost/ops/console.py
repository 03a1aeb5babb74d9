"""The serial console: one line an event while the node works, and the REPL to whoever presses Ctrl-C."""


class Console:
    """log(text) with the uptime before it; never given a secret."""

    def __init__(self, clock, write=print):
        self._clock = clock
        self._write = write

    def log(self, text):
        ms = self._clock.uptime_ms()
        self._write("[%6d.%03d] %s" % (ms // 1000, ms % 1000, text))


class Slot:
    """The note in RTC memory by which boot.py counts starts that did not become healthy."""

    def __init__(self, machine, letter):
        self._rtc = machine.RTC()
        self.letter = letter

    def armed(self):
        """The watchdog runs from here on; the try that boot.py spent stays spent."""
        memory = bytes(self._rtc.memory())
        tries = memory[1:2] if memory[:1] == self.letter.encode() else b"1"
        self._rtc.memory(self.letter.encode() + tries + b"w" + memory[3:4])

    def healthy(self):
        """This start was a good one: the count begins anew."""
        self._rtc.memory(self.letter.encode() + b"0w" + bytes(self._rtc.memory())[3:4])
