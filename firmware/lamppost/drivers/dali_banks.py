"""The D4i memory banks of control gear (parts 251 to 253, and 207): which bytes to read, and what they mean."""

from micropython import const

# (bank, first byte, bytes, latch first)
ENERGY = (202, 0x04, 12, True)
GEAR = (205, 0x04, 25, True)
LAMP = (206, 0x04, 29, True)
RATED = (207, 0x04, 4, False)
LUMINAIRE = (1, 0x03, 33, False)

_KELVIN = const(60)  # temperatures are stored with this added


def number(data, first, size):
    """A big-endian number; None while the gear does not know it (all ones) or has it not at hand (…FE)."""
    value = 0
    for byte in data[first : first + size]:
        value = value << 8 | byte
    return None if value >= (1 << 8 * size) - 2 else value


def scaled_milli(data, first, size):
    """A value with a scale of ten (one signed byte) before it, in thousandths: an integer."""
    value = number(data, first + 1, size)
    if value is None:
        return None
    scale = data[first] - 256 if data[first] > 127 else data[first]
    scale += 3
    if not -12 <= scale <= 12:
        return None
    return value * 10**scale if scale >= 0 else value // 10**-scale


def energy(data):
    """{import_mwh, p_mw} of ENERGY."""
    return {"import_mwh": scaled_milli(data, 0, 6), "p_mw": scaled_milli(data, 7, 4)}


def _temperature(data, first):
    found = number(data, first, 1)
    return None if found is None else found - _KELVIN


def gear(data):
    """What GEAR says; `failures` names the conditions that are on now."""
    names = ("failure", "undervoltage", "overvoltage", "power_limit", "derating", "shutdown")
    return {
        "operating_s": number(data, 0, 4), "starts": number(data, 4, 3), "u_mv": _milli(number(data, 7, 2)),
        "pf_percent": number(data, 10, 1), "temperature": _temperature(data, 23),
        "failures": [name for n, name in enumerate(names) if data[11 + 2 * n] == 1],
    }  # fmt: skip


def lamp(data):
    """What LAMP says of the light source."""
    names = ("failure", "short", "open", "derating", "shutdown")
    return {
        "starts": number(data, 3, 3), "burn_s": number(data, 10, 4), "u_mv": _milli(number(data, 14, 2)),
        "i_ma": number(data, 16, 2), "temperature": _temperature(data, 28),
        "failures": [name for n, name in enumerate(names) if data[18 + 2 * n] == 1],
    }  # fmt: skip


def rated(data):
    """What RATED says: the life for which the light source is sold."""
    life, starts = number(data, 0, 1), number(data, 2, 2)
    return {
        "life_h": None if life is None else life * 1000, "starts": None if starts is None else starts * 100,
        "reference_temperature": number(data, 1, 1),
    }  # fmt: skip


def luminaire(data):
    """What LUMINAIRE says of the luminaire, as its maker has stored it."""
    gtin, serial, year = number(data, 0, 6), number(data, 6, 8), number(data, 16, 1)
    return {
        "gtin": None if gtin is None else str(gtin), "serial": None if serial is None else str(serial),
        "year": None if year is None else 2000 + year, "week": number(data, 17, 1),
        "rated_w": number(data, 18, 2), "least_w": number(data, 20, 2),
        "least_v": number(data, 22, 2), "most_v": number(data, 24, 2),
        "lumen": number(data, 26, 3), "cri": number(data, 29, 1), "cct_k": number(data, 30, 2),
    }  # fmt: skip


def _milli(tenths):
    return None if tenths is None else tenths * 100
