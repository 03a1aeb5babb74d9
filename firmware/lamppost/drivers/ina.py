"""Shared by INA226 and INA228: a shunt in a direct-current circuit, I2C registers and identification."""

from ..core.faults import SensorFault
from ..core.quantities import checked

_TI = 0x5449


def exact(data, size):
    """`data`, if it is `size` bytes. Raises SensorFault silent or garbled."""
    if not data:
        raise SensorFault("silent")
    if len(data) != size:
        raise SensorFault("garbled", "%d bytes instead of %d" % (len(data), size))
    return data


def limited(reading, full, imax_a):
    """The reading, unless the shunt (full: its register is at its end) or the circuit is driven beyond its range."""
    if full or imax_a and reading["i_ma"] > 1100 * imax_a:
        raise SensorFault("range", "%d mA through the shunt" % reading["i_ma"])
    return checked(reading, ("t",))


class Ina:
    """One chip on `bus`; shunt_uohm and imax_a as on the board. The current has no sign, the power has."""

    MAKER, DIE, MODEL = 0xFE, 0xFF, 0x226
    P_MAX_MW = 0
    WRAP_MWH = 0

    def __init__(self, bus, name, address, shunt_uohm, imax_a):
        self.name = name
        self._bus = bus
        self._address = address
        self._shunt = shunt_uohm
        self._imax = imax_a
        self._set = False

    def _get(self, register, size=2):
        return self._bus.read(self._address, register, size)

    def _put(self, register, value):
        self._bus.write(self._address, bytes((register, value >> 8, value & 0xFF)))

    def _who(self):
        """Raises SensorFault foreign for another chip."""
        maker, die = [int.from_bytes(self._get(register), "big") for register in (self.MAKER, self.DIE)]
        if maker != _TI or die >> 4 != self.MODEL:
            raise SensorFault("foreign", "maker 0x%04x, die 0x%04x" % (maker, die))
