"""Computes the lamp's level through a night from calendar, periods, switching points, sun and clock.

The model is TALQ's, reduced: a calendar chooses a programme by date (first match wins); the programme has active
periods, outside which the lamp is off, and switching points that change the level. A night runs from local noon to
local noon. Without a matching rule the lamp has the default level from sunset to sunrise.
"""

from ..core.calendar import DAY, civil, days
from ..core.faults import SettingsFault
from ..core.sun import CIVIL_DEG, SUNSET_DEG, crossing, height, noon

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# name of an event: (height of the sun in degrees, in the morning)
SUN = {
    "sunset": (SUNSET_DEG, False),
    "dusk": (CIVIL_DEG, False),
    "dawn": (CIVIL_DEG, True),
    "sunrise": (SUNSET_DEG, True),
}
OPERATIONS = {
    "set": lambda level, value: value,
    "max": max,
    "min": min,
    "add": lambda level, value: level + value,
    "sub": lambda level, value: level - value,
    "mul": lambda level, value: level * value // 100,
}
_DEFAULT = {"periods": [{"from": "sunset", "to": "sunrise"}]}


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
        """[(from, to, level in per cent, why)] of the night that begins on a local date, in UTC without gaps."""
        begin = self._zone.utc_s(date * DAY + 43200)
        end = self._zone.utc_s((date + 1) * DAY + 43200)
        name = self._chosen(date)
        programme = self._programmes[name] if name else _DEFAULT
        level = self._default_level
        active = [
            (self._moment(one["from"], date, begin, end), self._moment(one["to"], date, begin, end), one)
            for one in programme["periods"]
        ]
        points = [
            (self._moment(one["at"], date, begin, end), one) for one in programme.get("points", ())
        ]  # in their order where two fall together
        points.sort(key=lambda row: row[0])
        edges = {begin, end}
        for first, last, _ in active:
            edges.update((first, last))
        edges.update(at for at, _ in points)
        edges = sorted(at for at in edges if begin <= at <= end)
        rows = []
        why = "default" if name is None else "programme " + name
        for at, following in zip(edges, edges[1:]):
            for when, point in points:
                # a point before the first edge has worked already
                if when == at or (at == begin and when < begin):
                    level = min(100, max(0, OPERATIONS[point["op"]](level, point["level"])))
                    why = "%s %s %d" % (point["at"], point["op"], point["level"])
            lit = any(first <= at < last for first, last, _ in active)
            row = (at, following, level, why) if lit else (at, following, 0, "outside the active periods")
            if rows and rows[-1][2:] == row[2:]:
                rows[-1] = (rows[-1][0], following, row[2], row[3])
            else:
                rows.append(row)
        return rows

    def at(self, utc_s):
        """(level, why) at a moment; a night is worked out once."""
        found = self._row(utc_s)
        if found is None:
            local = utc_s + self._zone.offset_s(utc_s)
            self._present = self.night((local - 43200) // DAY)
            found = self._row(utc_s)
        # none: between two nights, where the clock is changed at noon; no zone does that
        return found or (self._default_level, "default")

    def _row(self, utc_s):
        for first, last, level, why in self._present:
            if first <= utc_s < last:
                return level, why
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
        parsed = _parsed(text)
        if parsed is None:
            raise SettingsFault("invalid", "%r is no time" % text)
        name, offset_s = parsed
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


def problems(document):
    """[(path, cause)] of the errors of calendar and programmes beyond their schema."""
    wrong = []
    programmes = document.get("programmes", {})
    for number, rule in enumerate(document.get("calendar", ())):
        here = ("calendar", number)
        if rule["programme"] not in programmes:
            wrong.append((here, "there is no programme %r" % rule["programme"]))
        for key in ("from", "to", "date"):
            if key in rule and not is_date(rule[key], key == "date"):
                wrong.append((here + (key,), "%r is no date" % rule[key]))
        if ("from" in rule) != ("to" in rule):
            wrong.append((here, "from and to go together"))
    for name in sorted(programmes):
        programme = programmes[name]
        seen = {}
        for number, point in enumerate(programme.get("points", ())):
            here = ("programmes", name, "points", number, "at")
            if _parsed(point["at"]) is None:
                wrong.append((here, "%r is no time (23:00, sunset, dusk-15, sunrise+30)" % point["at"]))
            elif point["at"] in seen:
                wrong.append((here, "%s appears twice" % point["at"]))
            seen[point["at"]] = True
        for number, period in enumerate(programme["periods"]):
            here = ("programmes", name, "periods", number)
            for key in ("from", "to"):
                if _parsed(period[key]) is None:
                    wrong.append((here + (key,), "%r is no time" % period[key]))
            if period["from"] == period["to"]:
                wrong.append((here, "it ends when it begins"))
    return wrong


def _parsed(text):
    """(None, seconds of the local day) of "23:00", (event, seconds) of "sunset-15" in minutes; None for no time."""
    if text[2:3] == ":":
        hours, minutes = text[:2], text[3:]
        if len(minutes) != 2 or not (hours.isdigit() and minutes.isdigit()) or int(hours) > 23 or int(minutes) > 59:
            return None
        return None, int(hours) * 3600 + int(minutes) * 60
    for name in SUN:
        if text.startswith(name):
            rest = text[len(name) :]
            if not rest:
                return name, 0
            if rest[0] in "+-" and rest[1:].isdigit() and len(rest) <= 4:
                return name, int(rest) * 60
    return None


def is_date(text, with_year):
    """True for YYYY-MM-DD, or MM-DD without a year, of the calendar."""
    parts = text.split("-")
    if len(parts) != 2 + with_year or not all(part.isdigit() for part in parts):
        return False
    year = int(parts[0]) if with_year else 2024  # a leap year: 29 February is a day of the calendar
    month, day = int(parts[-2]), int(parts[-1])
    return 1 <= month <= 12 and 1 <= day <= 31 and civil(days(year, month, day)) == (year, month, day)


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
