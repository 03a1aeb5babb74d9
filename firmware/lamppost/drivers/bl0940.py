"""BL0940: a metering chip with a thermometer on a UART at 4800 baud.

Source: Shanghai Belling, BL0940 datasheet V1.1; read command 0x50 and header 0x55 as the chip has them (the data sheet
prints 0x58). Power has a sign; the energy counter begins at 0 with the chip's supply.
"""

from . import belling
from .ratio import rounded

_SIZE = 35
_ZEROS = (30, 33)
_READ = b"\x50"
_RELATIVE = b"\x55"  # a BL0939 answers so
_REFERENCES = (79931, 324004, 4046)
_BOARD = (1034, 1950000, 981)  # as plugs with it were found to be by a meter; the application note has 1 mohm, 510 ohm


def decode(data, board=_BOARD):
    """The packet of 35 bytes among `data` -> reading, with the chip's own temperature."""
    data = belling.packet(data, _SIZE, _ZEROS, _READ, _RELATIVE)
    u24 = belling.number
    found = belling.reading(u24(data, 10), u24(data, 4), u24(data, 16), u24(data, 22), _REFERENCES, board)
    # 170 / 448 * (tps / 2 - 32) - 45, in tenths
    found["t"] = rounded(1700 * ((data[28] | data[29] << 8) - 64), 896) - 450
    return belling.checked(found, ("t",))


class Bl0940(belling.Belling):
    """Resistors as on the board."""

    QUANTITIES = ("u_mv", "i_ma", "p_mw", "pf", "imp_mwh", "t")
    LIMITS = (("u_mv", 195500, 253000), ("p_mw", -1000, 12000000), ("t", -400, 850))

    def __init__(self, bus, name="meter", baud=4800, shunt_uohm=1034, top_ohm=1950000, bottom_ohm=981):
        board = shunt_uohm, top_ohm, bottom_ohm
        super().__init__(bus, name, _READ[0], baud, _SIZE, _ZEROS, lambda data: decode(data, board))
        self.WRAP_MWH = belling.energy(1 << 24, _REFERENCES[2], board)
