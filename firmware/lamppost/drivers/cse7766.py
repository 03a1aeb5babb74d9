"""CSE7766, CSE7759B and HLW8032: metering chips that send 24 bytes many times a second at 4800 baud, even parity.

Source: Chipsea, CSE7766 user manual rev. 1.2, 3.3 to 3.6. Power has no sign; what is below the chip's reach is no load.
"""

from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.faults import SensorFault
from ..core.quantities import checked
from .ratio import power_factor, rounded

_FRAME = 24
_BAUD = 4800
_EVEN = 0
_UNCALIBRATED = 0xAA
_STORAGE, _NO_POWER, _NO_CURRENT, _NO_VOLTAGE = 1, 2, 4, 8  # bits of a header 0xF.
_POWER_VALID, _CURRENT_VALID, _VOLTAGE_VALID = 0x10, 0x20, 0x40  # bits of the adjustment byte
_P_MAX = 5500000  # mW
_LATE = 10000  # mWh that may have come between two readings beyond what time explains


def find(stream):
    """Offset of the newest whole frame in `stream`, or -1."""
    for at in range(len(stream) - _FRAME, -1, -1):
        head = stream[at]
        if stream[at + 1] != 0x5A or (head != 0x55 and head != _UNCALIBRATED and head < 0xF0):
            continue
        if sum(stream[at + 2 : at + 23]) & 0xFF == stream[at + 23]:
            return at
    return -1


def frame(stream):
    """The newest whole frame, of a chip that measures. Raises SensorFault."""
    if not stream:
        raise SensorFault("silent")
    at = find(stream)
    if at < 0:
        raise SensorFault("garbled", "no whole frame in %d bytes" % len(stream))
    head = stream[at]
    if head == _UNCALIBRATED:
        raise SensorFault("refused", "the chip is not calibrated")
    if head != 0x55:
        if head & _STORAGE:
            raise SensorFault("refused", "its coefficients are damaged")
        if head & (_NO_VOLTAGE | _NO_CURRENT):
            raise SensorFault("signal", "header 0x%02x: no voltage or no current to measure" % head)
    if not stream[at + 20] & _VOLTAGE_VALID:
        raise SensorFault("warming", "no voltage yet")
    return stream[at : at + _FRAME]


def number(data, at):
    """Unsigned 24 bits, high byte first."""
    return data[at] << 16 | data[at + 1] << 8 | data[at + 2]


def energy(pulses, data):
    """mWh of that many pulses of the chip whose frame is `data`."""
    return pulses * number(data, 14) // 3600000


def values(data):
    """A frame -> reading; imp_mwh is that of its 16-bit counter."""
    adjust = data[20]
    no_power = data[0] != 0x55 and data[0] & _NO_POWER or not adjust & _POWER_VALID
    u = rounded(number(data, 2) * 1000, number(data, 5) or 1)
    i = rounded(number(data, 8) * 1000, number(data, 11) or 1) if adjust & _CURRENT_VALID else 0
    p = 0 if no_power else rounded(number(data, 14) * 1000, number(data, 17) or 1)
    found = {"u_mv": u, "i_ma": i, "p_mw": p, "pf": power_factor(p, u, i)}
    found["imp_mwh"] = energy(data[21] << 8 | data[22], data)
    return checked(found)


def decode(stream):
    """Bytes of the stream, cut anywhere -> reading of the newest whole frame."""
    return values(frame(stream))


class Cse7766:
    """One chip on `bus`, which is only listened to. imp_mwh counts from the driver's start."""

    QUANTITIES = ("u_mv", "i_ma", "p_mw", "pf", "imp_mwh")
    WRAP_MWH = 0
    VOLATILE = True
    P_MAX_MW = _P_MAX
    LIMITS = (("u_mv", 195500, 253000), ("p_mw", 0, _P_MAX))

    def __init__(self, bus, name="meter"):
        self.name = name
        self.timeout = AdaptiveTimeout(150, 600)
        self._bus = bus
        self._count = None  # the chip's counter at the last reading, and when that was
        self._at = 0
        self._pulses = 0

    @staticmethod
    def _whole(stream):
        return find(stream) >= 0

    async def read(self):
        """The present reading. Raises SensorFault."""
        data = frame(await self._bus.ask(None, _FRAME, self._whole, self.timeout, _BAUD, _EVEN))
        reading = values(data)
        self._add(data[21] << 8 | data[22], data)
        reading["imp_mwh"] = energy(self._pulses, data)
        return reading

    def _add(self, count, data):
        """Count on. A counter that has gone further than the time allows has begun anew with the chip's supply."""
        time = self._bus.time
        now = time.ticks_ms()
        if self._count is not None:
            grown = (count - self._count) & 0xFFFF
            most = _P_MAX * time.ticks_diff(now, self._at) // 3600000 + _LATE
            if energy(grown, data) > most:
                grown = count if energy(count, data) <= most else 0
            self._pulses += grown
        self._count = count
        self._at = now
