"""VEML7700: ambient light on I2C from starlight to 140000 lx; gain and integration time are chosen for each reading.

Source: Vishay, VEML7700 datasheet 84286 rev 1.7 (registers, resolution: rev 1.6 and before said 0.0036 lx, wrongly)
and application note 84323 (correction above 1000 lx).
"""

import asyncio

from micropython import const

from ..core.faults import SensorFault

_ADDRESS = const(0x10)
_CONF, _ALS = const(0x00), const(0x04)
_OFF = const(0x01)
_DULLER = (2, 1, 16, 8)  # than gain 2, by the gain's code: 1, 2, 1/8, 1/4
_MS = {12: 25, 8: 50, 0: 100, 1: 200, 2: 400, 3: 800}  # integration time by its code
# settings (gain code << 11 | time code << 6) from the darkest night to the brightest noon
_LADDER = (0x0880, 0x0800, 0x1800, 0x1000, 0x1300)  # 2 at 400 ms, 2 at 100, 1/4 at 100, 1/8 at 100, 1/8 at 25
_FEW, _MANY = const(100), const(10000)  # counts between which a setting is left alone
_LINEAR = const(10000)  # tenths of lx up to which the part is linear
_TOP = const(1600000)  # tenths of lx; it ends at 140000 lx, give or take its tolerance


def decode(raw):
    """Registers 00 (configuration) and 04 (light), low bytes first, 4 bytes -> reading in tenths of lx."""
    if not raw:
        raise SensorFault("silent")
    if len(raw) != 4:
        raise SensorFault("garbled", "%d bytes instead of 4" % len(raw))
    conf = raw[0] | raw[1] << 8
    time_ms = _MS.get(conf >> 6 & 15)
    if time_ms is None:
        raise SensorFault("range", "integration time %d" % (conf >> 6 & 15))
    if conf & _OFF:
        raise SensorFault("warming", "switched off")
    counts = raw[2] | raw[3] << 8
    if counts == 0xFFFF:
        raise SensorFault("signal", "blinded")
    # 0.0042 lx a count at gain 2 and 800 ms
    lux = (counts * 336 * _DULLER[conf >> 11 & 3] + 5 * time_ms) // (10 * time_ms)
    if lux > _LINEAR:
        # 6.0135e-13 l^4 - 9.3924e-9 l^3 + 8.1488e-5 l^2 + 1.0023 l in exact integers, l in tenths
        lux = lux * (10023 * 10**16 + lux * (81488 * 10**10 + lux * (lux * 60135 - 9392400000))) // 10**20
    if lux > _TOP:
        raise SensorFault("range", "%d lx" % (lux // 10))
    return {"lux": lux}


class Veml7700:
    """One sensor on `bus`, measuring all the time."""

    QUANTITIES = ("lux",)
    LIMITS = (("lux", 0, _TOP),)

    def __init__(self, bus, name="light", address=_ADDRESS):
        self.name = name
        self._bus = bus
        self._address = address
        self._rung = -1  # of the ladder; -1: it is not measuring

    async def start(self):
        """Begin in the middle of the ladder, where no light blinds it for long."""
        await self._set(2)

    async def _set(self, rung):
        """Another setting; it holds for a measurement that begins when it is switched on again."""
        conf = _LADDER[rung]
        for value in (conf | _OFF, conf):
            self._bus.write(self._address, bytes((_CONF, value & 0xFF, value >> 8)))
        self._rung = rung
        await asyncio.sleep_ms(_MS[conf >> 6 & 15] * 12 // 10 + 5)

    async def read(self):
        """The present light, after as many changes of setting as it takes. Raises SensorFault."""
        if self._rung < 0:
            await self.start()
        bus, address = self._bus, self._address
        conf = data = b""
        for _ in _LADDER:
            conf = bus.read(address, _CONF, 2)
            if conf != _LADDER[self._rung].to_bytes(2, "little"):
                self._rung = -1  # it lost its power on the way: set up again by the next read
                raise SensorFault("warming", "it lost its settings")
            data = bus.read(address, _ALS, 2)
            counts = data[0] | data[1] << 8
            if counts > _MANY and self._rung < len(_LADDER) - 1:
                await self._set(self._rung + 1)
            elif counts < _FEW and self._rung:
                await self._set(self._rung - 1)
            else:
                break
        return decode(conf + data)
