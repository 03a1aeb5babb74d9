"""Remembers when somebody was seen last: by radars, by bays whose state changes, or by a message of the broker."""

from micropython import const

from .parking.fusion import UNKNOWN

_SILENT_MS = const(30000)


class Presence:
    """options -- `lamp.presence` of the configuration; bays -- parking/bay.py's ParkingBay of those that count"""

    retain = False

    def __init__(self, options, clock, bays=()):
        self._clock = clock
        self._bays = [(bay, bay.state) for bay in bays]
        self._seen_ms = None  # uptime at which somebody was seen last; in the future while a message says so
        self._good_ms = {name: clock.uptime_ms() for name in options.get("parts", ())}

    def of(self, name):
        """(take, miss) for the readings of a radar."""

        def take(reading):
            self._good_ms[name] = self._clock.uptime_ms()
            if reading["presence"]:
                self.report(0)

        def miss(fault):
            """Its silence is judged by the last good reading."""

        return take, miss

    def report(self, seconds):
        """Somebody is there, and will be for so long."""
        until_ms = self._clock.uptime_ms() + 1000 * seconds
        self._seen_ms = until_ms if self._seen_ms is None else max(self._seen_ms, until_ms)

    def poll(self):
        """A vehicle that comes or goes is somebody; nothing is published of it."""
        for index, (bay, before) in enumerate(self._bays):
            if bay.state != before:
                self._bays[index] = bay, bay.state
                if UNKNOWN not in (bay.state, before):
                    self.report(0)

    def seen_within(self, seconds):
        """True if somebody was there in the last so many seconds; a silent radar counts as somebody: no dark street."""
        now = self._clock.uptime_ms()
        for good_ms in self._good_ms.values():
            if now - good_ms >= _SILENT_MS:
                return True
        return self._seen_ms is not None and now - self._seen_ms <= 1000 * seconds
