"""HLK-LD2410: a radar that says at 256000 baud whether a person moves or sits before it, and how far away.

Source: Hi-Link, LD2410C serial communication protocol V1.00, 2.2.2 (end of configuration) and 2.3 (reports).
"""

from micropython import const

from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.faults import SensorFault

_BAUD = const(256000)
_HEAD, _TAIL = b"\xf4\xf3\xf2\xf1", b"\xf8\xf7\xf6\xf5"
_COMMAND_HEAD, _COMMAND_TAIL = b"\xfd\xfc\xfb\xfa", b"\x04\x03\x02\x01"
_BASIC = const(13)  # bytes of a basic report between length and tail; engineering reports add the gates
_LONGEST = const(64)
_REPORT = const(23)
_END_CONFIGURATION = b"\xfd\xfc\xfb\xfa\x02\x00\xfe\x00\x04\x03\x02\x01"
_FARTHEST_CM = const(1000)


def find(stream):
    """Offset of the newest whole report's length in `stream`, or -1. Any byte of its data may look like a header."""
    stream = bytes(stream)
    at = stream.rfind(_HEAD)
    while at >= 0:
        body = at + 6
        if body + _BASIC + 4 <= len(stream):
            size = stream[at + 4] | stream[at + 5] << 8
            end = body + size
            if (
                (size == _BASIC if stream[body] == 2 else stream[body] == 1 and _BASIC < size <= _LONGEST)
                and stream[body + 1] == 0xAA
                and stream[end - 2 : end] == b"\x55\x00"
                and stream[end : end + 4] == _TAIL
            ):
                return at + 4
        at = stream.rfind(_HEAD, 0, at + 3)
    return -1


def _other(stream):
    """Words for a whole frame of another kind, or ""."""
    at = stream.find(_COMMAND_HEAD)
    if at >= 0 and len(stream) >= at + 6:
        end = at + 6 + (stream[at + 4] | stream[at + 5] << 8)
        if stream[end : end + 4] == _COMMAND_TAIL:
            return "a command or an answer to one"
    lines = stream.split(b"\r\n")[:-1]
    if [line for line in lines if line.startswith(b"Range ") or line in (b"ON", b"OFF", b"distance:")]:
        return "lines of text, as an LD2410D or LD2420 sends"
    at = stream.find(b"\xaa\xff\x03\x00")
    if at >= 0 and stream[at + 28 : at + 30] == b"\x55\xcc":
        return "a report of an LD2450"
    return ""


def decode(stream):
    """Bytes of the stream, cut anywhere -> reading of the newest whole report.

    Without a target both distances are None, whatever stale number the part goes on sending; so is the distance
    of a kind (moving, still) that the part does not see now, unless it is the only one that it gives.
    """
    if not stream:
        raise SensorFault("silent")
    at = find(stream)
    if at < 0:
        other = _other(bytes(stream))
        if other:
            raise SensorFault("foreign", other)
        raise SensorFault("garbled", "no whole report in %d bytes" % len(stream))
    state = stream[at + 4]
    moving = stream[at + 5] | stream[at + 6] << 8
    still = stream[at + 8] | stream[at + 9] << 8
    if state > 3:
        raise SensorFault("warming", "state %d: learning its background" % state)
    if moving > _FARTHEST_CM or still > _FARTHEST_CM:
        raise SensorFault("range", "%d and %d cm" % (moving, still))
    return {
        "presence": 1 if state else 0,
        "d_moving_mm": moving * 10 if state & 1 or state and not still else None,
        "d_still_mm": still * 10 if state & 2 or state and not moving else None,
    }


class Ld2410:
    """One radar on `bus`. It is only listened to, but for a word that ends a configuration somebody left open."""

    QUANTITIES = ("presence", "d_moving_mm", "d_still_mm")
    OPTIONAL = ("d_moving_mm", "d_still_mm")
    LIMITS = (("presence", 0, 1),)

    def __init__(self, bus, name="radar"):
        self.name = name
        self.timeout = AdaptiveTimeout(250, 1000)  # a report comes every 100 ms
        self._bus = bus
        self._request = None

    @staticmethod
    def _whole(stream):
        return find(stream) >= 0

    async def read(self):
        """The present reading. Raises SensorFault."""
        request, self._request = self._request, _END_CONFIGURATION
        stream = await self._bus.ask(request, _REPORT, self._whole, self.timeout, _BAUD)
        reading = decode(stream)
        self._request = None
        return reading
