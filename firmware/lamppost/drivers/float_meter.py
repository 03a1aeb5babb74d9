"""Modbus meters that answer in IEEE floats, as Eastron's and Chint's do: small blocks, exact integers.

Sources: Eastron, SDM630Modbus Protocol Implementation V1.8 (float, most significant register first; errors are not
answered); Chint, DDSU666 manual ZTY0.464.1036, appendix A.
"""

from ..buses import modbus
from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.faults import SensorFault
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
    if "pf" not in reading and "s_mva" in reading and reading.get("p_mw") is not None:
        apparent = reading["s_mva"]
        reading["pf"] = max(-100, min(100, rounded(100 * reading["p_mw"], apparent))) if apparent else 0
    lacking = [name for name in reading if reading[name] is None and name not in _BILLED]
    return checked(reading, lacking)


def decode(data, blocks, functions=(4,)):
    """Captured answers of one meter -> reading. blocks -- ((first register, registers, fields), ...).

    An answer with its question before it is read by the question's registers. Answers without are those to `blocks`:
    all of them in this order, or some that their size tells apart; one of two registers may be anything.
    """
    reading, unnamed = {}, []
    for start, payload in modbus.answers(data, functions):
        if start is None:
            unnamed.append(payload)
        else:
            reading.update(_by_register(start, payload, blocks))
    if unnamed:
        for block, payload in _matched(unnamed, blocks):
            reading.update(values(payload, block[2]))
    if not reading:
        raise SensorFault("foreign", "registers that are not read here")
    return whole(reading)


def _by_register(start, payload, blocks):
    """The known fields among the registers from `start` on."""
    fields = []
    for first, _, of_block in blocks:
        for name, offset, times in of_block:
            at = 2 * (first - start) + offset
            if 0 <= at <= len(payload) - 4:
                fields.append((name, at, times))
    return values(payload, fields)


def _matched(payloads, blocks):
    """[(block, payload)] of answers without their questions. Raises SensorFault foreign for one that has no name."""
    sizes = [2 * block[1] for block in blocks]
    if [len(payload) for payload in payloads] == sizes * (len(payloads) // len(sizes)):
        return [(blocks[n % len(blocks)], payload) for n, payload in enumerate(payloads)]
    found = []
    for payload in payloads:
        size = len(payload)
        if size == 4 or sizes.count(size) != 1:
            raise SensorFault("foreign", "an answer of %d registers; its question says which" % (size // 2))
        found.append((blocks[sizes.index(size)], payload))
    return found


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
