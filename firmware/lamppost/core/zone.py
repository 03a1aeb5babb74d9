"""Local time by a POSIX time zone string, e.g. `WET0WEST,M3.5.0/1,M10.5.0`: offsets and both changes of the clock."""

from .calendar import DAY, civil, days
from .faults import SettingsFault


class Zone:
    """text -- a POSIX TZ string with rules of the form Mm.w.d[/time], or without summer time. Offsets are in seconds.

    Raises SettingsFault("invalid") naming what is wrong.
    """

    def __init__(self, text):
        self._text = text
        rest = self._name(text)
        offset, rest = self._offset(rest)
        self.standard_s = -offset  # POSIX counts west of Greenwich as positive
        self.summer_s = None
        if rest:
            rest = self._name(rest)
            self.summer_s = self.standard_s + 3600
            if rest and rest[0] != ",":
                offset, rest = self._offset(rest)
                self.summer_s = -offset
            rules = rest.split(",")
            if len(rules) != 3 or rules[0]:
                raise self._wrong("after the name of summer time two rules are needed, e.g. ,M3.5.0/1,M10.5.0")
            self._begin = self._rule(rules[1])
            self._end = self._rule(rules[2])

    def offset_s(self, utc_s):
        """Local time minus UTC at seconds since 2000 UTC."""
        if self.summer_s is None:
            return self.standard_s
        year = civil((utc_s + self.standard_s) // DAY)[0]
        begin = _moment(year, self._begin) - self.standard_s
        end = _moment(year, self._end) - self.summer_s
        if begin < end:
            summer = begin <= utc_s < end
        else:  # south of the equator summer runs over the turn of the year
            summer = not end <= utc_s < begin
        return self.summer_s if summer else self.standard_s

    def utc_s(self, local_s):
        """UTC of a local time in seconds since 2000: the first of two; for one that is skipped, the change itself."""
        other = self.standard_s if self.summer_s is None else self.summer_s
        offsets = max(self.standard_s, other), min(self.standard_s, other)
        for offset in offsets:
            if self.offset_s(local_s - offset) == offset:
                return local_s - offset
        # skipped: the moment at which the clock is put forward lies between the two readings of it
        low, high = local_s - offsets[0], local_s - offsets[1]
        before = self.offset_s(low)
        while high - low > 1:
            middle = (low + high) // 2
            if self.offset_s(middle) == before:
                low = middle
            else:
                high = middle
        return high

    # -- the string

    def _wrong(self, why):
        return SettingsFault("invalid", "time zone %r: %s" % (self._text, why))

    def _name(self, text):
        """The text after a name: three letters or more, or anything in <>."""
        if text[:1] == "<":
            end = text.find(">") + 1
        else:
            end = 0
            while end < len(text) and text[end].isalpha():
                end += 1
        if end < 3:
            raise self._wrong("a name of three letters is needed at %r" % text)
        return text[end:]

    def _offset(self, text):
        """(seconds, what follows) of [+-]h[h][:mm[:ss]]."""
        end = 0
        while end < len(text) and text[end] in "+-0123456789:":
            end += 1
        return self._clock(text[:end]), text[end:]

    def _clock(self, text):
        """Seconds of [+-]h[h][:mm[:ss]], up to 167 hours as POSIX 2024 allows."""
        sign = -1 if text[:1] == "-" else 1
        parts = text.lstrip("+-").split(":")
        if len(parts) > 3 or not all(part.isdigit() and len(part) <= 3 for part in parts):
            raise self._wrong("%r is not a time of the form hh:mm:ss" % text)
        hours, minutes, seconds = [int(part) for part in parts] + [0] * (3 - len(parts))
        if hours > 167 or minutes > 59 or seconds > 59:
            raise self._wrong("%r is not a time of the form hh:mm:ss" % text)
        return sign * (hours * 3600 + minutes * 60 + seconds)

    def _rule(self, text):
        """(month, week, weekday, seconds) of Mm.w.d[/time]."""
        day, _, clock = text.partition("/")
        parts = day[1:].split(".")
        if day[:1] != "M" or len(parts) != 3 or not all(part.isdigit() for part in parts):
            raise self._wrong("%r is not a rule of the form Mm.w.d/time" % text)
        month, week, weekday = [int(part) for part in parts]
        if not (1 <= month <= 12 and 1 <= week <= 5 and weekday <= 6):
            raise self._wrong("%r is not a rule of the form Mm.w.d/time" % text)
        return month, week, weekday, self._clock(clock) if clock else 7200


def _moment(year, rule):
    """Local seconds since 2000 at which a rule applies in a year; week 5 is the last of the month."""
    month, week, weekday, seconds = rule
    first = days(year, month, 1)
    day = first + (weekday - weekday_of(first)) % 7 + 7 * (week - 1)
    last = days(year + month // 12, month % 12 + 1, 1) - 1
    while day > last:
        day -= 7
    return day * DAY + seconds


def weekday_of(day):
    """0 Sunday to 6 Saturday of days since 2000-01-01, which was a Saturday."""
    return (day + 6) % 7
