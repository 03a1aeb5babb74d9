"""Shared by BL0942 and BL0940: packets whose checksum includes the request, and raw values in the board's units.

Sources: Shanghai Belling, BL0942 datasheet V1.06 and BL0940 datasheet V1.1 (UART, registers), BL0940 application note
V1.04 (formulas).
"""

from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.faults import SensorFault
from ..core.quantities import checked
from .ratio import power_factor, rounded

_VREF = 1218  # mV
# name, size, bytes that are always 0, read commands
_PACKETS = (
    ("BL0942", 23, (18, 21), b"\x58\x59\x5a\x5b"),
    ("BL0940 or BL0939", 35, (30, 33), b"\x50\x55"),
)


def find(data, size, zeros, commands):
    """Offset of the newest packet whose sum fits one of the read commands (address in the low bits), or -1.

    zeros -- offsets of bytes that are always 0: a sum of eight bits alone passes noise too often
    """
    for at in range(len(data) - size, -1, -1):
        if data[at] != 0x55:
            continue
        if [n for n in zeros if data[at + n]]:
            continue
        if ~sum(data[at : at + size]) & 0xFF in commands:
            return at
    return -1


def packet(data, size, zeros, commands, strangers=b""):
    """The packet in `data`. Raises SensorFault silent, garbled or foreign (a packet of one of the strangers)."""
    if not data:
        raise SensorFault("silent")
    at = find(data, size, zeros, commands)
    if at >= 0:
        return data[at : at + size]
    if strangers and find(data, size, zeros, strangers) >= 0:
        raise SensorFault("foreign", "a packet from another address")
    for name, other_size, other_zeros, other_commands in _PACKETS:
        if other_size != size and find(data, other_size, other_zeros, other_commands) >= 0:
            raise SensorFault("foreign", "a packet of a %s" % name)
    raise SensorFault("garbled", "no whole packet in %d bytes" % len(data))


def number(data, at):
    """Unsigned 24 bits, low byte first."""
    return data[at] | data[at + 1] << 8 | data[at + 2] << 16


def reading(volts, amps, watts, pulses, references, board):
    """Raw values -> reading. references -- counts of V, I and P per mV, mV and mV * mV over Vref;
    board -- (shunt in uohm, upper and lower resistor of the divider in ohm).
    """
    ref_v, ref_i, ref_p = references
    shunt, top, bottom = board
    if watts & 0x800000:
        watts -= 0x1000000  # power runs backwards
    p_top = _VREF * _VREF * (top + bottom)
    p_bottom = 1000 * ref_p * shunt * bottom
    found = {
        "u_mv": rounded(volts * _VREF * (top + bottom), 1000 * ref_v * bottom),
        "i_ma": rounded(amps * _VREF * 1000, ref_i * shunt),
        "p_mw": rounded(watts * p_top, p_bottom),
        "imp_mwh": energy(pulses, ref_p, board),
    }
    found["pf"] = power_factor(found["p_mw"], found["u_mv"], found["i_ma"])
    return checked(found)


def energy(pulses, ref_p, board):
    """mWh of that many pulses; one is 1638.4 * 256 counts of the power for a second."""
    shunt, top, bottom = board
    return pulses * _VREF * _VREF * (top + bottom) * 1048576 // (1000 * ref_p * shunt * bottom * 9000)


class Belling:
    """One chip on `bus` that sends `size` bytes; zeros as in find(), decode(data) for its packet."""

    LIMITS = ()
    WRAP_MWH = 0
    VOLATILE = True  # the pulse counter begins at 0 when the chip gets power
    P_MAX_MW = 12000000

    def __init__(self, bus, name, command, baud, size, zeros, decode):
        self.name = name
        self.timeout = AdaptiveTimeout(150, 800)
        self._bus = bus
        self._request = bytes((command, 0xAA))
        self._baud = baud
        self._size = size
        self._zeros = zeros
        self._decode = decode

    def _whole(self, data):
        return find(data, self._size, self._zeros, self._request[:1]) >= 0

    async def read(self):
        """The present reading. Raises SensorFault."""
        return self._decode(await self._bus.ask(self._request, self._size, self._whole, self.timeout, self._baud))
