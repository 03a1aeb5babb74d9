"""Readings of the air sensors become windows: means with their quality letters, data capture, and the index."""

import json
import struct

from micropython import const

from ...core.payload import body, number
from ...core.quality import ESTIMATED, SATURATED, UNAVAILABLE, VALID, of_fault
from ..window import Window
from . import aqi, aqi_us, fitted_parts
from .conversions import dry_mass

_STALE_S = const(600)  # older weather does not count
_KAPPA = const(40)  # hundredths


class Air:
    """options -- `air` of the configuration; parts -- {part id: driver}: QUANTITIES, LIMITS, RH_MAX where it has one;
    counters -- has kept(name) and keep(name, bytes), as journal/counters.py; None: nothing is remembered.

    channels -- [Channel]; wears -- {part id: Wear}
    """

    topic = b"tele/air"
    retain = False

    def __init__(self, options, clock, parts, counters=None):
        self._options = options
        self._clock = clock
        self._counters = counters
        self.every_ms = options.get("every_ms", 10000)
        self._window = Window(clock, options.get("window_s", 600))
        self._done = []
        self._asked = False
        self._weather = {}  # t, rh and p that were read last
        self._weather_s = 0
        self._table = options.get("index", "EAQI-2024")
        self._index = aqi_us if self._table.startswith("US") else aqi
        spans = self._index.spans(self._table)
        self.channels = fitted_parts.channels(options, parts, spans, self.every_ms, clock.uptime_s())
        self.wears = fitted_parts.wears(options, parts, self.every_ms, counters)
        self._conversions = fitted_parts.conversions(options, parts)
        self._kappa = round(100 * options.get("kappa", _KAPPA / 100)) if options.get("humidity") else None

    def of(self, part):
        """(take, miss) for the readings of one part."""
        return lambda reading: self.take(part, reading), lambda fault: self.miss(part, fault)

    def take(self, part, reading):
        """A reading of the part with that id; a value that the part could not give is None."""
        self._roll()
        self._asked = True
        now_s = self._clock.uptime_s()
        self._worked(part)
        if now_s - self._weather_s > _STALE_S:
            self._weather = {}
        if part in self._conversions:
            reading = self._conversions[part].convert(reading, self._weather)
        for channel in self.channels:
            if channel.part != part:
                continue
            value = reading.get(channel.name)
            if value is None:
                channel.missing = UNAVAILABLE
                continue
            channel.take(value, now_s)
            if channel.name in ("t", "rh", "p"):
                self._weather[channel.name] = value
                self._weather_s = now_s

    def miss(self, part, fault):
        """That part gave no reading: SensorFault."""
        self._roll()
        self._asked = True
        if fault.word == "warming":
            self._worked(part)
        for channel in self.channels:
            if channel.part == part:
                channel.missing = of_fault(fault.word)

    def _worked(self, part):
        if part in self.wears:
            self.wears[part].read()

    def poll(self):
        """(topic suffix, body, stamp) of a window that is complete, or None."""
        self._roll()
        return self._done.pop(0) if self._done else None

    def _roll(self):
        ended = self._window.due(self._asked)
        if ended:
            seconds, _, stamp = ended
            self._done.append((self.topic, self._body(seconds, stamp.seconds), stamp))
            self._asked = False
            for channel in self.channels:
                channel.begin()

    def _body(self, seconds, end_s):
        """The body of the window of so many seconds that ended at end_s."""
        now_s = self._clock.uptime_s()
        rh = None
        for channel in self.channels:
            if channel.name == "rh":
                rh = channel.mean()
        values, quality, raw, ids = [], {}, {}, {}
        capture = 0
        for channel in self.channels:
            name, mean = channel.name, channel.mean()
            expected = max(1, seconds * 1000 // channel.every_ms)
            letter = channel.letter(expected, rh, now_s)
            value, letter = self._corrected(channel, mean, letter, rh)
            if mean is not None and channel.calibration:
                ids[name] = channel.calibration[2]
            if mean is not None and (channel.calibration or self._dries(name)):
                raw[name] = mean
            values.append((name, value))
            quality[name] = letter
            capture += 100 * min(expected, channel.count) // expected
            if channel.history:
                usable = value if letter in (VALID, ESTIMATED, SATURATED) else None
                channel.history.add(usable, channel.count, seconds, end_s, self._window.length_s)
        values.append(("window_s", seconds))
        values.append(("capture", capture // (len(self.channels) or 1)))
        members = [self._index_member()]
        if self._kappa is not None:
            members.append('"humidity":"%s"' % self._options["humidity"])
        if raw:
            members.append('"raw":{%s}' % ",".join(['"%s":%s' % (name, number(name, raw[name])) for name in raw]))
        if ids:
            members.append('"calibration":%s' % json.dumps(ids))
        if self.wears:
            members.append('"hours":%s' % json.dumps({part: wear.seconds // 3600 for part, wear in self.wears.items()}))
            self._keep_wears()
        return body(values, quality, ",".join(members))

    def _dries(self, name):
        """True for particles whose water is taken off."""
        return self._kappa is not None and name.startswith("pm")

    def _corrected(self, channel, mean, letter, rh):
        """(value, letter) of a mean: without the particles' water, and by the channel's calibration."""
        value = mean
        if mean is None:
            return None, letter
        if self._dries(channel.name):
            if rh is not None:
                value = dry_mass(value, rh, self._kappa)
            elif letter == VALID:
                letter = ESTIMATED
        if channel.calibration:
            offset, slope, _ = channel.calibration
            value = (value * slope + 5000) // 10000 + offset
        return value, letter

    def _index_member(self):
        """The `aqi` member: partial unless the index has all that its publisher asks for."""
        histories = {channel.name: channel.history for channel in self.channels if channel.history}
        worst, used, whole = self._index.index(self._table, histories)
        of = ",".join(['"%s"' % name for name in used])
        index = "null" if worst is None else worst
        partial = "false" if whole else "true"
        return '"aqi":{"table":"%s","index":%s,"of":[%s],"partial":%s}' % (self._table, index, of, partial)

    def _keep_wears(self):
        """Remember over a cut how long each part has worked."""
        if self._counters:
            for part, wear in self.wears.items():
                self._counters.keep("hours " + part, struct.pack("<I", wear.seconds))
