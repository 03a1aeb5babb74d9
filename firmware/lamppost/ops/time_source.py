"""Where the time comes from when no time server tells it: the clock on the board, or the nights; and what is kept."""

from micropython import const

from ..core.borrow import once
from ..core.clock import NTP, RTC

_KEEP_S = const(300)  # the time is noted so often: what a cut may cost of it
_GIVE_UP_S = const(60)  # so long a time server may take before the nights are asked
_UNKNOWN = const(-32768)


class Timebase:
    """clock, kept (journal/counters.py), anchor (Outbox.anchor), health -- the node's; rtc -- drivers/ds3231.py or None
    location -- {"lat", "lon"} or None; power_cut -- this boot began with the power
    """

    def __init__(self, clock, kept, anchor, health, log, rtc=None, location=None, power_cut=True):
        self.clock = clock
        self.kept = kept
        self.anchor = anchor
        self.health = health
        self.log = log
        self.rtc = rtc
        self.location = location
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
        if self.rtc:
            await once("ops.telling", "ask_rtc", self)

    async def tend(self):
        """The round of every few seconds: set the clock on the board, learn from the night, note the time."""
        clock = self.clock
        if self.rtc and self.source == "ntp" and clock.tq >= NTP and self._set_at != clock.set_at_s:
            await once("ops.telling", "set_rtc", self)
        if clock.offset_s is None:
            if not self._asked and clock.uptime_s() >= _GIVE_UP_S:
                self._asked = True
                if self.location:
                    once("ops.telling", "ask_dusk", self)
        elif not self._learned and clock.tq >= RTC:
            self._learned = True
            if self._power_cut and self.location:
                once("ops.telling", "learn", self)
        noted = self.kept.utc_s
        now = self.now_s()
        if now is not None and (noted is None or abs(now - noted) >= _KEEP_S):
            self.keep()

    def now_s(self):
        """UTC as well as it is known, or None."""
        if self.clock.offset_s is not None or self.estimate is None:
            return self.clock.utc_s()
        return self.estimate.offset_s + self.clock.uptime_s()

    def tu_ms(self):
        """How far now_s may be off, or None while it is None."""
        if self.clock.offset_s is not None:
            return self.clock.tu_ms
        return self.estimate.tu_ms if self.estimate else None

    def keep(self):
        """Note what time it is, for the next start."""
        kept = self.kept
        kept.utc_s = self.now_s()
        kept.tu_ms = self.tu_ms() or 0
        kept.burnt()
