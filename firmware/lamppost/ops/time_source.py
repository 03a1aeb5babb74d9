"""Gets the time from a time server, the battery clock or the sunset estimate, and keeps it over power cuts."""

import asyncio

from micropython import const

from ..core.calendar import DAY
from ..core.clock import ESTIMATED, NTP, RTC
from ..core.faults import SensorFault
from . import status
from .sunset_clock import SunsetClock

_KEEP_S = const(300)  # the time is noted so often: what a cut may cost of it
_GIVE_UP_S = const(60)  # so long a time server may take before the time is estimated from the sunset
_UNKNOWN = const(-32768)


class Estimate:
    """A time that only records get, and only until a better one is known: it does not set the clock."""

    tq = ESTIMATED

    def __init__(self, offset_s, tu_ms):
        self.offset_s = offset_s
        self.tu_ms = tu_ms


class TimeSource:
    """clock, counters (journal/counters.py), anchor (Outbox.anchor), health, event, log -- the node's

    rtc -- drivers/ds3231.py or None; location -- {"lat", "lon"} or None; power_cut -- this boot began with the power
    """

    def __init__(self, clock, counters, anchor, health, event, log, rtc=None, location=None, power_cut=True):
        self._clock = clock
        self._counters = counters
        self._anchor = anchor
        self._health = health
        self._event = event
        self._log = log
        self._rtc = rtc
        self._sunset = SunsetClock(counters, location["lat"], location["lon"]) if location else None
        self._power_cut = power_cut
        self._learned = self._estimated = False
        self._rtc_set_at = None  # uptime of the setting of the clock that the clock on the board was set from
        self._estimate = None
        # UTC before which no source is believed; None: not known
        self.floor_s = counters.utc_s if counters.utc_s is not None and not counters.doubt_h else None
        self.source = None  # of the present time: "ntp", "rtc" or "dusk"
        if counters.drift != _UNKNOWN:
            clock.drift_ppb = counters.drift * 10

    async def read_rtc(self):
        """Set the clock from the one on the board, if there is one; called before the first record."""
        if not self._rtc:
            return
        try:
            utc_s, tu_ms = await self._rtc.time()
            if self.floor_s is not None and utc_s < self.floor_s - DAY:
                raise SensorFault("range", "%d s before the last known time" % (self.floor_s - utc_s))
        except SensorFault as fault:
            self._health.fault(self._rtc.name, fault)
            return
        self._counters.doubt_h = 0
        self._clock.set_utc(utc_s, 0, RTC, tu_ms)
        self._anchor(self._clock)
        self.source = "rtc"

    def server_believed(self, before):
        """A time server has set the clock; before -- UTC by the clock until then, or None."""
        clock, counters = self._clock, self._counters
        self.source = "ntp"
        counters.doubt_h = 0
        if clock.drift_ppb is not None:
            counters.drift = clock.drift_ppb // 10
        self._note()
        step_s = None if before is None else clock.utc_s() - before
        if step_s is None or abs(step_s) > 1:
            self._event(b"clock", status.clock(step_s and step_s * 1000, "ntp"))

    async def poll(self):
        """Every few seconds: set the clock on the board, learn from the sunset or estimate by it, note the time."""
        clock = self._clock
        if self._rtc and self.source == "ntp" and clock.tq >= NTP and self._rtc_set_at != clock.set_at_s:
            await self._set_rtc()
        if clock.offset_s is None:
            if not self._estimated and clock.uptime_s() >= _GIVE_UP_S:
                self._estimated = True
                self._estimate_by_sunset()
        elif not self._learned and clock.tq >= RTC:
            self._learned = True
            if self._power_cut and self._sunset:
                self._sunset.learn(clock.utc_s() - clock.uptime_s())
        noted = self._counters.utc_s
        now = self.now_s()
        if now is not None and (noted is None or abs(now - noted) >= _KEEP_S):
            self._note()

    def now_s(self):
        """The best known UTC, or None."""
        if self._clock.offset_s is not None or self._estimate is None:
            return self._clock.utc_s()
        return self._estimate.offset_s + self._clock.uptime_s()

    def tu_ms(self):
        """The uncertainty of now_s, or None while it is None."""
        if self._clock.offset_s is not None:
            return self._clock.tu_ms
        return self._estimate.tu_ms if self._estimate else None

    async def _set_rtc(self):
        """Once after each setting, at the beginning of a second."""
        clock = self._clock
        await asyncio.sleep_ms(1000 - clock.utc_ms_part())
        try:
            self._rtc.set(clock.utc_s() + (clock.utc_ms_part() > 500))
            self._rtc_set_at = clock.set_at_s
            self._health.good(self._rtc.name)
        except SensorFault as fault:
            self._health.fault(self._rtc.name, fault)

    def _estimate_by_sunset(self):
        guess = self._sunset and self._sunset.guess(self._power_cut)
        if not guess:
            return
        self._estimate = Estimate(guess[0], guess[1])
        self._anchor(self._estimate)
        self.source = "dusk"
        self._log("time: estimated from sunset and power-on, ±%d s" % (guess[1] // 1000))

    def _note(self):
        """Note what time it is, for the next start."""
        counters = self._counters
        counters.utc_s = self.now_s()
        counters.tu_ms = self.tu_ms() or 0
        counters.burnt()
