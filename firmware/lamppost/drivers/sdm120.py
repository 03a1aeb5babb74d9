"""Eastron SDM120-Modbus (SDM220, SDM230 have the same map): a single-phase meter on RS-485 at 2400 baud.

Source: Eastron, SDM230Modbus Protocol Implementation V1.4, 1.2 (input registers). It counts both directions.
"""

from . import float_meter

BLOCKS = (  # at 2400 baud a long answer is what noise breaks: ten registers at most
    (0x00, 8, (("u_mv", 0, 1000), ("i_ma", 12, 1000))),
    (0x0C, 10, (("p_mw", 0, 1000), ("s_mva", 12, 1000))),
    (0x46, 6, (("f_mhz", 0, 1000), ("imp_mwh", 4, 1000000), ("exp_mwh", 8, 1000000))),
)


def decode(data):
    """Answers with their questions, or those to the driver's three questions -> reading. See float_meter.decode."""
    return float_meter.decode(data, BLOCKS)


class Sdm120(float_meter.FloatMeter):
    QUANTITIES = ("u_mv", "i_ma", "p_mw", "s_mva", "pf", "f_mhz", "imp_mwh", "exp_mwh")
    P_MAX_MW = 12420000  # 276 V, 45 A
    LIMITS = (("u_mv", 195500, 253000), ("f_mhz", 45000, 65000), ("p_mw", -1000, P_MAX_MW))

    def __init__(self, bus, name="meter", address=1, baud=2400):
        super().__init__(bus, name, address, baud, BLOCKS)
