"""How programmes of the lamp are written: their times and dates, and everything that can be wrong with them."""

from ..core.calendar import civil, days
from ..core.sun import CIVIL_DEG, SUNSET_DEG

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
            if parsed(point["at"]) is None:
                wrong.append((here, "%r is no time (23:00, sunset, dusk-15, sunrise+30)" % point["at"]))
            elif point["at"] in seen:
                wrong.append((here, "%s appears twice" % point["at"]))
            seen[point["at"]] = True
            wrong += _of_operation(here[:-1], point["op"], point["level"])
        for kind in ("periods", "presence"):
            for number, period in enumerate(programme.get(kind, ())):
                wrong += _of_period(("programmes", name, kind, number), period)
        for number, one in enumerate(programme.get("presence", ())):
            here = ("programmes", name, "presence", number)
            wrong += _of_operation(here, one.get("op", "max"), one["level"])
    return wrong


def uses(document, kind):
    """Name of a programme with a period of that kind, "sensor" or "presence"; None: there is none."""
    programmes = document.get("programmes", {})
    for name in sorted(programmes):
        found = programmes[name].get("presence") if kind == "presence" else [
            one for one in programmes[name]["periods"] if "when" in one
        ]  # fmt: skip
        if found:
            return name
    return None


def _of_operation(here, op, level):
    wrong = [] if op in OPERATIONS else [(here + ("op",), "is not one of " + ", ".join(sorted(OPERATIONS)))]
    if isinstance(level, bool) or not 0 <= level <= 100:
        wrong.append((here + ("level",), "is not 0 to 100"))
    return wrong


def _of_period(here, period):
    if ("from" in period) != ("to" in period):
        return [(here, "from and to go together")]
    if "from" not in period:
        return [] if "when" in period else [(here, "has neither from and to nor when")]
    wrong = [
        (here + (key,), "%r is no time" % period[key]) for key in ("from", "to") if parsed(period[key]) is None
    ]  # fmt: skip
    if period["from"] == period["to"]:
        wrong.append((here, "it ends when it begins"))
    return wrong


def parsed(text):
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
