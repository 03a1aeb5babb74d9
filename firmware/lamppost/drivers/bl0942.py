"""BL0942: a metering chip on a UART at 4800 or 9600 baud, up to four on one line.

Source: Shanghai Belling, BL0942 datasheet V1.06. Power has a sign; its energy counter has none by default and begins
at 0 with the chip's supply.
"""

from . import belling

_SIZE = 23
_ZEROS = (18, 21)
_READ = b"\x58\x59\x5a\x5b"  # of addresses 0 to 3
_REFERENCES = (73989, 305978, 3537)
_BOARD = (1000, 1950000, 510)  # of the data sheet's circuit: 1 mohm, 5 x 390 kohm, 510 ohm


def decode(data, address=None, board=_BOARD):
    """The packet of 23 bytes among `data` -> reading. address None: any."""
    if address is None:
        data = belling.packet(data, _SIZE, _ZEROS, _READ)
    else:
        data = belling.packet(data, _SIZE, _ZEROS, _READ[address : address + 1], _READ)
    u24 = belling.number
    found = belling.reading(u24(data, 4), u24(data, 1), u24(data, 10), u24(data, 13), _REFERENCES, board)
    found["f_mhz"] = 1000000000 // (data[16] | data[17] << 8 or 1)
    return belling.checked(found, ("f_mhz",))


class Bl0942(belling.Belling):
    """`address` 0 to 3 (0 with ten pins), baud 9600 with SCLK_BPS at 3.3 V; resistors as on the board."""

    QUANTITIES = ("u_mv", "i_ma", "p_mw", "pf", "f_mhz", "imp_mwh")
    LIMITS = (("u_mv", 195500, 253000), ("f_mhz", 45000, 65000), ("p_mw", -1000, 12000000))

    def __init__(self, bus, name="meter", address=0, baud=4800, shunt_uohm=1000, top_ohm=1950000, bottom_ohm=510):
        board = shunt_uohm, top_ohm, bottom_ohm
        super().__init__(bus, name, 0x58 | address, baud, _SIZE, _ZEROS, lambda data: decode(data, address, board))
        self.WRAP_MWH = belling.energy(1 << 24, _REFERENCES[2], board)
