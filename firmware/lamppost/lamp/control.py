"""Decides on the level of the lamp: by an override, by its programme, without time by the light sensor, else on.

The lamp is dark only if there is a good reason. What the clock claims is bound: by the sun's height for the month,
worked out a second and coarser way, and by the light sensor. Where they contradict each other the lamp is on.
"""

import struct

from micropython import const

from ..core.sun import SUNSET_DEG, coarse_height, height
from ..core.zone import Zone
from .light_output import LightOutput
from .programme import Programme

SCHEDULE, OVERRIDE, SENSOR, SAFE, PRESENCE = "schedule", "override", "sensor", "safe", "presence"
LONGEST_S = const(604800)  # of an override: a week
_CLEAR_DEG = const(6)  # the sun so far above or below the horizon is day or night in any weather
_MOST_OFF_DEG = const(8)  # the two ways of working out its height differ by the equation of time and the table's steps
_DOUBT_S = const(600)  # for so long clock and light sensor contradict each other before the clock is doubted
_FORM = "<BHI"
_NOTE = "lamp override"


class Control:
    """options -- `lamp` of the configuration; location -- {"lat", "lon"}; dimmer -- dimming.py
    counters -- journal/counters.py; sensor -- sensing/light.py's Light, None without one
    presence -- sensing/presence.py, None without one

    asked -- the level that is asked for, per cent; why -- one of the words above
    doubted -- True: clock and light sensor contradict each other
    """

    def __init__(self, options, location, clock, dimmer, counters, sensor=None, presence=None):
        self._clock = clock
        self._dimmer = dimmer
        self._counters = counters
        self._sensor = sensor
        self._presence = presence
        self._lat, self._lon = location["lat"], location["lon"]
        self._programme = Programme(options, Zone(options.get("zone", "UTC0")), self._lat, self._lon)
        self._light_output = LightOutput(options.get("light_output", {}))
        self._fail_safe = options.get("fail_safe_level", 100)
        self._height = (None, None)  # (minute, degrees or None)
        self._since_s = None  # uptime since which clock and sensor contradict each other, or agree again
        self._set_at_s = None
        self.doubted = False
        self.asked, self.why = self._fail_safe, SAFE
        self._settled = self.asked, self.why, dimmer.level
        self._test = None  # (level, seconds of the ramp) of a self-test
        note = counters.kept(_NOTE)
        self._override = struct.unpack(_FORM, note) if note else None

    def poll(self):
        """Decide, and pass the level to the dimmer; called several times a second."""
        utc_s = self._clock.utc_s()
        level, why, ramp_s = self._decided(utc_s)
        self.asked, self.why = level, why
        permille = self._light_output.permille(level, self._counters.burn_s // 3600, utc_s)
        self._dimmer.go(level, permille, ramp_s)

    def override(self, level, until_s, ramp_s):
        """Keep a level until a moment in seconds since 2000 UTC, over power cuts as well."""
        self._override = level, int(10 * ramp_s), until_s
        self._counters.keep(_NOTE, struct.pack(_FORM, *self._override), True)

    def resume(self):
        """End the override; True if there was one."""
        if self._override is None:
            return False
        self._override = None
        self._counters.keep(_NOTE, b"", True)
        return True

    def test(self, level, ramp_s=None):
        """Give the lamp a level for a self-test, None at its end; a reset ends it as well."""
        self._test = None if level is None else (level, OVERRIDE, ramp_s)

    def is_day(self):
        """True if the sun is up for certain, and the light sensor does not deny it."""
        utc_s = self._clock.utc_s()
        sun = None if utc_s is None else self._sun(utc_s)
        return sun is not None and sun > 0 and not (self._sensor and self._sensor.night)

    def state(self):
        """What a subscriber is to hear of at once when it changes; during a ramp that of before."""
        if self._dimmer.level == self._dimmer.target:
            self._settled = self.asked, self.why, self._dimmer.level
        return self._settled

    def members(self):
        """Of tele/light, as JSON text."""
        counters = self._counters
        return '"level":%d,"commanded":%d,"why":"%s","burn_s":%d,"switchings":%d' % (
            (self._dimmer.level + 5) // 10, self.asked, self.why, counters.burn_s, counters.switchings,
        )  # fmt: skip

    def _decided(self, utc_s):
        """(level, why, seconds of the ramp or None for the usual)."""
        if self._test:
            return self._test
        if self._override and utc_s is not None:
            level, tenths, until_s = self._override
            if utc_s < until_s <= utc_s + LONGEST_S:
                return level, OVERRIDE, tenths / 10
            self.resume()
        night = self._sensor.night if self._sensor else None
        sun = None if utc_s is None else self._sun(utc_s)
        if sun is None:
            return self._without_time(night)
        self._compare(sun, night)
        row = self._programme.at(utc_s)
        if night and sun > SUNSET_DEG and not row.dark:
            return self._fail_safe, SENSOR, None
        if self.doubted:
            return self._fail_safe, SAFE, None
        return self._of_programme(row, sun <= SUNSET_DEG if night is None else night)

    def _of_programme(self, row, dark):
        """The same of a row of programme.py; dark -- by the light sensor, by the sun where that is silent."""
        if row.dark and not dark:
            return 0, SENSOR, None
        for level, hold_s in row.presence if self._presence else ():
            if self._presence.seen_within(hold_s):
                if level != row.level:
                    return level, PRESENCE, None
                break
        return row.level, SENSOR if row.dark else SCHEDULE, None

    def _without_time(self, night):
        if night is None:
            return self._fail_safe, SAFE, None
        return self._fail_safe if night else 0, SENSOR, None

    def _sun(self, utc_s):
        """Degrees of the sun's height, once a minute; None if it is not what it can be in this month."""
        minute = utc_s // 60
        if self._height[0] != minute:
            degrees = height(utc_s, self._lat, self._lon)
            coarse = coarse_height(utc_s, self._lat, self._lon)
            self._height = minute, degrees if abs(degrees - coarse) <= _MOST_OFF_DEG else None
        return self._height[1]

    def _compare(self, sun, night):
        """Doubt the clock once it has contradicted the light sensor for long; not any more once they agree for long."""
        if self._clock.set_at_s != self._set_at_s:
            self._set_at_s = self._clock.set_at_s
            self.doubted, self._since_s = False, None
        if night is None or -_CLEAR_DEG <= sun <= _CLEAR_DEG:
            return  # nothing to compare
        contradict = night == (sun > 0)
        if contradict == self.doubted:
            self._since_s = None
            return
        now = self._clock.uptime_s()
        if self._since_s is None:
            self._since_s = now
        elif now - self._since_s >= _DOUBT_S:
            self.doubted, self._since_s = contradict, None
