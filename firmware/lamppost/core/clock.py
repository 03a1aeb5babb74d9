"""One clock: uptime that never wraps or steps, and UTC once somebody trustworthy told it. Integers only."""

NONE, ESTIMATED, RTC, NTP, GNSS = 0, 1, 2, 3, 4  # time quality, as `tq` in every envelope


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
        self.tq = NONE
        self.tu_ms = 0  # uncertainty of UTC when it was set
        self.set_at_s = 0  # uptime at which UTC was set

    def _advance(self):
        now = self._ticks_ms()
        self._ms += self._ticks_diff(now, self._last)
        self._last = now
        if self._ms >= 1000:
            self._seconds += self._ms // 1000
            self._ms %= 1000

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

    def set_utc(self, seconds, ms, tq, tu_ms):
        """Now is `seconds` since 2000 UTC plus `ms`, with time quality tq and uncertainty tu_ms."""
        self._advance()
        offset_ms = ms - self._ms
        self.offset_s = seconds - self._seconds
        if offset_ms < 0:
            self.offset_s -= 1
            offset_ms += 1000
        self._offset_ms = offset_ms
        self.tq = tq
        self.tu_ms = tu_ms
        self.set_at_s = self._seconds
