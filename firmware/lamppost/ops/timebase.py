"""Where the time comes from when no time server tells it: the clock on the board, or the nights; and what is kept."""

import asyncio

from micropython import const

from ..core.borrow import once
from ..core.clock import ESTIMATED, NTP, RTC
from ..core.faults import SensorFault

_KEEP_S = const(300)  # the time is noted so often: what a cut may cost of it
_GIVE_UP_S = const(60)  # so long a time server may take before the nights are asked
_UNKNOWN = const(-32768)
_DAY = const(86400)


class Estimate:
    """A time that only records get, and only until a better one is known: it does not set the clock."""

    tq = ESTIMATED

    def __init__(self, offset_s, tu_ms):
        self.offset_s = offset_s
        self.tu_ms = tu_ms


class Timebase:
    """clock, kept (journal/counters.py), anchor (Outbox.anchor), health -- the node's; rtc -- drivers/ds3231.py or None
    location -- {"lat", "lon"} or None; power_cut -- this boot began with the power
    """

    def __init__(self, clock, kept, anchor, health, log, rtc=None, location=None, power_cut=True):
        self._clock = clock
        self._kept = kept
        self._anchor = anchor
        self._health = health
        self._log = log
        self._rtc = rtc
        self._location = location
        self._power_cut = power_cut
        self._learned = self._asked = False
        self._set_at = None  # uptime of the setting that the clock on the board was set from
        self.floor_s = kept.utc_s if kept.utc_s is not None and not kept.doubt_h else None
        self.estimate = None
        self.source = None  # "ntp", "rtc", "dusk": who told the present time
        if kept.drift != _UNKNOWN:
            clock.drift_ppb = kept.drift * 10

    async def start(self):
        """Before the first record: ask the clock on the board, if there is one."""
        if self._rtc is None:
            return
        try:
            utc_s, tu_ms = await self._rtc.time()
            if self.floor_s is not None and utc_s < self.floor_s - _DAY:
                raise SensorFault("range", "it is %d s before the last time known" % (self.floor_s - utc_s))
        except SensorFault as fault:
            self._health.fault(self._rtc.name, fault)
            return
        self._kept.doubt_h = 0
        self._clock.set_utc(utc_s, 0, RTC, tu_ms)
        self._anchor(self._clock)
        self.source = "rtc"

    def told(self):
        """A time server was believed."""
        self.source = "ntp"
        self._kept.doubt_h = 0
        if self._clock.drift_ppb is not None:
            self._kept.drift = self._clock.drift_ppb // 10
        self.keep()

    async def tend(self):
        """The round of every few seconds: set the clock on the board, learn from the night, note the time."""
        clock = self._clock
        if self.source == "ntp" and self._rtc is not None and clock.tq >= NTP:
            await self._set_rtc()
        if clock.offset_s is None:
            if not self._asked and clock.uptime_s() >= _GIVE_UP_S:
                self._asked = True
                self._ask_dusk()
        elif not self._learned and clock.tq >= RTC:
            self._learned = True
            if self._power_cut and self._location:
                self._nights(self._location).learn(clock.utc_s() - clock.uptime_s())
        noted = self._kept.utc_s
        now = self.now_s()
        if now is not None and (noted is None or abs(now - noted) >= _KEEP_S):
            self.keep()

    def now_s(self):
        """UTC as well as it is known, or None."""
        if self._clock.offset_s is not None or self.estimate is None:
            return self._clock.utc_s()
        return self.estimate.offset_s + self._clock.uptime_s()

    def tu_ms(self):
        """How far now_s may be off, or None while it is None."""
        if self._clock.offset_s is not None:
            return self._clock.tu_ms
        return self.estimate.tu_ms if self.estimate else None

    def keep(self):
        """Note what time it is, for the next start."""
        kept = self._kept
        kept.utc_s = self.now_s()
        kept.tu_ms = self.tu_ms() or 0
        kept.burnt()

    def _nights(self, place):
        return once("ops.dusk", "Dusk", self._kept, place["lat"], place["lon"])

    def _ask_dusk(self):
        guess = self._nights(self._location).guess(self._power_cut) if self._location else None
        if guess is None:
            return
        self.estimate = Estimate(guess[0], guess[1])
        self._anchor(self.estimate)
        self.source = "dusk"
        self._log("time: estimated by the nights, %d s either way" % (guess[1] // 1000))

    async def _set_rtc(self):
        """Once after each setting, at the beginning of a second."""
        clock = self._clock
        if self._set_at == clock.set_at_s:
            return
        await asyncio.sleep_ms(1000 - clock.utc_ms_part())
        try:
            self._rtc.set(clock.utc_s() + (clock.utc_ms_part() > 500))
            self._set_at = clock.set_at_s
            self._health.good(self._rtc.name)
        except SensorFault as fault:
            self._health.fault(self._rtc.name, fault)
