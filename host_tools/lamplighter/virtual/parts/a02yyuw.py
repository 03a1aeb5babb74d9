"""A02YYUW and JSN-SR04T ultrasonic range finders, byte for byte: FF, millimetres, sum, at 9600 baud.

DFRobot SEN0311: each 100 ms with its input low, each 300 ms and filtered with it high or open; 30 to 4500 mm. The
JSN-SR04T v3.0 in its triggered mode sends one frame for each byte 55; 200 to 6000 mm. Without an echo both give 0. They
count the time of sound at 20 degrees; rain film on the membrane reads as something near.
"""

import struct

from .stream import Stream
from .uart_part import UartPart

SOUND_ZERO, SOUND_SLOPE, TAKEN_CELSIUS = 331.3, 0.606, 20.0  # m/s at 0 degrees, for each degree; what it reckons with
FILM_MM = 26
MODELS = {"a02yyuw": (30, 4500, True), "jsn-sr04t": (200, 6000, True), "aj-sr04m": (200, 6000, False)}


class Twin(UartPart):
    """Quantities: mm; celsius (of the air in between); film (1: water on the membrane); echo (0: a soft or slanting
    target). options: model (a02yyuw, jsn-sr04t; aj-sr04m, whose sum leaves the FF out), triggered, period_ms (300)
    """

    QUANTITIES = ("mm", "celsius", "film", "echo")

    def __init__(self, options):
        super().__init__(options, 9600, {"mm": 2000, "celsius": 20.0, "film": 0, "echo": 1})
        self._nearest, self._farthest, self._whole_sum = MODELS[options.get("model", "a02yyuw")]
        self._triggered = options.get("triggered", False)
        self._period_us = int(options.get("period_ms", 300) * 1000)
        self._stream = Stream()

    def emitted(self, now_us):
        if not self._triggered:
            for at_us in self._stream.due(now_us, self._period_us):
                self._frame(at_us)
        return self._wire.emitted(now_us)

    def written(self, data, now_us):
        if self._triggered and b"\x55" in bytes(data):
            self._frame(now_us + 60000)  # sound there and back

    def _frame(self, at_us):
        values = self._quantities.at(at_us)
        speed, taken = (SOUND_ZERO + SOUND_SLOPE * each for each in (values["celsius"], TAKEN_CELSIUS))
        heard = int(values["mm"] * taken / speed + 0.5)
        if values["film"]:
            heard = FILM_MM
        elif not values["echo"] or heard > self._farthest:
            heard = 0
        else:
            heard = max(heard, self._nearest)  # in the blind zone it hears its own ringing
        body = b"\xff" + struct.pack(">H", heard)
        check = sum(body if self._whole_sum else body[1:]) & 0xFF
        if self._wire.spoils_checksum:
            check ^= 0x0F
        self._wire.send(body + bytes([check]), at_us, self.baud)
