"""PMS5003T: a PMS5003 that also says temperature and humidity of the air in its housing.

Source: Plantower, PMS5003T data manual V2.3; its frame as recorded by the PyPMS project.
"""

from ..core.faults import SensorFault
from ..core.quantities import plausible
from . import plantower

_T, _RH = 10, 11  # words; signed tenths of Cel, tenths of %


def decode(stream):
    """Bytes of the stream, cut anywhere -> the newest whole frame's reading in tenths of ug/m3, Cel and %."""
    reading = _decode(stream)
    if reading["rh"] is None and reading["t"] is None:
        # a PMS5003 counts its coarse particles here: few or none
        raise SensorFault("foreign", "0 % humidity: rather a PMS5003")
    return reading


def _decode(stream):
    """As decode(); temperature and humidity are None where the cell for both gives none."""
    values = plantower.words(stream, 28)
    if values[12] & 0xFF:
        raise SensorFault("refused", "error code 0x%02x" % (values[12] & 0xFF))
    t = values[_T]
    reading = {"t": None, "rh": None}
    if values[_RH]:
        reading = {"t": t - 65536 if t & 0x8000 else t, "rh": values[_RH]}
        for name in reading:
            reading[name] = reading[name] if plausible(name, reading[name]) else None
    reading.update(plantower.masses(values))
    return reading


class Pms5003t(plantower.Pms):
    QUANTITIES = ("pm1", "pm2_5", "pm10", "t", "rh")
    LIMITS = plantower.Pms.LIMITS + (("t", -400, 700), ("rh", 1, 1000))
    _is_one = False  # it has said a humidity

    def decode(self, stream):
        reading = _decode(stream) if self._is_one else decode(stream)
        self._is_one = True
        return reading
