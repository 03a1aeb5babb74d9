"""The air on its way into a sensor: water vapour by Magnus, particles that swell, a fan that brings it in."""

import math

KAPPA = 0.4  # hygroscopicity of urban particles: Crilley et al. 2018, Atmos. Meas. Tech. 11, 709
DENSITY = 1.65  # of dry particles, g/cm3, there
WETTEST = 0.98  # water activity up to which the growth is known


def saturation(celsius):
    """Water vapour pressure over water in hPa (Magnus, WMO-No. 8 annex 4.B)."""
    return 6.112 * math.exp(17.62 * celsius / (243.12 + celsius))


def vapour(celsius, percent):
    """Absolute humidity in g/m3."""
    return 216.7 * percent / 100 * saturation(celsius) / (273.15 + celsius)


def swollen(ug_m3, percent):
    """The mass that an optical sensor takes swollen particles for; percent None: dry air."""
    if not percent:
        return ug_m3
    activity = min(WETTEST, percent / 100)
    return ug_m3 * (1 + KAPPA / DENSITY * activity / (1 - activity))


def aired(since_us, settled_us):
    """The share that is read so long after a fan began to bring fresh air: it climbs from a third to the whole."""
    return (1 + 2 * min(1, since_us / settled_us)) / 3
