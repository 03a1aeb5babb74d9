"""DS3231: a clock with a battery and a compensated crystal on I2C, within 5 ppm over any weather.

Source: Maxim, DS3231 datasheet 19-5170 rev 10, tables 1 and 2. The chip has no memory of its own; alarm 1, which nobody
uses here, holds the moment at which the time was set: a clock that this firmware did not set is not believed.
"""

import asyncio

from micropython import const

from ..core.calendar import DAY, civil
from ..core.faults import SensorFault

_ADDRESS = const(0x68)
_TIME, _SET_AT, _CONTROL, _STATUS, _ALL = const(0x00), const(0x07), const(0x0E), const(0x0F), const(19)
_STOPPED = const(0x80)  # status: the oscillator has stood still since the time was set
_EDGE_MS = const(1100)  # a second begins within this
_PPM = const(5)  # data sheet: 3.5 over temperature, 1 a year of age
_SET_MS = const(1020)  # how far off the time may have been that it was set to, and a look at it
_EARLIEST = const(788918400)  # 2025-01-01


def _bcd(byte, low, high):
    value = (byte >> 4) * 10 + (byte & 15)
    if byte & 15 > 9 or not low <= value <= high:
        raise SensorFault("range", "0x%02x in the time" % byte)
    return value


def _days(year, month, day):
    """Days since 2000-01-01: the inverse of calendar.civil."""
    year -= month < 3
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 730426


def decode(raw):
    """Registers 00..12 (19 bytes) -> {"utc_s", "t"}. SensorFault unset: its supply and battery were gone."""
    if not raw:
        raise SensorFault("silent")
    if len(raw) != _ALL:
        raise SensorFault("garbled", "%d bytes instead of 19" % len(raw))
    if raw[_STATUS] & _STOPPED:
        raise SensorFault("unset", "the oscillator had stopped")
    if raw[2] & 0x40:
        raise SensorFault("range", "hours of 12")
    second, minute, hour = _bcd(raw[0], 0, 59), _bcd(raw[1], 0, 59), _bcd(raw[2], 0, 23)
    date = 2000 + _bcd(raw[6], 0, 99), _bcd(raw[5], 1, 12), _bcd(raw[4], 1, 31)
    days = _days(*date)
    if civil(days) != date:
        raise SensorFault("range", "no such date: %d-%d-%d" % date)
    return {"utc_s": days * DAY + hour * 3600 + minute * 60 + second, "t": temperature(raw)}


def temperature(raw):
    """Tenths of Cel from registers 11 and 12."""
    quarters = (raw[17] << 2 | raw[18] >> 6) - (1024 if raw[17] & 0x80 else 0)
    return (quarters * 10 + 2) // 4


def encode(utc_s):
    """Seconds since 2000 UTC -> registers 00..06."""
    year, month, day = civil(utc_s // DAY)
    s = utc_s % DAY
    values = (s % 60, s // 60 % 60, s // 3600, 0, day, month, year % 100)
    out = bytearray([value // 10 << 4 | value % 10 for value in values])
    out[3] = (utc_s // DAY + 5) % 7 + 1  # 2000-01-01 was a Saturday; 1 is Monday
    return out


class Ds3231:
    """The clock on `bus`."""

    QUANTITIES = ("t",)
    LIMITS = (("t", -400, 850),)

    def __init__(self, bus, name="rtc", address=_ADDRESS):
        self.name = name
        self._bus = bus
        self._address = address

    def _registers(self):
        return self._bus.read(self._address, _TIME, _ALL)

    def _write(self, register, data):
        for n, byte in enumerate(data):
            self._bus.write(self._address, register + n, byte)

    async def start(self):
        """It runs on its own."""

    async def read(self):
        """{"utc_s", "t"} as it stands. Raises SensorFault."""
        return decode(self._registers())

    async def time(self):
        """(seconds since 2000 UTC, uncertainty in ms) at the moment of return, where a second begins."""
        time = self._bus.time
        first = self._registers()
        decode(first)
        begun = time.ticks_ms()
        while True:
            raw = self._registers()
            if raw[0] != first[0]:
                break
            if time.ticks_diff(time.ticks_ms(), begun) > _EDGE_MS:
                raise SensorFault("range", "the clock does not advance")
            await asyncio.sleep_ms(10)
        now = decode(raw)["utc_s"]
        set_at = int.from_bytes(raw[_SET_AT : _SET_AT + 4], "little")
        if not _EARLIEST <= set_at <= now:
            raise SensorFault("unset", "not set by a lamppost")
        return now, _SET_MS + (now - set_at) * _PPM // 1000

    def set(self, utc_s):
        """Now is the beginning of that second. A cut in the middle leaves a clock that is not believed."""
        self._write(_SET_AT, bytes(4))
        self._write(_TIME, encode(utc_s))  # the write of the seconds starts the second
        self._write(_CONTROL, b"\x1c\x00")  # oscillator on with the battery too, no alarms; clears "stopped"
        self._write(_SET_AT, utc_s.to_bytes(4, "little"))

    async def check(self):
        """Only the temperature, for the self-test: a new clock is in order, and not set."""
        raw = self._registers()
        if raw == b"\xff" * _ALL:
            raise SensorFault("garbled", "the bus reads only ones")
        return {"t": temperature(raw)}
