"""ADS1115: four voltages by one converter of 16 bits on I2C; sensing/air/alphasense.py makes gases of pairs of them.

Source: Texas Instruments, ADS1115 datasheet SBAS444, 8.1 (registers), tables 3 and 8. No input may exceed its supply.
"""

import asyncio
from struct import unpack_from

from micropython import const

from ..core.faults import SensorFault
from ..core.quantities import checked

_CONVERSION, _CONFIG = const(0), const(1)
_RANGES_MV = (6144, 4096, 2048, 1024, 512, 256)
_USUAL = const(1)
_NAMES = ("a0_uv", "a1_uv", "a2_uv", "a3_uv")
_SINGLE = const(0xC103)  # begin; an input against ground; one conversion; 8 a second; no comparator
_IDLE = const(0x8000)  # reads so when no conversion is under way
_CONVERT_MS, _TRIES = const(140), const(3)  # 125 ms and 10 %, by its own clock


def decode(data, inputs=(0, 1, 2, 3), full=_USUAL):
    """Conversion registers one after the other, of A0 on -> microvolts, at the usual range of 4.096 V.

    An input that is beyond the range is None.
    """
    if not data:
        raise SensorFault("silent")
    if len(data) % 2 or len(data) > 2 * len(inputs):
        raise SensorFault("garbled", "%d bytes of registers" % len(data))
    reading = {}
    for n, code in enumerate(unpack_from(">%dh" % (len(data) // 2), data)):
        beyond = code in (32767, -32768)  # the range
        reading[_NAMES[inputs[n]]] = None if beyond else code * (_RANGES_MV[full] * 1000) // 32768
    return checked(reading, _NAMES)


class Ads1115:
    """One converter on `bus` at `address` (0x48 to 0x4B).

    inputs -- which of its four are read; full_mv -- its range: 6144, 4096, 2048, 1024, 512 or 256
    """

    QUANTITIES = _NAMES
    LIMITS = tuple([(name, -50000, 5000000) for name in _NAMES])

    def __init__(self, bus, name="adc", address=0x48, inputs=(0, 1, 2, 3), full_mv=4096):
        self.name = name
        self._bus = bus
        self._address = address
        self._inputs = inputs
        if full_mv not in _RANGES_MV:
            raise SensorFault("range", "full_mv %d, not one of %s" % (full_mv, str(_RANGES_MV)))
        self._full = _RANGES_MV.index(full_mv)
        self.QUANTITIES = tuple([_NAMES[n] for n in inputs])
        self.LIMITS = tuple([limit for limit in self.LIMITS if limit[0] in self.QUANTITIES])

    async def _convert(self, n):
        """The conversion register of input n."""
        bus, address = self._bus, self._address
        config = _SINGLE | n << 12 | self._full << 9
        bus.write(address, bytes((_CONFIG, config >> 8, config & 0xFF)))
        for _ in range(_TRIES):
            await asyncio.sleep_ms(_CONVERT_MS)
            told = bus.read(address, _CONFIG, 2)
            if (told[0] << 8 | told[1]) & ~_IDLE != config & ~_IDLE:
                raise SensorFault("foreign", "its setting is 0x%02x%02x" % (told[0], told[1]))
            if told[0] & 0x80:
                return bus.read(address, _CONVERSION, 2)
        raise SensorFault("range", "a conversion does not end")

    async def read(self):
        """The present reading. Raises SensorFault."""
        data = b""
        for n in self._inputs:
            data += await self._convert(n)
        return decode(data, self._inputs, self._full)
