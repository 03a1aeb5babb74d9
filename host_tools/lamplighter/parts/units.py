"""Each quantity of the firmware by the word that `lamplighter decode` says it with, in SI units; the one table of them.

The node counts in integers of small units (mV, tenths of a degree); people and their programs get whole units with
their unit in the name. A value that is missing is None.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable

_PLACE = re.compile("(_l[123]|_[xyz]|_[0-3])?(_ug_m3|_(v|a|w|var|va|hz|wh|mm|ut|c|percent|pa|ppm|deg|mg))?$")
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)

# quantity: (word, exponent of ten that makes its integer a number of that unit)
WORDS: dict[str, tuple[str, int]] = {
    "u_mv": ("voltage_v", -3),
    "u1_mv": ("voltage_l1_v", -3),
    "u2_mv": ("voltage_l2_v", -3),
    "u3_mv": ("voltage_l3_v", -3),
    "i_ma": ("current_a", -3),
    "i1_ma": ("current_l1_a", -3),
    "i2_ma": ("current_l2_a", -3),
    "i3_ma": ("current_l3_a", -3),
    "p_mw": ("power_w", -3),
    "p1_mw": ("power_l1_w", -3),
    "p2_mw": ("power_l2_w", -3),
    "p3_mw": ("power_l3_w", -3),
    "q_mvar": ("reactive_var", -3),
    "s_mva": ("apparent_va", -3),
    "pf": ("power_factor", -2),
    "f_mhz": ("frequency_hz", -3),
    "imp_mwh": ("energy_wh", -3),
    "exp_mwh": ("export_wh", -3),
    "d_mm": ("distance_mm", 0),
    "strength": ("strength", 0),
    "mag_x_ut": ("mag_x_ut", -2),
    "mag_y_ut": ("mag_y_ut", -2),
    "mag_z_ut": ("mag_z_ut", -2),
    "presence": ("presence", 0),
    "d_moving_mm": ("moving_distance_mm", 0),
    "d_still_mm": ("still_distance_mm", 0),
    "pm1": ("pm1_ug_m3", -1),
    "pm2_5": ("pm2_5_ug_m3", -1),
    "pm4": ("pm4_ug_m3", -1),
    "pm10": ("pm10_ug_m3", -1),
    "t": ("temperature_c", -1),
    "rh": ("humidity_percent", -1),
    "p": ("pressure_pa", 1),
    "co2": ("co2_ppm", 0),
    "voc_raw": ("voc_raw", 0),
    "nox_raw": ("nox_raw", 0),
    "a0_uv": ("input_0_v", -6),
    "a1_uv": ("input_1_v", -6),
    "a2_uv": ("input_2_v", -6),
    "a3_uv": ("input_3_v", -6),
    "lux": ("lux", -1),
    "tilt": ("tilt_deg", -1),
    "ax_mg": ("acceleration_x_mg", 0),
    "ay_mg": ("acceleration_y_mg", 0),
    "az_mg": ("acceleration_z_mg", 0),
}
_UNITS = {
    "v": "V", "a": "A", "w": "W", "var": "var", "va": "VA", "hz": "Hz", "wh": "Wh", "mm": "mm", "ut": "µT",
    "m3": "µg/m³", "c": "°C", "percent": "%", "pa": "Pa", "ppm": "ppm", "lux": "lx", "deg": "°", "mg": "mg",
}  # fmt: skip


def plain(names: Iterable[str]) -> str:
    """Quantities as people name them: without units, phases and axes, each once."""
    words = (_PLACE.sub("", WORDS[name][0]) if name in WORDS else name for name in names)
    return ", ".join(dict.fromkeys(word.replace("pm2_5", "pm2.5").replace("_", " ") for word in words))


def reading(found: dict[str, int | None]) -> dict[str, int | float | str | None]:
    """A decoder's reading by SI words, in its order."""
    return dict(map(value, found, found.values()))


def value(name: str, integer: int | None) -> tuple[str, int | float | str | None]:
    """(word, value) of one quantity; a clock's time as text of ISO 8601."""
    if name == "utc_s":
        moment = None if integer is None else EPOCH + datetime.timedelta(seconds=integer)
        return "utc", moment and moment.isoformat().replace("+00:00", "Z")
    word, exponent = WORDS[name]
    if integer is None:
        return word, None
    return word, integer * 10**exponent if exponent >= 0 else integer / 10**-exponent


def shown(word: str, number: float | str | None) -> str:
    """A value for people, with as many decimals as its part tells."""
    exponent = next((exponent for other, exponent in WORDS.values() if other == word), 0)
    if number is None or isinstance(number, str):
        return "null" if number is None else number
    return f"{number:.{max(0, -exponent)}f}"


def unit(word: str) -> str:
    """Its unit as people write it."""
    return _UNITS.get(word.rsplit("_", 1)[-1], "")
