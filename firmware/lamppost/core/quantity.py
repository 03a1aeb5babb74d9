"""What the node measures: one row a name, the single source for encoding, units and plausible limits.

Values travel through the firmware as integers. A row's `decimals` says where the point stands: t = 234 with
one decimal is 23.4 Cel on the wire. Missing is None, never 0.
"""

# name: (decimals, UCUM unit, UNECE Rec 20 code, lowest, highest plausible as the integer)
QUANTITIES = {
    "u_mv": (0, "mV", "2Z", 0, 500000),
    "i_ma": (0, "mA", "4K", 0, 200000),
    "p_mw": (0, "mW", "C31", -50000000, 50000000),
    "p_mean_mw": (0, "mW", "C31", -50000000, 50000000),
    "p_max_mw": (0, "mW", "C31", -50000000, 50000000),
    "imp_mwh": (0, "mW.h", "", 0, None),
    "e_mwh": (0, "mW.h", "", 0, None),
    "f_mhz": (0, "mHz", "MTZ", 40000, 70000),
    "pf": (2, "1", "C62", -100, 100),
    "d_mm": (0, "mm", "MMT", 0, 50000),
    "strength": (0, "1", "C62", 0, 65535),
    "pm1": (1, "ug/m3", "GQ", 0, 10000),
    "pm2_5": (1, "ug/m3", "GQ", 0, 10000),
    "pm4": (1, "ug/m3", "GQ", 0, 10000),
    "pm10": (1, "ug/m3", "GQ", 0, 10000),
    "t": (1, "Cel", "CEL", -450, 900),
    "rh": (1, "%", "P1", 0, 1000),
    "p": (1, "hPa", "A97", 2500, 12000),
}


def plausible(name, value):
    """True if the value (integer as above) lies in the limits of its row."""
    row = QUANTITIES[name]
    return (row[3] is None or value >= row[3]) and (row[4] is None or value <= row[4])
