"""Modbus meters that answer in IEEE floats, as Eastron's and Chint's do: small blocks, exact integers.

Sources: Eastron, SDM630Modbus Protocol Implementation V1.8 (float, most significant register first; errors are not
answered); Chint, DDSU666 manual ZTY0.464.1036, appendix A.
"""

from ..buses import modbus
from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.quantities import checked
from .ratio import rounded

_BILLED = ("p_mw", "imp_mwh")


def scaled(data, at, times):
    """The float at `at` times an integer, rounded to an integer; None for what is no number. No digit is lost."""
    word = int.from_bytes(data[at : at + 4], "big")
    exponent = word >> 23 & 0xFF
    mantissa = word & 0x7FFFFF
    if exponent == 0xFF:
        return None
    if exponent:
        mantissa |= 0x800000
    else:
        exponent = 1
    mantissa *= times
    if exponent < 150:
        value = (mantissa + (1 << 149 - exponent)) >> (150 - exponent)
    else:
        value = mantissa << (exponent - 150)
    return -value if word >> 31 else value


def values(data, fields):
    """{name: value} of a block's data bytes; fields -- ((name, offset in bytes, times), ...)."""
    return {name: scaled(data, at, times) for name, at, times in fields}


def whole(reading):
    """The reading with the power factor where the part did not say it. Raises SensorFault range.

    A value that the meter gives as no number is None, but not the power and the energy that are billed.
    """
    if "pf" not in reading and reading.get("s_mva") and reading["p_mw"] is not None:
        reading["pf"] = max(-100, min(100, rounded(100 * reading["p_mw"], reading["s_mva"])))
    elif "s_mva" in reading:
        reading["pf"] = 0
    lacking = [name for name in reading if reading[name] is None and name not in _BILLED]
    return checked(reading, lacking)


def decode(data, blocks, voltage, function=4):
    """The answers to `blocks`, as many as there are, in this order -> reading.

    blocks -- ((first register, registers, fields), ...); an answer of two registers that stands alone is `voltage`
    """
    reading = {}
    rest = data
    for _, count, fields in blocks:
        size = 2 * count
        at = modbus.find(rest, None, function, size) if size > 4 or reading else -1
        if at >= 0 and rest[at + 1] == function:
            reading.update(values(rest[at + 3 :], fields))
            rest = rest[at + 5 + size :]
    if not reading:
        reading = values(modbus.check(data, None, function, 4), ((voltage, 0, 1000),))
    return whole(reading)


class FloatMeter:
    """One meter on `bus` at `address` (1..247); blocks as in decode, of different sizes one after the other, so that
    no late answer is taken for the next one's.
    """

    FUNCTION = 4
    WRAP_MWH = 0  # decades away
    LIMITS = ()

    def __init__(self, bus, name, address, baud, blocks):
        self.name = name
        self.timeout = AdaptiveTimeout(250, 2000)
        self._bus = bus
        self._address = address
        self._baud = baud
        self._blocks = blocks

    async def _ask(self, start, count):
        address, function, size = self._address, self.FUNCTION, 2 * count

        def found(reply):
            return modbus.find(reply, address, function, size) >= 0

        request = modbus.request(address, function, start, count)
        reply = await self._bus.ask(request, 5 + size, found, self.timeout, self._baud)
        return modbus.check(reply, address, function, size)

    async def read(self):
        """The present reading. Raises SensorFault; refused with the code of a Modbus exception."""
        reading = {}
        for start, count, fields in self._blocks:
            reading.update(values(await self._ask(start, count), fields))
        return whole(reading)
