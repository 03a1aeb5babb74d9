"""The Air Quality Index of the US EPA, 0 to 500, by the name of its table.

Source: EPA-454/B-24-002 (May 2024), table 6 and equation 1; NowCast for particles as the EPA describes it. US-2012
has the breakpoints of PM2.5 that held until May 2024. Ozone is the mean of 8 hours, not the EPA's regression.
"""

from .history import MISSING

# table or * for both, pollutant, hours, what tenths are divided by before they are truncated, upper ends of the ranges
_RANGES = """
US-2024 pm2_5 12 1 90 354 554 1254 2254 3254
US-2012 pm2_5 12 1 120 354 554 1504 2504 5004
* pm10 12 10 54 154 254 354 424 604
* o3 8 10 54 70 85 105 200
* no2 1 10 53 100 360 649 1249 2049
* so2 1 10 35 75 185 304
* co 8 1000 44 94 124 154 304 504
"""
_INDEX = (50, 100, 150, 200, 300, 500)
_PARTICLES = ("pm2_5", "pm10")


def _rows(table):
    rows = [line.split(" ") for line in _RANGES.strip().split("\n")]
    return {row[1]: [int(n) for n in row[2:]] for row in rows if row[0] in ("*", table)}


def spans(table):
    """{pollutant: hours of its mean} of that table."""
    return {name: row[0] for name, row in _rows(table).items()}


def level(table, name, tenths):
    """The index of a concentration in tenths of ug/m3 or ppb; beyond the table's end, the end's.

    Ozone above 200 ppb and SO2 above 304 ppb are judged by other means than these, which begin where these end.
    """
    row = _rows(table)[name]
    value = max(0, tenths // row[1])
    low = below = 0
    for high, top in zip(row[2:], _INDEX):
        if value <= high:
            # rounded half up
            return (2 * (top - below) * (value - low) + high - low) // (2 * (high - low)) + below
        low, below = high + 1, top + 1
    return below - 1


def nowcast(hours):
    """Tenths of ug/m3 from the means of the last twelve clock hours, newest first, cut off as the index wants it.

    None unless two of the last three hours are known.
    """
    if len([value for value in hours[:3] if value != MISSING]) < 2:
        return None
    known = [(ago, max(0, value)) for ago, value in enumerate(hours) if value != MISSING]
    most = max([value for _, value in known])
    if not most:
        return 0
    # each weighs (weight / unit) to the power of its age; in integers nothing of it is lost
    weight, unit = max(2 * min([value for _, value in known]), most), 2 * most
    shares = [(value, weight**ago * unit ** (len(hours) - 1 - ago)) for ago, value in known]
    return sum([value * share for value, share in shares]) // sum([share for _, share in shares])


def index(table, histories):
    """(index or None, names used, whole) of {pollutant: History}; the worst pollutant counts."""
    worst, used = None, []
    for name in sorted(histories):
        history = histories[name]
        if name in _PARTICLES:
            value = nowcast(history.hours)
        else:
            value = history.long() if len(history.hours) else history.rolling()
        if value is not None:
            used.append(name)
            worst = max(worst or 0, level(table, name, value))
    return worst, used, len(used) == len(_rows(table))
