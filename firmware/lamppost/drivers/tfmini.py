"""TFmini-S and TF-Luna: a lidar that sends its distance a hundred times a second at 115200 baud.

Source: Benewake, TFmini-S product manual A00, 5 (frame) and TF-Luna manual A05, 6.
"""

from micropython import const

from ..buses.patience import Patience
from ..core.faults import SensorFault

_FRAME = const(9)
_BAUD = const(115200)
_WEAK = const(100)  # below, the distance means nothing; the part then says 0, or one of its codes above 65000
_BLINDED = const(65535)
_FARTHEST_MM = const(12000)


def find(stream):
    """Offset of the newest whole frame in `stream`, or -1."""
    at = 0
    newest = -1
    while at + _FRAME <= len(stream):
        if (
            stream[at] == 0x59
            and stream[at + 1] == 0x59
            and sum(stream[at : at + _FRAME - 1]) & 0xFF == stream[at + _FRAME - 1]
        ):
            newest = at
            at += _FRAME
        else:
            at += 1
    return newest


def decode(stream):
    """Bytes of the stream, cut anywhere -> reading of the newest whole frame."""
    if not stream:
        raise SensorFault("silent")
    at = find(stream)
    if at < 0:
        raise SensorFault("garbled", "no whole frame in %d bytes" % len(stream))
    centimetres = stream[at + 2] | stream[at + 3] << 8
    strength = stream[at + 4] | stream[at + 5] << 8
    if strength < _WEAK or strength == _BLINDED or centimetres == 0 or centimetres > 65000:
        raise SensorFault("signal", "strength %d, distance %d cm" % (strength, centimetres))
    if centimetres * 10 > _FARTHEST_MM:
        raise SensorFault("range", "%d cm" % centimetres)
    return {"d_mm": centimetres * 10, "strength": strength}


class Tfmini:
    """One lidar on `bus`. It is only listened to."""

    QUANTITIES = ("d_mm", "strength")
    LIMITS = (("d_mm", 100, _FARTHEST_MM), ("strength", _WEAK, _BLINDED - 1))

    def __init__(self, bus, name="lidar"):
        self.name = name
        self.patience = Patience(60, 300)
        self._bus = bus

    @staticmethod
    def _whole(stream):
        """True at two whole frames in a row: a sum of eight bits alone passes one frame of noise in 256."""
        at = find(stream)
        return at >= _FRAME and find(stream[at - _FRAME : at]) == 0

    async def start(self):
        """Nothing to set up: the part sends as soon as it has power."""

    async def read(self):
        """The present reading. Raises SensorFault."""
        # three frames' time: the first may be cut by the moment that the listening starts
        stream = await self._bus.ask(None, 3 * _FRAME, self._whole, self.patience, _BAUD)
        if not self._whole(stream):
            raise SensorFault("garbled", "no two frames in a row in %d bytes" % len(stream))
        return decode(stream)

    async def selftest(self):
        from . import trial

        return await trial.of(self.read, self.LIMITS)
