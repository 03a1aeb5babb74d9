"""The unit of each quantity of core/quantity.py; loaded for `info` and the self-test."""

# name: (UCUM unit, UNECE Rec 20 code)
UNITS = {
    "u_mv": ("mV", "2Z"),
    "i_ma": ("mA", "4K"),
    "p_mw": ("mW", "C31"),
    "p_mean_mw": ("mW", "C31"),
    "p_max_mw": ("mW", "C31"),
    "imp_mwh": ("mW.h", ""),
    "e_mwh": ("mW.h", ""),
    "f_mhz": ("mHz", "MTZ"),
    "pf": ("1", "C62"),
    "d_mm": ("mm", "MMT"),
    "strength": ("1", "C62"),
    "pm1": ("ug/m3", "GQ"),
    "pm2_5": ("ug/m3", "GQ"),
    "pm4": ("ug/m3", "GQ"),
    "pm10": ("ug/m3", "GQ"),
    "t": ("Cel", "CEL"),
    "rh": ("%", "P1"),
    "p": ("hPa", "A97"),
}
