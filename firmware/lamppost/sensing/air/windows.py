"""Readings of the air sensors become windows: means with their quality letters, data capture, and the index."""

from micropython import const

from ...core.borrow import once
from ...core.quality import of_fault
from ..window import Window

_SHORT_S = const(60)  # windows shorter than this are not worth loading their maker each time
_STALE_S = const(600)  # older weather says nothing of now


class Air:
    """options -- `air` of the configuration; parts -- {part id: driver}: QUANTITIES, LIMITS, RH_MAX where it has one;
    counters -- has kept(name) and keep(name, bytes), as journal/counters.py; None: nothing is remembered.

    The first of options["parts"] that measures a quantity is believed for it.
    """

    topic = b"tele/air"
    retain = False

    def __init__(self, options, clock, parts, counters=None):
        self.options = options
        self.clock = clock
        self.counters = counters
        self.every_ms = options.get("every_ms", 10000)
        self.window = Window(clock, options.get("window_s", 600))
        self._done = []
        self._asked = False
        self.weather = {}  # t, rh and p that were read last
        self._weather_s = 0
        self.ran = {}  # id: [seconds, ms besides, ms of a reading] that those have worked that wear
        self.ways = {}  # id: make(reading, weather) -> reading, where the part's own is not what is told
        self.index = None  # (module, table)
        self.traces = []
        once("sensing.air.setup", "fit", self, parts)

    def of(self, part):
        """(take, miss) for the readings of one part."""
        return lambda reading: self.take(part, reading), lambda fault: self.miss(part, fault)

    def take(self, part, reading):
        """A good reading of the part with that id."""
        self._roll()
        self._asked = True
        now_s = self.clock.uptime_s()
        self._wear(part)
        if now_s - self._weather_s > _STALE_S:
            self.weather = {}
        make = self.ways.get(part)
        if make:
            reading = make(reading, self.weather)
        for trace in self.traces:
            if trace.part == part:
                value = reading.get(trace.name)
                if value is not None:
                    trace.take(value, now_s)
                    if trace.name in ("t", "rh", "p"):
                        self.weather[trace.name] = value
                        self._weather_s = now_s

    def miss(self, part, fault):
        """That part gave no reading: SensorFault."""
        self._roll()
        self._asked = True
        if fault.word == "warming":
            self._wear(part)
        for trace in self.traces:
            if trace.part == part:
                trace.letter = of_fault(fault.word)

    def _wear(self, part):
        ran = self.ran.get(part)
        if ran:
            ran[1] += ran[2]

    def poll(self):
        """(topic suffix, body, stamp) of a window that is complete, or None."""
        self._roll()
        return self._done.pop(0) if self._done else None

    def _roll(self):
        ended = self.window.due(self._asked)
        if ended:
            if self.window.length_s < _SHORT_S:
                from .aired import body

                told = body(self, ended[0], ended[2].seconds)
            else:
                told = once("sensing.air.aired", "body", self, ended[0], ended[2].seconds)
            self._done.append((self.topic, told, ended[2]))
            self._asked = False
            for trace in self.traces:
                trace.begin()
