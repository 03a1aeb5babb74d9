"""European air quality indices, 1 good ... 6 extremely poor, by the name of their band table.

Upper bounds of the bands 1..5; a bound belongs to the lower band. Sources: EAQI-2024, ETC HE Report 2024/17, table 5.2,
all means of one hour; EAQI-2019, the six bands that the EEA used before, particles as running means of 24 hours.
"""

# name, pollutant, hours, bounds in ug/m3
_BANDS = """
EAQI-2024 pm2_5 1 5 15 50 90 140
EAQI-2024 pm10 1 15 45 120 195 270
EAQI-2024 no2 1 10 25 60 100 150
EAQI-2024 o3 1 60 100 120 160 180
EAQI-2024 so2 1 20 40 125 190 275
EAQI-2019 pm2_5 24 10 20 25 50 75
EAQI-2019 pm10 24 20 40 50 100 150
EAQI-2019 no2 1 40 90 120 230 340
EAQI-2019 o3 1 50 100 130 240 380
EAQI-2019 so2 1 100 200 350 500 750
"""
# ug/m3 of a ppb in thousandths, at 20 Cel and 1013 hPa as the directive has it: molar mass over 24.055 l
_MASS = {"no2": 1913, "o3": 1995, "so2": 2663}


def _rows(table):
    rows = [line.split(" ") for line in _BANDS.strip().split("\n")]
    return {row[1]: [int(n) for n in row[2:]] for row in rows if row[0] == table}


def spans(table):
    """{pollutant: hours of its mean} of that table."""
    return {name: row[0] for name, row in _rows(table).items()}


def level(table, name, tenths):
    """The band 1..6 of a concentration in tenths of ug/m3."""
    return 1 + len([bound for bound in _rows(table)[name][1:] if tenths > 10 * bound])


def index(table, histories):
    """(index or None, names used, whole) of {pollutant: History}; the worst pollutant counts.

    whole -- True if there is what the EEA asks of a station that is not beside traffic: NO2, O3 and particles
    """
    worst, used = None, []
    for name in sorted(histories):
        history = histories[name]
        value = history.long() if len(history.hours) else history.rolling()
        if value is None:
            continue
        used.append(name)
        if name in _MASS:
            value = (value * _MASS[name] + 500) // 1000
        worst = max(worst or 1, level(table, name, value))
    return worst, used, "no2" in used and "o3" in used and ("pm2_5" in used or "pm10" in used)
