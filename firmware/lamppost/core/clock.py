"""One clock: uptime that never wraps or steps, and UTC once somebody trustworthy told it. Integers only.

Between two settings it runs on, trimmed by the drift of the oscillator where that is known, and says honestly how far
it may be off by then: docs/design/clock.md has the figures and their reasons.
"""

from micropython import const

from .stamp import Stamp

NONE, ESTIMATED, RTC, NTP, GNSS = 0, 1, 2, 3, 4  # time quality, as `tq` in every envelope

_FINE_MS = const(1000)  # uncertainty up to which NTP keeps its quality,
_COARSE_MS = const(60000)  # and beyond which any time is no better than an estimate
_WILD_PPM = const(50)  # what an oscillator may be off before it was measured,
_TAME_PPM = const(10)  # and what is left then: temperature and age
_SURE_PPM = const(5)  # the uncertainty that a measurement of the drift must have come down to
_MOST_PPM = const(200)  # no crystal is so wrong: the time itself stepped


class Clock:
    """Uptime and UTC of this boot.

    ticks_ms, ticks_diff -- as in MicroPython's time module; uptime must be asked at least once in the
    wrap of the ticks (6 days on ESP32), which the health task does many times over.
    """

    def __init__(self, ticks_ms, ticks_diff):
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._last = ticks_ms()
        self._seconds = 0  # whole seconds of uptime: stays a small int on 32 bits, milliseconds would not
        self._ms = 0
        self.offset_s = None  # UTC seconds since 2000 = uptime seconds + offset_s; None: not known
        self._offset_ms = 0
        self._set_tq = NONE
        self._set_tu = 0
        self.set_at_s = 0  # uptime at which UTC was set
        self.drift_ppb = None  # how much too fast the oscillator runs; None: not measured yet
        self._slip = 0  # billionths of a second that the drift has made, below a millisecond
        self._base = None  # (uptime s, ms, UTC s, ms, tu_ms): the setting that drift is measured from

    def _advance(self):
        now = self._ticks_ms()
        self._ms += self._ticks_diff(now, self._last)
        self._last = now
        if self._ms >= 1000:
            passed = self._ms // 1000
            self._seconds += passed
            self._ms %= 1000
            if self.drift_ppb and self.offset_s is not None:
                self._trim(passed)

    def _trim(self, seconds):
        """Take out what the oscillator has gained in so many seconds."""
        self._slip += seconds * self.drift_ppb
        gained = self._slip // 1000000
        if gained:
            self._slip -= gained * 1000000
            ms = self._offset_ms - gained
            self.offset_s += ms // 1000
            self._offset_ms = ms % 1000

    def uptime_s(self):
        """Whole seconds since the firmware started."""
        self._advance()
        return self._seconds

    def uptime_ms(self):
        """Milliseconds since the firmware started (may be a long integer after 12 days)."""
        self._advance()
        return self._seconds * 1000 + self._ms

    def utc_s(self):
        """Seconds since 2000-01-01 UTC, or None while no time is known."""
        self._advance()
        if self.offset_s is None:
            return None
        return self._seconds + self.offset_s + (self._ms + self._offset_ms) // 1000

    def utc_ms_part(self):
        """Milliseconds within the current UTC second (0..999); meaningful only while utc_s() is not None."""
        self._advance()
        return (self._ms + self._offset_ms) % 1000

    @property
    def tu_ms(self):
        """Uncertainty of UTC now: what it was when it was set, and what the oscillator may have done since."""
        if self._set_tq == NONE:
            return 0
        ppm = _WILD_PPM if self.drift_ppb is None else _TAME_PPM
        return self._set_tu + (self._seconds - self.set_at_s) * ppm // 1000

    @property
    def tq(self):
        """Time quality now: that of its source, lowered as its uncertainty passes 1 s and 60 s."""
        tq = self._set_tq
        if tq > ESTIMATED:
            tu_ms = self.tu_ms
            if tu_ms > _COARSE_MS:
                return ESTIMATED
            if tu_ms > _FINE_MS:
                return RTC
        return tq

    def stamp(self):
        """The moment of now."""
        utc = self.utc_s()
        if utc is None:
            return Stamp(self._seconds, False, NONE, 0)
        return Stamp(utc, True, self.tq, self.tu_ms)

    def set_utc(self, seconds, ms, tq, tu_ms):
        """Now is `seconds` since 2000 UTC plus `ms`, with time quality tq and uncertainty tu_ms."""
        self._advance()
        offset_ms = ms - self._ms
        self.offset_s = seconds - self._seconds
        if offset_ms < 0:
            self.offset_s -= 1
            offset_ms += 1000
        self._offset_ms = offset_ms
        self._set_tq = tq
        self._set_tu = tu_ms
        self.set_at_s = self._seconds
        self._slip = 0
        if tq >= NTP:
            self._measure_drift((self._seconds, self._ms, seconds, ms, tu_ms))

    def _measure_drift(self, now):
        """Compare the oscillator with the time servers over the base line, once that is long enough."""
        base = self._base
        if base is None:
            self._base = now
            return
        passed = now[2] - base[2]
        gained_ms = (now[0] - base[0] - passed) * 1000 + now[1] - base[1] - now[3] + base[3]
        unsure_ms = now[4] + base[4]
        if passed <= 0 or (abs(gained_ms) - unsure_ms) * 1000 > passed * _MOST_PPM:
            self._base = now  # a step
        elif unsure_ms * 1000 <= passed * _SURE_PPM:
            measured = gained_ms * 1000000 // passed
            known = self.drift_ppb
            self.drift_ppb = measured if known is None else known + (measured - known) // 4
            self._base = now
