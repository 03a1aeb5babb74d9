"""Shared by the Plantower PMS sensors: frame, commands, and the words of the frame that are used.

Source: Plantower, PMS5003 series data manual V2.3 (2016-06), appendix I and II. The masses are those for the open
air ("under atmospheric environment"); those of the first three words are for a factory hall.
"""

from struct import unpack_from

from micropython import const

from ..core.faults import SensorFault
from . import streaming_dust

_PM1, _PM2_5, _PM10 = const(3), const(4), const(5)
_ANSWER = 8  # bytes of an answer to a command


def command(code, value):
    """The bytes of a command: E1 01 -- send on its own, E4 01 -- wake."""
    frame = bytes((0x42, 0x4D, code, 0, value))
    total = sum(frame)
    return frame + bytes((total >> 8, total & 0xFF))


def _begins(frame):
    size = len(frame)
    return (
        frame[0] == 0x42
        and frame[1] == 0x4D
        and frame[2] << 8 | frame[3] == size - 4
        and sum(frame[: size - 2]) == frame[size - 2] << 8 | frame[size - 1]
    )


def words(stream, length):
    """The words of the newest whole frame. Raises SensorFault silent, garbled or foreign."""
    if not stream:
        raise SensorFault("silent")
    frame = streaming_dust.newest(stream, length + 4, _begins)
    if frame:
        return unpack_from(">%dH" % (length // 2 - 1), frame, 4)
    size = _other(stream)
    if size:
        what = "an answer to a command" if size == _ANSWER else "a frame of %d bytes: another PMS" % size
        raise SensorFault("foreign", what)
    raise SensorFault("garbled", "no whole frame in %d bytes" % len(stream))


def _other(stream):
    """The size of a whole frame of another length, 0 if there is none."""
    for at in range(len(stream) - _ANSWER + 1):
        if stream[at] == 0x42 and stream[at + 1] == 0x4D:
            size = (stream[at + 2] << 8 | stream[at + 3]) + 4
            if _ANSWER <= size <= len(stream) - at and _begins(stream[at : at + size]):
                return size
    return 0


def masses(values):
    """pm1, pm2_5 and pm10 in tenths of ug/m3 from the words of a frame."""
    reading = {"pm1": values[_PM1] * 10, "pm2_5": values[_PM2_5] * 10, "pm10": values[_PM10] * 10}
    return streaming_dust.believable(reading)


class Pms(streaming_dust.Dust):
    """One PMS on a bus."""

    QUANTITIES = ("pm1", "pm2_5", "pm10")
    SIZE = 32
    WAKE = command(0xE4, 1) + command(0xE1, 1)
    begins = staticmethod(_begins)
