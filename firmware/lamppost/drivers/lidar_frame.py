"""Shared by the Benewake lidars: frames of nine bytes in a stream, and the criteria for a valid echo.

Source: Benewake, TFmini-S product manual A00, 5 (frame) and TF-Luna manual A05, 6.
"""

from micropython import const

from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.faults import SensorFault

FRAME = const(9)
_BAUD = const(115200)
_WEAK = const(100)  # below, the distance means nothing; the part then says 0, or one of its codes above 65000


def find(stream):
    """Offset of the newest whole frame in `stream`, or -1."""
    at = 0
    newest = -1
    while at + FRAME <= len(stream):
        if (
            stream[at] == 0x59
            and stream[at + 1] == 0x59
            and sum(stream[at : at + FRAME - 1]) & 0xFF == stream[at + FRAME - 1]
        ):
            newest = at
            at += FRAME
        else:
            at += 1
    return newest


def echo(data, at, farthest_mm, strongest):
    """Distance and strength at `at` -> reading. Raises SensorFault signal or range."""
    centimetres = data[at] | data[at + 1] << 8
    strength = data[at + 2] | data[at + 3] << 8
    if strength < _WEAK or strength > strongest or centimetres == 0 or centimetres > 65000:
        raise SensorFault("signal", "strength %d, distance %d cm" % (strength, centimetres))
    if centimetres * 10 > farthest_mm:
        raise SensorFault("range", "%d cm" % centimetres)
    return {"d_mm": centimetres * 10, "strength": strength}


def decode(stream, farthest_mm, strongest):
    """Bytes of the stream, cut anywhere -> reading of the newest whole frame."""
    if not stream:
        raise SensorFault("silent")
    at = find(stream)
    if at < 0:
        if answered(stream):
            raise SensorFault("foreign", "a command or an answer to one")
        raise SensorFault("garbled", "no whole frame in %d bytes" % len(stream))
    return echo(stream, at + 2, farthest_mm, strongest)


def answered(stream):
    """True if there is a whole command or answer to one in `stream`: 5A, its length, data, sum."""
    for at in range(len(stream) - 3):
        if stream[at] == 0x5A and 4 <= stream[at + 1] <= len(stream) - at:
            end = at + stream[at + 1]
            if sum(stream[at : end - 1]) & 0xFF == stream[end - 1]:
                return True
    return False


def two(stream):
    """True at two whole frames in a row: a sum of eight bits alone passes one frame of noise in 256."""
    at = find(stream)
    return at >= FRAME and find(stream[at - FRAME : at]) == 0


class Lidar:
    """One lidar on a UART, where it is only listened to, or on I2C: then a relative says how it is fetched."""

    QUANTITIES = ("d_mm", "strength")
    LIMITS = ()

    def __init__(self, bus, name="lidar", address=0x10):
        self.name = name
        self.timeout = AdaptiveTimeout(60, 300)
        self._bus = bus
        self._address = address
        self._fetch = None if hasattr(bus, "ask") else self._fetched

    def _decode(self, data):
        """The reading in the bytes."""
        raise NotImplementedError

    async def _fetched(self):
        """The bytes of a reading, over I2C."""
        raise NotImplementedError

    async def read(self):
        """The present reading. Raises SensorFault."""
        if self._fetch:
            return self._decode(await self._fetch())
        # three frames' time: the first may be cut by the moment that the listening starts
        stream = await self._bus.ask(None, 3 * FRAME, two, self.timeout, _BAUD)
        if not two(stream):
            raise SensorFault("garbled", "no two frames in a row in %d bytes" % len(stream))
        return self._decode(stream)
