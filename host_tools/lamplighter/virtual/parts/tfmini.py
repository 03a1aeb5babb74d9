"""TFmini-S lidar, byte for byte: a frame each 10 ms without being asked, and commands in between.

Protocol: Benewake "TFmini-S Product Manual" A00. 115200 8N1, little-endian, frame 59 59 distance strength
temperature sum. The weaker the echo, the less it is worth: below a strength of 100 the distance is 65535 (-1).
Set to I2C, it sends nothing by itself: each command is written, and its answer read.
"""

import struct

from .lines import Lines
from .stream import Stream
from .uart_part import UartPart

TOO_WEAK, SATURATED, SUNLIT = 65535, 65534, 65532  # -1, -2 and -4 as unsigned
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 256000, 460800, 921600)
FACTORY = {"baud": 115200, "rate_hz": 100, "streaming": True, "in_mm": False, "check": False, "address": 0x10}
VERSION = (3, 0, 2)  # patch, minor, major: as they are sent


def total(data):
    """Low byte of the sum: the checksum of frames and commands."""
    return bytes([sum(data) & 0xFF])


class Twin(UartPart):
    """Quantities: mm; strength (None: as the distance and reflectance give); reflectance (0.9: white, 0.1: black);
    celsius; sun (1: blinded by ambient light).

    Options of its own: bus ("i2c": it is set to that), weak_below, the strength under which there is no distance (100;
    the first TFmini: 20), and weak_reads, what the distance reads then (65535, or 0).
    """

    BUSES = ("uart", "i2c")
    QUANTITIES = ("mm", "strength", "reflectance", "celsius", "sun")
    FARTHEST_MM = 12000
    ECHO = 10000000000  # strength times the square of the distance in mm, for a target that reflects everything
    WEAK_READS = TOO_WEAK

    def __init__(self, options):
        defaults = {"mm": 3200, "strength": None, "reflectance": 0.9, "celsius": 30, "sun": 0}
        super().__init__(options, FACTORY["baud"], defaults)
        self._weak_below = options.get("weak_below", 100)
        self._weak_reads = options.get("weak_reads", self.WEAK_READS)
        self._on_i2c = options.get("bus") == "i2c"
        self._lines = Lines()
        self._answer = b""  # what can be read over I2C
        self._heard = b""
        self._stream = Stream()
        self._saved = dict(FACTORY)
        if "address" in options:
            self._saved["address"] = options["address"]
        if "state" in options:
            self.restore(options["state"])
        self._use(self._saved)

    def fault(self, kind, **options):
        super().fault(kind, **options)
        self._lines.fault(kind, options)

    def state(self):
        """The settings stored by the save command."""
        return {"saved": self._saved}

    def restore(self, state):
        self._saved = dict(FACTORY)
        self._saved.update(state["saved"])
        self._use(self._saved)

    def emitted(self, now_us):
        period_us = 1000000 // self._settings["rate_hz"] if self._settings["rate_hz"] else 0
        if not period_us or not self._settings["streaming"] or self._on_i2c:
            self._stream.pause(now_us)
        else:
            for at_us in self._stream.due(now_us, period_us):
                self._frame(at_us)
        return super().emitted(now_us)

    def written(self, data, now_us):
        self._heard = (self._heard + bytes(data))[-32:]
        while True:
            start = self._heard.find(b"\x5a")
            if start < 0:
                self._heard = b""
                return
            self._heard = self._heard[start:]
            if len(self._heard) < 2 or len(self._heard) < self._heard[1]:
                return
            length = max(4, self._heard[1])
            command, self._heard = self._heard[:length], self._heard[length:]
            if not self._settings["check"] or total(command[:-1]) == command[-1:]:
                self._obey(command, now_us)

    def write(self, data, now_us):
        self._lines.answering()
        self._answer = b""
        self.written(data, now_us)

    def read(self, n, now_us):
        self._lines.answering()
        return self._lines.sent((self._answer + b"\xff" * n)[:n], False)

    def _seen(self, at_us):
        """(distance in mm or None, what it reads where there is none, strength) at that time."""
        values = self._quantities.at(at_us)
        millimetres, strength = int(values["mm"]), values["strength"]
        if strength is None:
            strength = self.ECHO * values["reflectance"] / max(300, millimetres) ** 2
        strength = max(0, min(65535, int(strength)))
        if values["sun"]:
            return self._blinded(strength)
        if strength == 65535:
            return None, SATURATED, strength
        if strength < self._weak_below or millimetres > self.FARTHEST_MM or millimetres < 0:
            return None, self._weak_reads, strength
        return millimetres, None, strength

    def _blinded(self, strength):
        return None, SUNLIT, strength

    def _frame(self, at_us, in_mm=None):
        millimetres, distance, strength = self._seen(at_us)
        if millimetres is not None:
            in_mm = self._settings["in_mm"] if in_mm is None else in_mm
            distance = millimetres if in_mm else (millimetres + 5) // 10
        celsius = int((self._quantities.at(at_us)["celsius"] + 256) * 8)
        self._send(b"\x59\x59" + struct.pack("<HHH", distance, strength, celsius), at_us)

    def _send(self, body, at_us):
        check = total(body)
        if self._wire.spoils_checksum:
            check = bytes([check[0] ^ 0xFF])
        if self._on_i2c:
            self._answer = body + check
        else:
            self._wire.send(body + check, at_us, self.baud)

    def _reply(self, kind, payload, now_us):
        self._send(bytes([0x5A, len(payload) + 4, kind]) + payload, now_us + 1000)

    def _obey(self, command, now_us):
        kind, payload = command[2], command[3:-1]
        settings = self._settings
        if kind == 0x00 and len(payload) == 1:
            self._frame(now_us, payload[0] == 6)  # over I2C: 1 for centimetres, 6 for millimetres
        elif kind == 0x01:
            self._reply(kind, bytes(VERSION), now_us)
        elif kind == 0x02:
            self._use(self._saved)
            self._reply(kind, b"\0", now_us)
        elif kind == 0x03 and len(payload) == 2:
            settings["rate_hz"] = min(1000, payload[0] | payload[1] << 8)
            self._reply(kind, payload, now_us)
        elif kind == 0x04:
            self._frame(now_us + 1000)
        elif kind == 0x05 and len(payload) == 1:
            settings["in_mm"] = payload[0] == 6
            self._reply(kind, payload, now_us)
        elif kind == 0x06 and len(payload) == 4:
            baud = struct.unpack("<I", payload)[0]
            self._reply(kind, payload, now_us)  # still at the old speed
            if baud in BAUDS:
                settings["baud"] = self.baud = baud
        elif kind == 0x07 and len(payload) == 1:
            settings["streaming"] = bool(payload[0])
            self._reply(kind, payload, now_us)
        elif kind == 0x08 and len(payload) == 1:
            settings["check"] = bool(payload[0])
            self._reply(kind, payload, now_us)
        elif kind == 0x0B and len(payload) == 1:
            settings["address"] = payload[0]
            self._reply(kind, payload, now_us)
        elif kind == 0x10:
            self._use(FACTORY)
            self._reply(kind, b"\0", now_us)
        elif kind == 0x11:
            self._saved = dict(settings)
            self._reply(kind, b"\0", now_us)

    def _use(self, settings):
        self._settings = dict(settings)
        self.baud = settings["baud"]
        self.address = settings["address"]
