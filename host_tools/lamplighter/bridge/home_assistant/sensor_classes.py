"""Which values of the contract become sensors of Home Assistant, with name and classes.

Classes and units: https://developers.home-assistant.io/docs/core/entity/sensor. Home Assistant refuses a value with the
wrong unit for its class. The sign in µg/m³ is U+00B5, which all its versions know.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...contract import UNITS
from ...telemetry.shown_values import shown

_TOTAL = "total_increasing"


@dataclass(frozen=True)
class Quantity:
    """A value without a class of its own has its unit alone."""

    name: str
    device_class: str | None = None
    state_class: str = "measurement"
    diagnostic: bool = False
    own: tuple[int, str | None] | None = None  # (divisor, unit) of what no screen shows

    def scale(self, value: str) -> tuple[int, str | None]:
        """(divisor, unit) of a value of the contract, as every screen has it: shown_values.py."""
        how = shown(value)
        if self.own or how is None:
            return self.own or (1, None)
        return how.divisor, how.unit or None

    def decimals(self, value: str) -> int:
        """How many are shown."""
        divisor, _ = self.scale(value)
        return min(max(UNITS[value]["decimals"] if value in UNITS else 0, len(str(divisor)) - 1), 2)


QUANTITIES = {
    "u_mv": Quantity("Voltage", "voltage"),
    **{f"u{n}_mv": Quantity(f"Voltage L{n}", "voltage") for n in (1, 2, 3)},
    "i_ma": Quantity("Current", "current"),
    **{f"i{n}_ma": Quantity(f"Current L{n}", "current") for n in (1, 2, 3)},
    "p_mean_mw": Quantity("Power", "power"),
    "p_max_mw": Quantity("Highest power", "power"),
    **{f"p{n}_mw": Quantity(f"Power L{n}", "power") for n in (1, 2, 3)},
    "q_mvar": Quantity("Reactive power", "reactive_power"),
    "s_mva": Quantity("Apparent power", "apparent_power"),
    "pf": Quantity("Power factor", "power_factor"),
    "f_mhz": Quantity("Frequency", "frequency"),
    "imp_mwh": Quantity("Energy", "energy", _TOTAL),
    "exp_mwh": Quantity("Energy exported", "energy", _TOTAL),
    "pm1": Quantity("PM1", "pm1"),
    "pm2_5": Quantity("PM2.5", "pm25"),
    "pm4": Quantity("PM4"),
    "pm10": Quantity("PM10", "pm10"),
    "co2": Quantity("CO2", "carbon_dioxide"),
    # in ppb, which the classes of these gases allow from 2026 on only
    "no2": Quantity("NO2"),
    "o3": Quantity("Ozone"),
    "so2": Quantity("SO2"),
    "co": Quantity("CO"),
    "voc_index": Quantity("VOC index"),
    "nox_index": Quantity("NOx index"),
    "t": Quantity("Temperature", "temperature"),
    "rh": Quantity("Humidity", "humidity"),
    "p": Quantity("Air pressure", "atmospheric_pressure"),
    "lux": Quantity("Illuminance", "illuminance"),
    "burn_s": Quantity("Burn hours", "duration", _TOTAL, own=(3600, "h")),
    "switchings": Quantity("Switchings", state_class=_TOTAL),
    "rssi": Quantity("WiFi signal", "signal_strength", diagnostic=True, own=(1, "dBm")),
    "depth": Quantity("Records waiting", diagnostic=True),
    "power_cuts": Quantity("Power cuts", state_class=_TOTAL, diagnostic=True),
}
# of tele/gear/{gear}, once a day. Another gear begins to count anew, which total_increasing allows.
GEAR = {
    "gear_mwh": Quantity("energy", "energy", _TOTAL, diagnostic=True),
    "p_mw": Quantity("power", "power", diagnostic=True),
    "u_mv": Quantity("voltage", "voltage", diagnostic=True),
    "pf": Quantity("power factor", "power_factor", diagnostic=True),
    "gear_t": Quantity("temperature", "temperature", diagnostic=True),
    "gear_s": Quantity("hours", "duration", _TOTAL, diagnostic=True, own=(3600, "h")),
    "gear_starts": Quantity("starts", state_class=_TOTAL, diagnostic=True),
    "lamp_u_mv": Quantity("light source voltage", "voltage", diagnostic=True),
    "lamp_i_ma": Quantity("light source current", "current", diagnostic=True),
    "lamp_t": Quantity("light source temperature", "temperature", diagnostic=True),
    "lamp_s": Quantity("light source hours", "duration", _TOTAL, diagnostic=True, own=(3600, "h")),
    "lamp_starts": Quantity("light source starts", state_class=_TOTAL, diagnostic=True),
}
