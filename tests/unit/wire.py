"""A `machine` whose UART and I2C are scripted, and a time that passes only while somebody sleeps."""

import asyncio


class Time:
    """Stands for the time module; also patches asyncio.sleep_ms while `run` runs a coroutine."""

    def __init__(self):
        self.now = 0

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, late, early):
        return late - early

    def sleep_us(self, microseconds):
        pass

    async def sleep_ms(self, milliseconds):
        self.now += milliseconds
        await asyncio.sleep(0)

    def run(self, coroutine):
        """asyncio.run, with every asyncio.sleep_ms passing in no time."""
        real = asyncio.sleep_ms
        asyncio.sleep_ms = self.sleep_ms
        try:
            return asyncio.run(coroutine)
        finally:
            asyncio.sleep_ms = real


class Pin:
    """Remembers the level that every pin was set to as an output."""

    OUT = "out"
    OPEN_DRAIN = "open drain"

    def __init__(self, machine, number, mode, value):
        self._machine = machine
        self.number = number
        if mode is not None:
            machine.pins[number] = (mode, value)

    def __call__(self, level):
        self._machine.edges.append((self.number, level))


class Uart:
    """A UART whose answers come from machine.script(request, setting) -> [(after_ms, bytes), ...]."""

    def __init__(self, machine, number, **setting):
        self._machine = machine
        self.coming = []  # (due at, bytes)
        machine.opened.append((number, setting))
        self.setting = setting
        self.fails = None

    def init(self, **setting):
        self._machine.opened.append((None, setting))
        self.setting = setting

    def write(self, data):
        if self.fails:
            raise self.fails
        self._machine.sent.append(bytes(data))
        self.feed(self._machine.script(bytes(data), self.setting))
        return len(data)

    def flush(self):
        """Wait until what was written is on the wire; notes how many edges the pins had seen by then."""
        self._machine.flushed.append(len(self._machine.edges))

    def feed(self, pieces):
        self.coming += [(self._machine.time.now + after_ms, data) for after_ms, data in pieces]

    def _here(self):
        return b"".join([data for due, data in self.coming if due <= self._machine.time.now])

    def any(self):
        return len(self._here())

    def readinto(self, view):
        here = self._here()
        if not here:
            return None
        count = min(len(view), len(here))
        view[:count] = here[:count]
        later = [piece for piece in self.coming if piece[0] > self._machine.time.now]
        self.coming = ([(0, here[count:])] if count < len(here) else []) + later
        return count


class Machine:
    """machine.UART and machine.Pin for the buses; machine.I2C is what `i2c` (a factory) makes."""

    def __init__(self, script=lambda request, setting: [], i2c=None):
        self.time = Time()
        self.script = script
        self.opened = []  # (number or None for init, setting) in order
        self.sent = []
        self.pins = {}
        self.edges = []
        self.flushed = []
        self.uarts = []
        self.I2C = i2c
        machine = self

        class Bound(Pin):
            def __init__(self, number, mode=None, value=None):
                Pin.__init__(self, machine, number, mode, value)

        self.Pin = Bound

    def UART(self, number, **setting):  # noqa: N802 -- the name that machine has
        self.uarts.append(Uart(self, number, **setting))
        return self.uarts[-1]


def stream(answer):
    """A script that answers every question with the same bytes, 10 ms later."""
    return lambda request, setting: [(10, answer)]
