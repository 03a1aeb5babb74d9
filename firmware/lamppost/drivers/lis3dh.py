"""LIS3DH: which way a pole leans, from gravity on three axes, on I2C.

Source: ST, LIS3DH datasheet DocID17530 rev 2, 3.2.1 (high resolution) and 8 (registers).
"""

import asyncio
from math import atan2, sqrt

from micropython import const

from ..core.faults import SensorFault

_WHO, _CONTROL1, _CONTROL4, _DATA = const(0x0F), const(0x20), const(0x23), const(0x28)
_LIS3DH = const(0x33)
_MANY = const(0x80)  # the register counts up from byte to byte
_50HZ = const(0x47)  # all axes
_FINE = const(0x88)  # high resolution, 2 g, both bytes of one measurement
_SAMPLES = const(8)  # a gust and a lorry shake the pole: one value is their mean
_SAMPLE_MS = const(21)
_SHAKEN = (500, 1500)  # mg; outside, it is not gravity alone that pulls
_UPRIGHT = (0, 0, 1000)  # lying flat with its face up


def vector(raw):
    """28..2D, six bytes -> (x, y, z) in mg."""
    found = []
    for at in (0, 2, 4):
        high = raw[at + 1]
        found.append((raw[at] | high << 8) - (high >> 7 << 16) >> 4)
    return found


def lean(a, upright):
    """Tenths of a degree between the two vectors. Raises SensorFault signal where it is not only gravity."""
    pull = sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])
    if pull == 0:
        raise SensorFault("range", "no gravity measured")
    if not _SHAKEN[0] <= pull <= _SHAKEN[1]:
        raise SensorFault("signal", "shaken: %d mg" % pull)
    b = upright
    x, y, z = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
    # exact near 0 and near 180 degrees, where an arc cosine of 32 bits is off by degrees
    across = sqrt(x * x + y * y + z * z)
    return int(atan2(across, a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) * 572.95780 + 0.5)


def _reading(a, upright):
    return {"tilt": lean(a, upright), "ax_mg": a[0], "ay_mg": a[1], "az_mg": a[2]}


def decode(raw):
    """Registers 28..2D, six bytes -> reading; the tilt is against a part that lies flat with its face up."""
    if not raw:
        raise SensorFault("silent")
    if len(raw) != 6:
        raise SensorFault("garbled", "%d bytes instead of 6" % len(raw))
    return _reading(vector(raw), _UPRIGHT)


class Lis3dh:
    """One sensor on `bus` at `address` (0x18 or 0x19).

    upright -- [x, y, z] in mg as it showed when the pole was set up; its tilt is counted from there
    """

    QUANTITIES = ("tilt", "ax_mg", "ay_mg", "az_mg")
    LIMITS = (("tilt", 0, 100), ("ax_mg", -1500, 1500), ("ay_mg", -1500, 1500), ("az_mg", -1500, 1500))

    def __init__(self, bus, name="pole", address=0x18, upright=_UPRIGHT):
        self.name = name
        self._bus = bus
        self._address = address
        self._upright = upright
        self._started = False

    async def start(self):
        """Check what it is, and let it measure."""
        bus, address = self._bus, self._address
        chip = bus.read(address, _WHO, 1)[0]
        if chip != _LIS3DH:
            raise SensorFault("foreign", "chip 0x%02x is not a LIS3DH" % chip)
        bus.write(address, _CONTROL4, _FINE)
        bus.write(address, _CONTROL1, _50HZ)
        await asyncio.sleep_ms(160)  # 7 measurements until the first counts in high resolution
        self._started = True

    async def read(self):
        """The mean of some measurements. Raises SensorFault."""
        if not self._started:
            await self.start()
        bus, address = self._bus, self._address
        if bus.read(address, _CONTROL1, 1)[0] != _50HZ:
            self._started = False  # it lost its power on the way: set up again by the next read
            raise SensorFault("warming", "it lost its settings")
        total = [0, 0, 0]
        for n in range(_SAMPLES):
            if n:
                await asyncio.sleep_ms(_SAMPLE_MS)
            for axis, mg in enumerate(vector(bus.read(address, _DATA | _MANY, 6))):
                total[axis] += mg
        return _reading([(2 * sum_ + _SAMPLES) // (2 * _SAMPLES) for sum_ in total], self._upright)
