"""Calculates sunrise, sunset and civil twilight to a few seconds in 32-bit floats.

Low-precision formulas of the Astronomical Almanac (section C). Angles that grow with the days are reduced in integers:
a float of 32 bits does not hold thirty years of turns.
"""

from math import acos, asin, atan2, cos, pi, sin

from micropython import const

from .calendar import DAY, civil, days

SUNSET_DEG = -0.833  # refraction at the horizon, and the sun's upper edge
CIVIL_DEG = -6.0
_J2000_S = const(43200)  # the formulas count from 2000-01-01 12:00
_TURN = const(3600000000)  # degrees are counted in ten-millionths
RADIAN = pi / 180
# the sun's declination at the beginning of each month, degrees
_DECLINATION = (-23.0, -17.2, -7.7, 4.4, 15.0, 22.0, 23.1, 18.1, 8.4, -3.1, -14.3, -21.8, -23.0)
_ROUNDS = 3  # each round is at least fifty times nearer than the one before


def reduced(start, per_day, seconds):
    """Degrees from 0 to 360 of an angle in 1e-7 degrees that grows by per_day since J2000."""
    return (start + per_day * (seconds - _J2000_S) // DAY) % _TURN / 10000000


def position(utc_s):
    """(declination in radians, equation of time in seconds) of the sun at seconds since 2000 UTC."""
    mean = reduced(2804600000, 9856474, utc_s)
    anomaly = reduced(3575280000, 9856003, utc_s) * RADIAN
    longitude = (mean + 1.915 * sin(anomaly) + 0.02 * sin(2 * anomaly)) * RADIAN
    obliquity = (23.439 - 0.0000004 * (utc_s // DAY)) * RADIAN
    ascension = atan2(cos(obliquity) * sin(longitude), cos(longitude)) / RADIAN
    difference = mean - ascension
    while difference > 180:
        difference -= 360
    return asin(sin(obliquity) * sin(longitude)), difference * 240


def noon(day, lon):
    """UTC of the mean solar noon of a day (days since 2000-01-01) at a longitude in degrees east."""
    return day * DAY + 43200 - int(lon * 240)


def crossing(day, lat, lon, height_deg, rising):
    """UTC in seconds since 2000 at which the sun's centre passes a height on a solar day; None where it never does.

    day -- days since 2000-01-01, the solar day around noon(day, lon)
    rising -- True: in the morning, False: in the evening
    """
    middle = noon(day, lon)
    high = lat * RADIAN
    found = middle + (-21600 if rising else 21600)
    for _ in range(_ROUNDS):
        declination, equation = position(found)
        span = (sin(height_deg * RADIAN) - sin(high) * sin(declination)) / (cos(high) * cos(declination))
        if not -1 <= span <= 1:
            return None
        half = acos(span) / pi * 43200
        found = middle - int(equation + 0.5) + int(-half - 0.5 if rising else half + 0.5)
    return found


def height(utc_s, lat, lon):
    """Degrees of the sun's centre above the horizon, without refraction."""
    declination, equation = position(utc_s)
    seconds = (utc_s - noon(utc_s // DAY, lon) + int(equation)) % DAY  # since the true noon
    high = lat * RADIAN
    angle = sin(high) * sin(declination) + cos(high) * cos(declination) * cos(seconds / 43200 * pi)
    return asin(max(-1.0, min(1.0, angle))) / RADIAN


def coarse_height(utc_s, lat, lon):
    """The same to 6 degrees, from a table of months and without the equation of time: a bound for the other."""
    year, month, _ = civil(utc_s // DAY)
    first = days(year, month, 1) * DAY
    passed = (utc_s - first) / (31 * DAY)
    declination = _DECLINATION[month - 1] + (_DECLINATION[month] - _DECLINATION[month - 1]) * min(1.0, passed)
    seconds = (utc_s - noon(utc_s // DAY, lon)) % DAY
    high, low = lat * RADIAN, declination * RADIAN
    angle = sin(high) * sin(low) + cos(high) * cos(low) * cos(seconds / 43200 * pi)
    return asin(max(-1.0, min(1.0, angle))) / RADIAN
