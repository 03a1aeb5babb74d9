"""The European Air Quality Index, bands of the 2024 revision: 1 good ... 6 extremely poor."""

TABLE = "EAQI-2024"

# Upper bounds of the bands 1..5 for one-hour means, tenths of ug/m3; a bound belongs to the lower band.
# ETC HE Report 2024/17, table 5.2.
BANDS = {
    "pm2_5": (50, 150, 500, 900, 1400),
    "pm10": (150, 450, 1200, 1950, 2700),
}


def level(pollutant, tenths):
    """The band 1..6 of a concentration in tenths of ug/m3."""
    band = 1
    for bound in BANDS[pollutant]:
        if tenths > bound:
            band += 1
    return band


def member(means):
    """The `aqi` member of tele/air from one-hour means {pollutant: tenths}; the worst pollutant counts.

    Partial, because a lamppost does not measure all pollutants that the index is made of.
    """
    used = sorted(name for name in means if name in BANDS)
    index = max([level(name, means[name]) for name in used]) if used else "null"
    of = ",".join('"%s"' % name for name in used)
    return '"aqi":{"table":"%s","index":%s,"of":[%s],"partial":true}' % (TABLE, index, of)
