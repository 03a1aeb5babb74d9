"""INA228: voltage, current, power and energy of a direct-current circuit on I2C, over a shunt.

Source: Texas Instruments, INA228 datasheet SLYS021, 7.6 (registers) and 8.1.2 (scaling). Power and energy have no
direction: what flows backwards counts as well.
"""

import asyncio

from ..core.faults import SensorFault
from .ina import Ina, exact, limited
from .ratio import rounded

_ADC, _CAL = 0x01, 0x02
_AVERAGE = 0xFB6A  # 16 samples of 1.05 ms each of both voltages and the temperature, for ever
_CYCLE_MS = 60
_READ = ((0x04, 3), (0x05, 3), (0x06, 2), (0x08, 3), (0x09, 5))
_SIZE = 16


def calibration(shunt_uohm, imax_a):
    """SHUNT_CAL = 13107.2e6 * imax / 2**19 * shunt."""
    return imax_a * shunt_uohm // 40


def _signed(data, at, size):
    value = int.from_bytes(data[at : at + size], "big")
    return value - (1 << 8 * size) if data[at] & 0x80 else value


def decode(data, shunt_uohm=15000, imax_a=10):
    """Registers 04, 05, 06, 08 and 09 (16 bytes) -> reading, with the chip's own temperature."""
    exact(data, _SIZE)
    shunt = _signed(data, 0, 3) >> 4  # 312.5 nV
    volts = _signed(data, 3, 3) >> 4  # 195.3125 uV
    power = int.from_bytes(data[8:11], "big")
    cal = calibration(shunt_uohm, imax_a)
    p_mw = rounded(power * cal * 125, shunt_uohm * 512)
    reading = {
        "u_mv": max(0, rounded(volts * 25, 128)),
        "i_ma": rounded(abs(shunt) * 625, shunt_uohm * 2),
        "p_mw": -p_mw if shunt < 0 else p_mw,
        "imp_mwh": int.from_bytes(data[11:16], "big") * cal * 5 // (shunt_uohm * 4608),
        "t": rounded(_signed(data, 6, 2) * 5, 64),
    }
    return limited(reading, shunt in (0x7FFFF, -0x80000), imax_a)


class Ina228(Ina):
    MAKER, DIE, MODEL = 0x3E, 0x3F, 0x228
    QUANTITIES = ("u_mv", "i_ma", "p_mw", "imp_mwh", "t")
    VOLATILE = True
    LIMITS = (("u_mv", 0, 85000), ("p_mw", -1000, 85 * 200000), ("t", -400, 1250))

    def __init__(self, bus, name="dc", address=0x40, shunt_uohm=15000, imax_a=10):
        super().__init__(bus, name, address, shunt_uohm, imax_a)
        self.P_MAX_MW = 85000 * imax_a
        self._cal = calibration(shunt_uohm, imax_a)

    async def start(self):
        """Check what it is, tell it the shunt, and let it average."""
        self._set = False
        if not 0 < self._cal < 0x8000:
            raise SensorFault("range", "%d A over %d uohm is not measurable" % (self._imax, self._shunt))
        self._who()
        self._put(_CAL, self._cal)
        self._put(_ADC, _AVERAGE)
        await asyncio.sleep_ms(_CYCLE_MS)
        self._set = True

    async def read(self):
        """The present reading. Raises SensorFault, warming when it had lost its supply and the shunt with it."""
        if not self._set:
            await self.start()
        elif int.from_bytes(self._get(_CAL), "big") != self._cal:
            await self.start()
            raise SensorFault("warming", "it had lost its settings")
        return decode(b"".join([self._get(register, size) for register, size in _READ]), self._shunt, self._imax)
