"""PZEM-004T v3 and PZEM-016: an energy meter that answers Modbus RTU at 9600 baud.

Source: Peacefair, PZEM-004T V3.0 user manual, 2.3 (registers) and 2.6 (ranges). The metering side lives on the
mains: without mains the part is silent.
"""

from micropython import const

from ..buses import modbus
from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.faults import SensorFault
from ..core.quantities import checked

_READ_INPUT = const(4)
_REGISTERS = const(10)
_BYTES = const(20)
_ANSWER = const(25)  # bytes on the wire
_BAUD = const(9600)

_P_MAX = const(26000000)  # mW; 260 V, 100 A


def decode(reply, address=None):
    """The bytes that came after a read of ten input registers -> reading. address None: that of any one meter."""
    if address is None:
        data = _of_anyone(reply)
    else:
        data = modbus.check(reply, address, _READ_INPUT, _BYTES)

    def word(register):
        return data[2 * register] << 8 | data[2 * register + 1]

    def long(register):  # low word first
        return word(register) | word(register + 1) << 16

    reading = {
        "u_mv": word(0) * 100,
        "i_ma": long(1),
        "p_mw": long(3) * 100,
        "imp_mwh": long(5) * 1000,
        "f_mhz": word(7) * 100,
        "pf": word(8),
    }
    # the part measures 80..260 V and stops below: 0 V in a good frame is a glitch that spoils the rest too
    if not 60000 <= reading["u_mv"] <= 300000 or reading["p_mw"] > 2 * _P_MAX:
        raise SensorFault("range", "%(u_mv)d mV, %(p_mw)d mW" % reading)
    return checked(reading)


def _of_anyone(reply):
    """The ten registers from 0 on among the answers of one meter."""
    for start, data in modbus.answers(reply, (_READ_INPUT,)):
        if not start and len(data) == _BYTES:
            return data
    raise SensorFault("foreign", "registers that are not read here")


class Pzem004t:
    """One meter on `bus`; `address` 1..247, or 248 for the only meter on its line."""

    QUANTITIES = ("u_mv", "i_ma", "p_mw", "imp_mwh", "f_mhz", "pf")
    WRAP_MWH = 10000000000  # the register ends at 9999.99 kWh
    P_MAX_MW = _P_MAX  # no more than this can flow through it
    # EN 50160: 230 V +10 % -15 %; 50 Hz or 60 Hz grids, as wide as the part measures
    LIMITS = (("u_mv", 195500, 253000), ("f_mhz", 45000, 65000), ("p_mw", 0, _P_MAX))

    def __init__(self, bus, name="meter", address=1):
        self.name = name
        self.timeout = AdaptiveTimeout(150, 1000)
        self._bus = bus
        self._address = None if address == 0xF8 else address
        self._request = modbus.request(address, _READ_INPUT, 0, _REGISTERS)

    def _whole(self, reply):
        return modbus.find(reply, self._address, _READ_INPUT, _BYTES) >= 0

    async def read(self):
        """The present reading. Raises SensorFault."""
        reply = await self._bus.ask(self._request, _ANSWER, self._whole, self.timeout, _BAUD)
        return decode(reply, self._address)
