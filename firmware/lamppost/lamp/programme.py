"""Computes the lamp's level through a night from calendar, periods, switching points, sun and clock.

The model is TALQ's, reduced: a calendar chooses a programme by date (first match wins); the programme has active
periods, outside which the lamp is off, switching points that change the level, and presence periods, in which it
changes while somebody is there. An active period may hold only while the light sensor reports dark. A night runs from
local noon to local noon. Without a matching rule the lamp has the default level from sunset to sunrise.
"""

from collections import namedtuple

from ..core.calendar import DAY, civil
from ..core.faults import SettingsFault
from ..core.sun import crossing, height, noon
from .programme_rules import OPERATIONS, SUN, parsed, problems

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
HOLD_S = 120  # of a presence period that does not say how long it lasts after somebody was seen last
_DEFAULT = {"periods": [{"from": "sunset", "to": "sunrise"}]}

# begins, ends -- UTC in seconds since 2000; level -- per cent; why -- words
# dark -- True: the level holds only while the light sensor reports dark, else the lamp is off
# presence -- ((level, hold_s), ...): the level while somebody is there and for so long afterwards; the first counts
Row = namedtuple("Row", ("begins", "ends", "level", "why", "dark", "presence"))


class Programme:
    """document -- the configuration's `lamp` section, {} for the default; zone -- core/zone.py; lat, lon -- degrees.

    Raises SettingsFault("invalid") with everything that is wrong, one clause each.
    """

    def __init__(self, document, zone, lat, lon):
        self._zone = zone
        self._lat = lat
        self._lon = lon
        self._default_level = document.get("default_level", 100)
        self._calendar = document.get("calendar", ())
        self._programmes = document.get("programmes", {})
        self._present = ()  # rows of the night that at() was asked for last
        wrong = problems(document)
        if wrong:
            clauses = ["%s: %s" % (".".join([str(step) for step in path]), cause) for path, cause in wrong]
            raise SettingsFault("invalid", "; ".join(clauses))

    def sun(self, date):
        """{event: UTC or None} of the night that begins on a local date (days since 2000-01-01)."""
        return {name: self._event(name, date) for name in SUN}

    def night(self, date):
        """[Row] of the night that begins on a local date, without gaps."""
        begin = self._zone.utc_s(date * DAY + 43200)
        end = self._zone.utc_s((date + 1) * DAY + 43200)
        name = self._chosen(date)
        programme = self._programmes[name] if name else _DEFAULT

        def span(one):
            """(first, last, one) of a period; one without times is the whole night."""
            if "from" not in one:
                return begin, end, one
            return self._moment(one["from"], date, begin, end), self._moment(one["to"], date, begin, end), one

        periods = [span(one) for one in programme["periods"]]
        watched = [span(one) for one in programme.get("presence", ())]
        points = [
            (self._moment(one["at"], date, begin, end), one) for one in programme.get("points", ())
        ]  # in their order where two fall together
        points.sort(key=lambda row: row[0])
        edges = {begin, end}
        for first, last, _ in periods + watched:
            edges.update((first, last))
        edges.update(at for at, _ in points)
        edges = sorted(at for at in edges if begin <= at <= end)
        rows = []
        level = self._default_level
        why = "default" if name is None else "programme " + name
        for at, following in zip(edges, edges[1:]):
            for when, point in points:
                # a point before the first edge has worked already
                if when == at or (at == begin and when < begin):
                    level = _operated(point["op"], level, point["level"])
                    why = "%s %s %d" % (point["at"], point["op"], point["level"])
            lit = _holding(periods, at)
            if lit:
                dark = all("when" in one for one in lit)
                presence = tuple([
                    (_operated(one.get("op", "max"), level, one["level"]), one.get("hold_s", HOLD_S))
                    for one in _holding(watched, at)
                ])  # fmt: skip
                row = Row(at, following, level, why, dark, presence)
            else:
                row = Row(at, following, 0, "outside the active periods", False, ())
            if rows and rows[-1][2:] == row[2:]:
                row = Row(rows.pop().begins, *row[1:])
            rows.append(row)
        return rows

    def at(self, utc_s):
        """Row of a moment; a night is worked out once."""
        found = self._row(utc_s)
        if found is None:
            local = utc_s + self._zone.offset_s(utc_s)
            self._present = self.night((local - 43200) // DAY)
            found = self._row(utc_s)
        # none: between two nights, where the clock is changed at noon; no zone does that
        return found or Row(utc_s, utc_s, self._default_level, "default", False, ())

    def _row(self, utc_s):
        for row in self._present:
            if row.begins <= utc_s < row.ends:
                return row
        return None

    def _chosen(self, date):
        """Name of the programme of a date; None: the default."""
        for rule in self._calendar:
            if _matches(rule, date):
                return rule["programme"]
        return None

    def _event(self, name, date):
        degrees, rising = SUN[name]
        return crossing(date + rising, self._lat, self._lon, degrees, rising)

    def _moment(self, text, date, begin, end):
        """UTC of a time of the night; of a sun event that does not happen, the end of the night that makes it right."""
        found = parsed(text)
        if found is None:
            raise SettingsFault("invalid", "%r is no time" % text)
        name, offset_s = found
        if name is None:
            day = date if offset_s >= 43200 else date + 1
            return self._zone.utc_s(day * DAY + offset_s)
        at = self._event(name, date)
        if at is not None:
            return at + offset_s
        degrees, rising = SUN[name]
        # the sun stays below all night (and all day): lit from begin to end; or above: never
        dark = height(noon(date, self._lon), self._lat, self._lon) < degrees
        return (end if rising else begin) if dark else (begin if rising else end)


def _matches(rule, date):
    year, month, day = civil(date)
    if "date" in rule and rule["date"] != "%04d-%02d-%02d" % (year, month, day):
        return False
    if "days" in rule and WEEKDAYS[(date + 6) % 7] not in rule["days"]:
        return False
    if "from" in rule:
        today = "%02d-%02d" % (month, day)
        first, last = rule["from"], rule["to"]
        return first <= today <= last if first <= last else today >= first or today <= last
    return True


def _holding(spans, at):
    """The periods of [(first, last, period)] that hold at a moment."""
    return [one for first, last, one in spans if first <= at < last]


def _operated(op, level, value):
    return min(100, max(0, OPERATIONS[op](level, value)))
