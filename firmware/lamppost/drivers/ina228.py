"""INA228: voltage and current of a direct-current circuit on I2C, over a shunt.

Source: Texas Instruments, INA228 datasheet SLYS021, 7.6 (registers). Its registers of power and energy are not used:
their error is 0.5 % and more of the full scale, 4 W with 10 A, day and night; voltage times current is exact at light
load too. Each value is the mean of 0.8 s.
"""

import asyncio

from ..core.faults import SensorFault
from .ina import Ina, exact, limited
from .ratio import rounded

_ADC = 0x01
_AVERAGE = 0xFB6D  # 256 samples of 1.05 ms each of both voltages and the temperature, for ever
_CYCLE_MS = 820
_FULL_UV = 163840  # over the shunt
_READ = ((0x04, 3), (0x05, 3), (0x06, 2))
_SIZE, _WITH_ENERGY = 8, 16


def _signed(data, at, size):
    value = int.from_bytes(data[at : at + size], "big")
    return value - (1 << 8 * size) if data[at] & 0x80 else value


def decode(data, shunt_uohm=15000, imax_a=10):
    """Registers 04, 05 and 06 (8 bytes) -> reading, with the chip's own temperature.

    Captures that go on with 08 and 09, power and energy (16 bytes), are taken as well.
    """
    data = exact(data[:_SIZE] if len(data) == _WITH_ENERGY else data, _SIZE)
    shunt = _signed(data, 0, 3) >> 4  # 312.5 nV
    volts = max(0, _signed(data, 3, 3) >> 4)  # 195.3125 uV
    reading = {
        "u_mv": rounded(volts * 25, 128),
        "i_ma": rounded(abs(shunt) * 625, shunt_uohm * 2),
        "p_mw": rounded(shunt * volts * 125, shunt_uohm * 2048),
        "t": rounded(_signed(data, 6, 2) * 5, 64),
    }
    return limited(reading, shunt in (0x7FFFF, -0x80000), imax_a)


class Ina228(Ina):
    MAKER, DIE, MODEL = 0x3E, 0x3F, 0x228
    QUANTITIES = ("u_mv", "i_ma", "p_mw", "t")
    LIMITS = (("u_mv", 0, 85000), ("p_mw", -1000, 85 * 200000), ("t", -400, 1250))

    def __init__(self, bus, name="dc", address=0x40, shunt_uohm=15000, imax_a=10):
        super().__init__(bus, name, address, shunt_uohm, imax_a)
        self.P_MAX_MW = 85000 * imax_a

    async def start(self):
        """Check what it is, and let it average."""
        self._set = False
        if self._imax * self._shunt > _FULL_UV:
            raise SensorFault("range", "%d A over %d uohm is not measurable" % (self._imax, self._shunt))
        self._who()
        self._put(_ADC, _AVERAGE)
        await asyncio.sleep_ms(_CYCLE_MS)
        self._set = True

    async def read(self):
        """The present reading. Raises SensorFault, warming when it had lost its supply and its setting with it."""
        if not self._set:
            await self.start()
        elif int.from_bytes(self._get(_ADC), "big") != _AVERAGE:
            await self.start()
            raise SensorFault("warming", "it lost its settings")
        return decode(b"".join([self._get(register, size) for register, size in _READ]), self._shunt, self._imax)
