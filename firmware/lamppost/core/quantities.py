"""Every quantity that a lamppost can measure: decimals, plausible limits, and the unit.

Values travel through the firmware as integers, with the point where a quantity's decimals say: t = 234 with one
decimal is 23.4 Cel on the wire. Missing is None, never 0.
"""

from collections import namedtuple

from .faults import SensorFault

# names; decimals; lowest and highest plausible as the integer, None for no limit; UCUM unit; UNECE Rec 20 code or ""
_ROWS = (
    ("u_mv u1_mv u2_mv u3_mv lamp_u_mv", 0, 0, 500000, "mV", "2Z"),
    ("i_ma i1_ma i2_ma i3_ma lamp_i_ma", 0, 0, 200000, "mA", "4K"),
    ("p_mw p_mean_mw p_max_mw", 0, -100000000, 100000000, "mW", "C31"),
    ("q_mvar", 0, -100000000, 100000000, "mV.A{reactive}", ""),
    ("p1_mw p2_mw p3_mw", 0, -50000000, 50000000, "mW", "C31"),
    ("s_mva", 0, 0, 100000000, "mV.A", ""),
    ("imp_mwh exp_mwh e_mwh gear_mwh", 0, 0, None, "mW.h", ""),
    ("utc_s", 0, 0, None, "s", "SEC"),
    ("f_mhz", 0, 40000, 70000, "mHz", "MTZ"),
    ("pf", 2, -100, 100, "1", "C62"),
    ("d_mm", 0, 0, 50000, "mm", "MMT"),
    ("strength voc_raw nox_raw", 0, 0, 65535, "1", "C62"),
    ("mag_x_ut mag_y_ut mag_z_ut", 2, -100000, 100000, "uT", "D81"),
    ("presence", 0, 0, 1, "1", "C62"),
    ("d_moving_mm d_still_mm", 0, 0, 10000, "mm", "MMT"),
    ("pm1 pm2_5 pm4 pm10", 1, 0, 10000, "ug/m3", "GQ"),
    ("t", 1, -450, 900, "Cel", "CEL"),
    ("gear_t lamp_t", 1, -600, 2000, "Cel", "CEL"),
    ("rh", 1, 0, 1000, "%", "P1"),
    ("p", 1, 2500, 12000, "hPa", "A97"),
    ("co2", 0, 0, 40000, "[ppm]", "59"),
    ("voc_index nox_index", 0, 0, 500, "1", "C62"),
    ("a0_uv a1_uv a2_uv a3_uv", 0, -6144000, 6144000, "uV", "D82"),
    ("no2 o3", 1, -5000, 200000, "[ppb]", "61"),
    ("so2", 1, -5000, 1000000, "[ppb]", "61"),
    ("co", 1, -20000, 10000000, "[ppb]", "61"),
    ("lux", 1, 0, 2000000, "lx", "LUX"),
    ("tilt", 1, 0, 1800, "deg", "DD"),
    ("ax_mg ay_mg az_mg", 0, -16000, 16000, "m[g]", ""),
)

Quantity = namedtuple("Quantity", ("decimals", "low", "high", "ucum", "rec20"))
QUANTITIES = {name: Quantity(*row[1:]) for row in _ROWS for name in row[0].split()}


def decimals(name):
    """The number of decimals of the integer; 0 for an unknown quantity."""
    row = QUANTITIES.get(name)
    return row.decimals if row else 0


def limits(name):
    """(lowest, highest plausible as the integer) of a quantity; None where there is no such limit."""
    row = QUANTITIES[name]
    return row.low, row.high


def unit(name):
    """(UCUM unit, UNECE Rec 20 code or "") of a quantity. Raises KeyError."""
    row = QUANTITIES[name]
    return row.ucum, row.rec20


def plausible(name, value):
    """True if the value (integer as above) lies in the limits of its quantity."""
    low, high = limits(name)
    return (low is None or value >= low) and (high is None or value <= high)


def checked(reading, may_lack=()):
    """The reading {name: integer}, if all its values are plausible. Raises SensorFault range.

    may_lack -- quantities of a cell of their own, which may be dead while the rest of the part is well: one that is
    implausible, or None, is None in the reading
    """
    for name in list(reading):
        value = reading[name]
        if value is None or not plausible(name, value):
            if name not in may_lack:
                raise SensorFault("range", "%s = %s" % (name, value))
            reading[name] = None
    if may_lack and not [name for name in reading if reading[name] is not None]:
        raise SensorFault("range", "no value at all")
    return reading


def lacking(part, reading):
    """SensorFault partial if the part gives only some of its values; None if all are there.

    part.OPTIONAL -- quantities that a part in order may leave out, as the distance of somebody who is not there
    """
    optional = getattr(part, "OPTIONAL", ())
    names = [name for name in part.QUANTITIES if name in reading and reading[name] is None and name not in optional]
    return SensorFault("partial", "no " + ", ".join(names)) if names else None
