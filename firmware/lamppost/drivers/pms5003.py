"""PMS5003 and PMS7003: particulate matter by laser, sent about once a second.

Source: Plantower, PMS5003 series data manual V2.3 (2016-06), appendix I.
"""

from ..core.faults import SensorFault
from . import plantower


def decode(stream):
    """Bytes of the stream, cut anywhere -> the newest whole frame's reading in tenths of ug/m3."""
    values = plantower.words(stream, 28)
    if values[12] & 0xFF:
        raise SensorFault("refused", "error code 0x%02x" % (values[12] & 0xFF))
    return plantower.masses(values)


class Pms5003(plantower.Pms):
    decode = staticmethod(decode)
