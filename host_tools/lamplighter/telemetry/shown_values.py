"""How values are shown to people: title, unit, scale and decimals of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..contract import SCHEMA, UNITS

# letter: meaning
LETTERS = dict(part.split(" ", 1) for part in SCHEMA["$defs"]["letter"]["title"].split(", "))


@dataclass(frozen=True)
class Shown:
    title: str
    divisor: int
    decimals: int
    unit: str

    def scaled(self, value: float | None) -> float | None:
        return None if value is None else round(float(value) / self.divisor, self.decimals)


_V, _A, _W, _KWH = (1000, 1, "V"), (1000, 2, "A"), (1000, 1, "W"), (1_000_000, 3, "kWh")
_DUST, _PPB = (1, 1, "µg/m³"), (1, 1, "ppb")
_SHOWN = {
    "p_mean_mw": ("Power", *_W),
    "p_max_mw": ("Highest power", *_W),
    "u_mv": ("Voltage", *_V),
    "i_ma": ("Current", *_A),
    "imp_mwh": ("Energy register", *_KWH),
    "exp_mwh": ("Export register", *_KWH),
    "e_mwh": ("Energy of the window", 1000, 2, "Wh"),
    "pf": ("Power factor", 1, 2, ""),
    "f_mhz": ("Frequency", 1000, 2, "Hz"),
    "q_mvar": ("Reactive power", 1000, 1, "var"),
    "s_mva": ("Apparent power", 1000, 1, "VA"),
    **{f"u{n}_mv": (f"Voltage L{n}", *_V) for n in (1, 2, 3)},
    **{f"i{n}_ma": (f"Current L{n}", *_A) for n in (1, 2, 3)},
    **{f"p{n}_mw": (f"Power L{n}", *_W) for n in (1, 2, 3)},
    "pm1": ("PM1", *_DUST),
    "pm2_5": ("PM2.5", *_DUST),
    "pm4": ("PM4", *_DUST),
    "pm10": ("PM10", *_DUST),
    "no2": ("NO₂", *_PPB),
    "o3": ("O₃", *_PPB),
    "so2": ("SO₂", *_PPB),
    "co": ("CO", *_PPB),
    "co2": ("CO₂", 1, 0, "ppm"),
    "voc_index": ("VOC index", 1, 0, ""),
    "nox_index": ("NOx index", 1, 0, ""),
    "t": ("Temperature", 1, 1, "°C"),
    "rh": ("Humidity", 1, 0, "%"),
    "p": ("Air pressure", 1, 0, "hPa"),
    "lux": ("Light", 1, 1, "lx"),
    "gear_mwh": ("Energy of the gear", *_KWH),
    "p_mw": ("Power", *_W),
    "gear_t": ("Gear temperature", 1, 0, "°C"),
    "lamp_u_mv": ("Voltage of the light source", *_V),
    "lamp_i_ma": ("Current of the light source", *_A),
    "lamp_t": ("Temperature of the light source", 1, 0, "°C"),
    "level": ("Lamp level", 1, 0, "%"),
    "d_mm": ("Distance", 1000, 2, "m"),
    "mag_nt": ("Field change", 1000, 1, "µT"),
    "tilt": ("Tilt", 1, 1, "°"),
}


def shown(name: str) -> Shown | None:
    """How a value of the contract is shown; None for what is no value."""
    if name in _SHOWN:
        return Shown(*_SHOWN[name])
    if name in UNITS:
        return Shown(name, 1, UNITS[name]["decimals"], UNITS[name]["ucum"].replace("1", ""))
    return None


def values(message: dict[str, Any]) -> list[tuple[str, Shown, float | None, str]]:
    """(name, how it is shown, value, quality letter) of each value of a message, in a fixed order."""
    order = list(_SHOWN)
    found = []
    for name in sorted(message, key=lambda name: order.index(name) if name in order else len(order)):
        value, how = message[name], shown(name)
        if how and not isinstance(value, bool) and (value is None or isinstance(value, int | float)):
            found.append((name, how, value, message.get("q", {}).get(name, "V")))
    return found
