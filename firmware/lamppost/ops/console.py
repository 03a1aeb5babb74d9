"""The serial console: one line an event while the node works, and the REPL to whoever presses Ctrl-C."""

_MAINTENANCE_S = 900


class Console:
    """log(text) with the uptime before it; never given a secret."""

    def __init__(self, clock, write=print):
        self._clock = clock
        self._write = write

    def log(self, text):
        ms = self._clock.uptime_ms()
        self._write("[%6d.%03d] %s" % (ms // 1000, ms % 1000, text))


def maintain(machine, watchdog):
    """Keep feeding an armed watchdog from a timer, so that the REPL can be used for a quarter of an hour.

    After that the watchdog bites, and a node that was left in the REPL is back at work by itself. A soft
    reset ends timers: boot.py takes over then, told by the "w" in RTC memory.
    """
    if watchdog is None:
        return
    left = [_MAINTENANCE_S]

    def feed(_):
        left[0] -= 1
        if left[0] > 0:
            watchdog.feed()

    machine.Timer(0).init(period=1000, mode=machine.Timer.PERIODIC, callback=feed)


class Slot:
    """The note in RTC memory by which boot.py counts starts that did not become healthy."""

    def __init__(self, machine, letter):
        self._rtc = machine.RTC()
        self.letter = letter

    def armed(self):
        """The watchdog runs from here on; the try that boot.py spent stays spent."""
        memory = bytes(self._rtc.memory())
        tries = memory[1:2] if memory[:1] == self.letter.encode() else b"1"
        self._rtc.memory(self.letter.encode() + tries + b"w")

    def healthy(self):
        """This start was a good one: the count begins anew."""
        self._rtc.memory(self.letter.encode() + b"0w")
