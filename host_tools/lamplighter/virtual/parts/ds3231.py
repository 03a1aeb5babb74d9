"""DS3231 real-time clock, register by register, over I2C: it goes on while the lamppost has no power.

Maxim "DS3231 Extremely Accurate I2C-Integrated RTC/TCXO/Crystal", 19-5170. Only the 24-hour form; alarms are registers
that keep what is written and never fire.
"""

from .i2c_part import I2cPart

ADDRESS = 0x68
CONTROL, STATUS, AGING, TEMPERATURE, COUNT = 0x0E, 0x0F, 0x10, 0x11, 0x13
STOPPED, ALWAYS = 0x80, 0x08
EMPTY_V = 2.0  # below this the battery holds nothing
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def bcd(value):
    return value // 10 << 4 | value % 10


def plain(byte):
    return (byte >> 4) * 10 + (byte & 15)


def days_in(month, year):
    return 29 if month == 2 and year % 4 == 0 else DAYS[month - 1]


class Twin(I2cPart):
    """Quantities: celsius, ppm (how much too fast it runs), battery (V; empty: the time is lost at the next start).

    It carries no checksum: the fault `checksum` acts as `noise`; slow is as none.
    """

    QUANTITIES = ("celsius", "ppm", "battery")

    def __init__(self, options):
        super().__init__(options, ADDRESS, {"celsius": 20.0, "ppm": 0.0, "battery": 3.0})
        self._pointer = 0
        self._blank()
        if "state" in options:
            self.restore(options["state"])

    def _blank(self):
        """As it comes from the shop, or after its battery: 2000-01-01, and the flag that says so."""
        self._registers = bytearray(COUNT)
        self._registers[CONTROL], self._registers[STATUS] = 0x1C, STOPPED | ALWAYS
        self._base = 0  # seconds since 2000 ...
        self._base_us = None  # ... at this instant; None: when it is first asked

    def state(self):
        return {
            "base": self._base, "base_us": self._base_us, "registers": list(self._registers),
            "battery": self._quantities.at(0)["battery"],
        }  # fmt: skip

    def restore(self, state):
        if state["battery"] < EMPTY_V or self._quantities.at(0)["battery"] < EMPTY_V:
            return
        self._base, self._base_us = state["base"], state["base_us"]
        self._registers[:] = bytes(state["registers"])

    def _heard(self, data, now_us):
        self._pointer = data[0]
        time = bytearray(self._time(now_us))
        timed = False
        for byte in data[1:]:
            register = self._pointer % COUNT
            if register < 7:
                time[register] = byte
                timed = True
                if register == 0:
                    self._base_us = now_us  # the second begins
            elif register == STATUS:
                stopped = self._registers[STATUS] & byte & STOPPED  # can only be cleared
                self._registers[STATUS] = stopped | byte & 0x03 | ALWAYS
            elif register < TEMPERATURE:
                self._registers[register] = byte
            self._pointer = (register + 1) % COUNT
        if timed:
            self._base = self._seconds(time)

    def _said(self, n, now_us):
        said = bytearray(self._registers)
        said[:7] = self._time(now_us)
        quarters = int(self._quantities.at(now_us)["celsius"] * 4 // 1) & 0x3FF
        said[TEMPERATURE], said[TEMPERATURE + 1] = quarters >> 2, (quarters & 3) << 6
        out = bytearray(said[(self._pointer + index) % COUNT] for index in range(n))
        self._pointer = (self._pointer + n) % COUNT
        return bytes(out)

    def _now(self, now_us):
        """Seconds since 2000 of the chip's own calendar."""
        if self._base_us is None:
            self._base_us = now_us
        if self._lines.kind == "stuck":
            return self._base
        passed = now_us - self._base_us
        passed += int(passed // 1000000 * self._quantities.at(now_us)["ppm"])
        return self._base + passed // 1000000

    def _time(self, now_us):
        now = self._now(now_us)
        days, second = now // 86400, now % 86400
        weekday = (days + 5) % 7 + 1
        year = 0
        while days >= 365 + (year % 4 == 0):
            days -= 365 + (year % 4 == 0)
            year += 1
        month = 1
        while days >= days_in(month, year):
            days -= days_in(month, year)
            month += 1
        fields = (second % 60, second // 60 % 60, second // 3600, weekday, days + 1, month, year % 100)
        return bytes(bcd(field) for field in fields)

    def _seconds(self, time):
        second, minute, hour, _, day, month, year = (plain(byte & mask) for byte, mask in zip(
            time, (0x7F, 0x7F, 0x3F, 7, 0x3F, 0x1F, 0xFF)))  # fmt: skip
        days = sum(365 + (each % 4 == 0) for each in range(year))
        days += sum(days_in(each, year) for each in range(1, max(1, min(month, 12)))) + day - 1
        return days * 86400 + hour * 3600 + minute * 60 + second
