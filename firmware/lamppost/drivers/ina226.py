"""INA226: voltage and current of a direct-current circuit on I2C, over a shunt.

Source: Texas Instruments, INA226 datasheet SBOS547, 7.1 (registers) and 6.5.3: the shunt voltage needs no calibration
register, so that a chip that has lost its supply still tells the truth.
"""

import asyncio
from struct import unpack

from .ina import Ina, exact, limited
from .ratio import rounded

_CONFIG, _SHUNT, _BUS = 0x00, 0x01, 0x02
_AVERAGE = 0x4527  # 16 samples of 1.1 ms each, both voltages, for ever
_CYCLE_MS = 40  # 16 * 2 * 1.1


def decode(data, shunt_uohm=2000, imax_a=None):
    """Registers 01 and 02 (4 bytes) -> reading; the default shunt is that of the data sheet's example."""
    shunt, volts = unpack(">hH", exact(data, 4))
    reading = {
        "u_mv": rounded(volts * 5, 4),
        "i_ma": rounded(abs(shunt) * 2500, shunt_uohm),
        "p_mw": rounded(shunt * volts * 3125, shunt_uohm * 1000),
    }
    return limited(reading, shunt in (0x7FFF, -0x8000), imax_a)


class Ina226(Ina):
    QUANTITIES = ("u_mv", "i_ma", "p_mw")
    LIMITS = (("u_mv", 0, 36000), ("p_mw", -1000, 36 * 200000))

    def __init__(self, bus, name="dc", address=0x40, shunt_uohm=100000, imax_a=1):
        super().__init__(bus, name, address, shunt_uohm, imax_a)

    async def start(self):
        """Check what it is, and let it average."""
        self._set = False
        self._who()
        self._put(_CONFIG, _AVERAGE)
        await asyncio.sleep_ms(_CYCLE_MS)
        self._set = True

    async def read(self):
        """The present reading. Raises SensorFault."""
        if not self._set:
            await self.start()
        return decode(self._get(_SHUNT) + self._get(_BUS), self._shunt, self._imax)
