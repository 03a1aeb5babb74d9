"""PMS3003: the older Plantower, with a shorter frame and no particle counts.

Source: Plantower, PMS3003 data manual V2.0; its frame as recorded by the PyPMS project.
"""

from . import plantower


def decode(stream):
    """Bytes of the stream, cut anywhere -> the newest whole frame's reading in tenths of ug/m3."""
    return plantower.masses(plantower.words(stream, 20))


class Pms3003(plantower.Pms):
    SIZE = 24
    decode = staticmethod(decode)
