"""Readings of the air sensors become windows: means with their quality letters, data capture, and the index."""

from ..core.codec import body
from ..core.quality import ESTIMATED, SATURATED, VALID, of_fault
from . import aqi
from .trace import Trace
from .window import Window


class Air:
    """options -- `air` of the configuration; parts -- {part id: driver} (QUANTITIES, RH_MAX where it has one)."""

    topic = b"tele/air"
    retain = False

    def __init__(self, options, clock, parts):
        self._clock = clock
        self._every_ms = options.get("every_ms", 10000)
        self._window = Window(clock, options.get("window_s", 600))
        self._done = []
        self._asked = False
        now_s = clock.uptime_s()
        self._traces = []
        for part in options["parts"]:
            rh_max = getattr(parts[part], "RH_MAX", None)
            for name in parts[part].QUANTITIES:
                self._traces.append(Trace(name, part, rh_max, now_s))

    def take(self, part, reading):
        """A good reading of the part with that id."""
        self._roll()
        self._asked = True
        now_s = self._clock.uptime_s()
        for trace in self._traces:
            if trace.part == part:
                trace.take(reading[trace.name], now_s)

    def miss(self, part, fault):
        """That part gave no reading: SensorFault."""
        self._roll()
        self._asked = True
        for trace in self._traces:
            if trace.part == part:
                trace.letter = of_fault(fault.word)

    def of(self, part):
        """(take, miss) for the readings of one part."""
        return lambda reading: self.take(part, reading), lambda fault: self.miss(part, fault)

    def poll(self):
        """(topic suffix, body, at) of a window that is complete, or None."""
        self._roll()
        return self._done.pop(0) if self._done else None

    def _roll(self):
        ended = self._window.due(self._asked)
        if ended:
            self._done.append((self.topic, self._body(ended[0]), ended[2]))
            self._asked = False
            for trace in self._traces:
                trace.begin()

    def _body(self, seconds):
        expected = max(1, seconds * 1000 // self._every_ms)
        windows = max(1, 3600 // self._window.length_s)
        now_s = self._clock.uptime_s()
        means = {trace.name: trace.mean() for trace in self._traces}
        values, quality, hourly = [], {}, {}
        capture = 0
        for trace in self._traces:
            letter = trace.quality(expected, means.get("rh"), now_s)
            values.append((trace.name, means[trace.name]))
            quality[trace.name] = letter
            capture += min(expected, trace.count)
            trace.remember(letter in (VALID, ESTIMATED, SATURATED), windows)
            if trace.name in aqi.BANDS and trace.hourly() is not None:
                hourly[trace.name] = trace.hourly()
        values.append(("window_s", seconds))
        values.append(("capture", 100 * capture // (expected * len(self._traces) or 1)))
        return body(values, quality, aqi.member(hourly))
