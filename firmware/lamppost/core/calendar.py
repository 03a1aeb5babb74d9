"""Dates from seconds since 2000-01-01 UTC, in integers, the same on a PC (epoch 1970) and an ESP32 (2000)."""

from micropython import const

DAY = const(86400)


def civil(day):
    """Days since 2000-01-01 -> (year, month, day), proleptic Gregorian."""
    z = day + 730425  # days from 0000-03-01 to 2000-01-01
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return yoe + era * 400 + (1 if month <= 2 else 0), month, doy - (153 * mp + 2) // 5 + 1


def days(year, month, day):
    """(year, month, day) -> days since 2000-01-01, proleptic Gregorian; the inverse of civil()."""
    if month <= 2:
        year -= 1
    era = year // 400
    yoe = year - era * 400
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 730425


def seconds(text):
    """ "2026-11-22T12:45:00Z" -> seconds since 2000-01-01 UTC, None if it is no such moment; fractions are dropped."""
    if text[19:20] == "." and _is_number(text[20:-1]):
        text = text[:19] + text[-1:]
    parts = [text[at:end] for at, end in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))]
    for part in parts:
        if not _is_number(part):
            return None
    year, month, day, hour, minute, second = [int(part) for part in parts]
    if year < 2000 or not 1 <= month <= 12:
        return None
    found = days(year, month, day) * DAY + hour * 3600 + minute * 60 + second
    return found if rfc3339(found) == text else None


def _is_number(text):
    """isdigit() would let digits of other scripts pass."""
    return text != "" and not [c for c in text if c not in "0123456789"]


def _two(buf, at, value):
    buf[at] = 48 + value // 10
    buf[at + 1] = 48 + value % 10


def rfc3339_into(buf, at, seconds):
    """Write "YYYY-MM-DDTHH:MM:SSZ" (20 bytes) of seconds since 2000 UTC into buf at `at`; returns the end."""
    year, month, day = civil(seconds // DAY)
    s = seconds % DAY
    _two(buf, at, year // 100)
    _two(buf, at + 2, year % 100)
    buf[at + 4] = buf[at + 7] = 45
    _two(buf, at + 5, month)
    _two(buf, at + 8, day)
    buf[at + 10] = 84
    _two(buf, at + 11, s // 3600)
    buf[at + 13] = buf[at + 16] = 58
    _two(buf, at + 14, s // 60 % 60)
    _two(buf, at + 17, s % 60)
    buf[at + 19] = 90
    return at + 20


def rfc3339(seconds):
    """Seconds since 2000-01-01 UTC -> "2026-11-22T12:45:00Z"."""
    buf = bytearray(20)
    rfc3339_into(buf, 0, seconds)
    return str(buf, "ascii")
