"""A02YYUW and JSN-SR04T: watertight ultrasonic range finders that send millimetres at 9600 baud.

Source: DFRobot SEN0311 (frame, filtered value while its RX is high); JSN-SR04T-3.0, modes of R27; AJ-SR04M's sum
with and without the header, as both are met in the field.
"""

from micropython import const

from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.faults import SensorFault

_FRAME = const(4)
_BAUD = const(9600)
# model: (nearest and farthest that it can mean in mm, trigger of its modes that wait for one, sums without the header)
_MODELS = {
    "a02yyuw": (30, 4500, None, False),
    "jsn_sr04t": (250, 6000, 0x55, False),
    "aj_sr04m": (200, 8000, 0x01, True),
}


def find(stream, headless=False):
    """Offset of the newest whole frame in `stream`, or -1; headless -- a sum without the header is right too."""
    at = 0
    newest = -1
    while at + _FRAME <= len(stream):
        if stream[at] == 0xFF and stream[at + 1] < 0x20:  # no model says more than 8 m
            off = stream[at + 3] - stream[at + 1] - stream[at + 2] & 0xFF
            if off == 0xFF or headless and off == 0:
                newest = at
                at += _FRAME
                continue
        at += 1
    return newest


def decode(stream, model="a02yyuw"):
    """Bytes of the stream, cut anywhere -> reading of the newest whole frame."""
    if not stream:
        raise SensorFault("silent")
    nearest, farthest, _, headless = _MODELS[model]
    at = find(stream, headless)
    if at < 0:
        if bytes(stream).find(b"Gap=") >= 0:
            raise SensorFault("foreign", "lines of text: its mode is another one")
        raise SensorFault("garbled", "no whole frame in %d bytes" % len(stream))
    mm = stream[at + 1] << 8 | stream[at + 2]
    if mm <= nearest:
        raise SensorFault("signal", "%d mm: no echo, or nearer than it can hear" % mm)
    if mm > farthest:
        raise SensorFault("range", "%d mm" % mm)
    return {"d_mm": mm}


class A02yyuw:
    """One range finder on `bus`.

    model -- a02yyuw, jsn_sr04t or aj_sr04m; asked -- its board waits for a trigger (serial mode "on request")
    """

    QUANTITIES = ("d_mm",)

    def __init__(self, bus, name="sonar", model="a02yyuw", asked=False):
        if model not in _MODELS:
            raise SensorFault("foreign", "no model %s; there are: %s" % (model, " ".join(sorted(_MODELS))))
        nearest, farthest, trigger, headless = _MODELS[model]
        self.name = name
        self.timeout = AdaptiveTimeout(350, 1000)  # the filtered value comes every 100 to 300 ms
        self.LIMITS = (("d_mm", nearest + 1, farthest),)
        self._bus = bus
        self._model = model
        self._request = bytes((trigger,)) if asked and trigger else None
        self._headless = headless

    def _whole(self, stream):
        return find(stream, self._headless) >= 0

    async def read(self):
        """The present reading. Raises SensorFault."""
        stream = await self._bus.ask(self._request, _FRAME, self._whole, self.timeout, _BAUD)
        return decode(stream, self._model)
