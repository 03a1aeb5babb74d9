"""Chint DDSU666: a single-phase meter on RS-485 at 9600 baud.

Source: Chint, DDSU666 manuals ZTY0.464.922 and ZTY0.464.1036, appendix A. They name function 3; meters in the field
answer 4 as well, so the one that works is found out.
"""

from ..core.faults import SensorFault
from . import float_meter

BLOCKS = (
    (0x2000, 8, (("u_mv", 0, 1000), ("i_ma", 4, 1000), ("p_mw", 8, 1000000), ("q_mvar", 12, 1000000))),
    (0x200A, 6, (("pf", 0, 100), ("f_mhz", 8, 1000))),
    (0x4000, 2, (("imp_mwh", 0, 1000000),)),
    (0x400A, 2, (("exp_mwh", 0, 1000000),)),
)


def decode(data):
    """Answers with their questions, or those to the driver's four questions -> reading. See float_meter.decode."""
    return float_meter.decode(data, BLOCKS, (3, 4))


class Ddsu666(float_meter.FloatMeter):
    QUANTITIES = ("u_mv", "i_ma", "p_mw", "q_mvar", "pf", "f_mhz", "imp_mwh", "exp_mwh")
    P_MAX_MW = 22080000  # 276 V, 80 A
    LIMITS = (("u_mv", 176000, 264500), ("f_mhz", 45000, 65000), ("p_mw", -1000, P_MAX_MW))

    def __init__(self, bus, name="meter", address=1, baud=9600):
        super().__init__(bus, name, address, baud, BLOCKS)
        self._settled = False  # it has answered this function

    async def read(self):
        try:
            reading = await super().read()
            self._settled = True
            return reading
        except SensorFault as fault:
            if not self._settled and fault.word in ("silent", "refused"):
                self.FUNCTION = 7 - self.FUNCTION
            raise
