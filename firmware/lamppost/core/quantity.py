"""What the node measures: one row a name, the single source for encoding and plausible limits (core/units.py: units).

Values travel through the firmware as integers. A row's `decimals` says where the point stands: t = 234 with
one decimal is 23.4 Cel on the wire. Missing is None, never 0.
"""

# name: (decimals, lowest, highest plausible as the integer)
QUANTITIES = {
    "u_mv": (0, 0, 500000),
    "i_ma": (0, 0, 200000),
    "p_mw": (0, -50000000, 50000000),
    "p_mean_mw": (0, -50000000, 50000000),
    "p_max_mw": (0, -50000000, 50000000),
    "imp_mwh": (0, 0, None),
    "e_mwh": (0, 0, None),
    "f_mhz": (0, 40000, 70000),
    "pf": (2, -100, 100),
    "d_mm": (0, 0, 50000),
    "strength": (0, 0, 65535),
    "pm1": (1, 0, 10000),
    "pm2_5": (1, 0, 10000),
    "pm4": (1, 0, 10000),
    "pm10": (1, 0, 10000),
    "t": (1, -450, 900),
    "rh": (1, 0, 1000),
    "p": (1, 2500, 12000),
}


def plausible(name, value):
    """True if the value (integer as above) lies in the limits of its row."""
    _, low, high = QUANTITIES[name]
    return (low is None or value >= low) and (high is None or value <= high)
