"""Eastron SDM630-Modbus: a three-phase meter on RS-485 at 9600 baud.

Source: Eastron, SDM630Modbus Protocol Implementation V1.8, input registers. It counts both directions.
"""

from . import float_meter

BLOCKS = (
    (0x00, 10, (("u1_mv", 0, 1000), ("u2_mv", 4, 1000), ("u3_mv", 8, 1000), ("i1_ma", 12, 1000), ("i2_ma", 16, 1000))),
    (0x0A, 8, (("i3_ma", 0, 1000), ("p1_mw", 4, 1000), ("p2_mw", 8, 1000), ("p3_mw", 12, 1000))),
    (0x34, 6, (("p_mw", 0, 1000), ("s_mva", 8, 1000))),
    (0x46, 4, (("f_mhz", 0, 1000), ("imp_mwh", 4, 1000000))),
    (0x4A, 2, (("exp_mwh", 0, 1000000),)),
)


def decode(data):
    """Answers with their questions, or those to the driver's five questions -> reading. See float_meter.decode."""
    return float_meter.decode(data, BLOCKS)


class Sdm630(float_meter.FloatMeter):
    QUANTITIES = (
        "u1_mv", "u2_mv", "u3_mv", "i1_ma", "i2_ma", "i3_ma", "p1_mw", "p2_mw", "p3_mw",
        "p_mw", "s_mva", "pf", "f_mhz", "imp_mwh", "exp_mwh",
    )  # fmt: skip
    P_MAX_MW = 82800000  # 276 V, 100 A, three phases
    LIMITS = (
        ("u1_mv", 195500, 253000), ("u2_mv", 195500, 253000), ("u3_mv", 195500, 253000), ("f_mhz", 45000, 65000),
        ("p1_mw", -1000, 27600000), ("p2_mw", -1000, 27600000), ("p3_mw", -1000, 27600000),
    )  # fmt: skip

    def __init__(self, bus, name="meter", address=1, baud=9600):
        super().__init__(bus, name, address, baud, BLOCKS)
