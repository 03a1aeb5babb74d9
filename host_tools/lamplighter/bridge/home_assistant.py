"""Home Assistant's MQTT discovery of a lamppost: one retained message a device, made from what the lamppost publishes.

Home Assistant then reads the lamppost's own topics by the templates in it; no value passes through here. Classes and
units: https://developers.home-assistant.io/docs/core/entity/sensor. A value with the wrong unit for its class is
refused by Home Assistant. The sign in µg/m³ is U+00B5, which all its versions know.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .. import __version__
from ..contract import ROOT, UNITS
from ..telemetry.shown_values import shown
from ..telemetry.state import Node

_ALIVE = "{{ 'online' if value_json.state == 'online' else 'offline' }}"
# random, as two commands of one millisecond must not have the same id: the second would count as a repeat
_ID = "ha-{{ (now().timestamp() * 1000) | int }}-{{ range(0, 1000000) | random }}"
_SOON = "{{ (utcnow() + timedelta(minutes=1)).strftime('%Y-%m-%dT%H:%M:%SZ') }}"
_LATER = "{{ (utcnow() + timedelta(hours=12)).strftime('%Y-%m-%dT%H:%M:%SZ') }}"

Component = dict[str, Any]


@dataclass(frozen=True)
class Quantity:
    """How a value of the contract becomes a sensor; a value without a class of its own has its unit alone."""

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


_TOTAL = "total_increasing"
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
# what no sensor is made of: parts of a state, or settings
_TELEMETRY = ("tele/energy", "tele/air", "tele/light", "diag")


def device_id(site: str, node: str) -> str:
    """Neither name can contain the underscore, so no two lampposts have the same."""
    return f"lamppost_{site}_{node}"


def topic(prefix: str, site: str, node: str) -> str:
    return f"{prefix}/device/{device_id(site, node)}/config"


def discovery(node: Node, known: dict[str, Component] | None = None) -> dict[str, Any] | None:
    """The discovery message of a lamppost; None before its `info` is there.

    known -- components of the message before: a value that has not come again yet stays
    """
    info = node.last.get("info")
    if info is None:
        return None
    about = info.message
    identity = device_id(node.site, node.name)
    device = {
        "ids": [identity],
        "name": about["asset"] or f"{node.site} {node.name}",
        "mf": "Lamplighter",
        "mdl": about["board"],
        "sw": about["firmware"],
        "hw": about["chip"],
        "sa": node.site,
    }
    components = {**(known or {}), **_components(node, identity)}
    # version of the tool, not of the lamppost: Home Assistant shows it with its log lines
    origin = {"name": "lamplighter", "sw": __version__}
    return {"dev": device, "o": origin, "qos": 1, "cmps": dict(sorted(components.items()))}


def _components(node: Node, identity: str) -> dict[str, Component]:
    root = f"{ROOT}/{node.site}/{node.name}"
    found: dict[str, Component] = {
        "online": {
            "p": "binary_sensor", "name": "Online", "dev_cla": "connectivity", "ent_cat": "diagnostic",
            "stat_t": f"{root}/state", "val_tpl": "{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
        },
        "identify": {
            "p": "button", "name": "Identify", "dev_cla": "identify", "ent_cat": "diagnostic",
            "cmd_t": f"{root}/cmd/identify", "cmd_tpl": f'{{"id":"{_ID}","exp":"{_SOON}","args":{{}}}}',
        },
    }  # fmt: skip
    for suffix, value in node.last.items():
        if suffix in _TELEMETRY:
            for name in value.message:
                if name in QUANTITIES:
                    found[f"{suffix.split('/')[-1]}_{name}"] = _sensor(f"{root}/{suffix}", name)
        if suffix == "tele/air":
            found["air_aqi"] = _index(f"{root}/{suffix}")
        if suffix == "tele/light" and "level" in value.message:
            found["lamp"] = lamp_light(root)
        if suffix.startswith("tele/parking/"):
            found[f"bay_{suffix.split('/')[2]}"] = _bay(f"{root}/{suffix}", suffix.split("/")[2])
    for code in node.alarms:
        found[f"alarm_{code}"] = {
            "p": "binary_sensor", "name": f"Alarm {code}", "dev_cla": "problem", "ent_cat": "diagnostic",
            "stat_t": f"{root}/alarm/{code}", "val_tpl": "{{ 'ON' if value else 'OFF' }}",
        }  # fmt: skip
    for key, component in found.items():
        component["uniq_id"] = f"{identity}_{key}"
        if key != "online" and not key.startswith("alarm_"):
            component |= {"avty_t": f"{root}/state", "avty_tpl": _ALIVE}
    return found


def _sensor(where: str, name: str) -> Component:
    """A value of the telemetry: null is unknown, and a record that waited is not the state of now."""
    row = QUANTITIES[name]
    value = f"value_json.{name}"
    divisor, unit = row.scale(name)
    scaled = f"{value} / {divisor}" if divisor > 1 else value
    late = "" if where.endswith("/diag") else "'' if value_json.h == 1 else "
    component: Component = {
        "p": "sensor",
        "name": row.name,
        "stat_t": where,
        "val_tpl": f"{{{{ {late}{scaled} if {value} is number else none }}}}",
    }
    decimals = max(UNITS[name]["decimals"] if name in UNITS else 0, len(str(divisor)) - 1)
    extra = {
        "dev_cla": row.device_class, "unit_of_meas": unit, "stat_cla": row.state_class,
        "ent_cat": "diagnostic" if row.diagnostic else None, "sug_dsp_prc": min(decimals, 2),
    }  # fmt: skip
    return {**component, **{key: value for key, value in extra.items() if value is not None}}


def _index(where: str) -> Component:
    """Its class takes no unit; the name of the band table is an attribute."""
    of = "value_json.aqi"
    return {
        "p": "sensor", "name": "Air quality index", "dev_cla": "aqi", "stat_cla": "measurement", "stat_t": where,
        "val_tpl": f"{{{{ '' if value_json.h == 1 else {of}.index if {of} is mapping and {of}.index is number "
        "else none }}",
        "json_attr_t": where, "json_attr_tpl": f"{{{{ ({of} if {of} is mapping else {{}}) | tojson }}}}",
    }  # fmt: skip


def _bay(where: str, bay: str) -> Component:
    """Unknown and blocked are no state of an occupancy sensor: Home Assistant shows them as unknown."""
    return {
        "p": "binary_sensor", "name": f"Bay {bay}", "dev_cla": "occupancy", "stat_t": where,
        "val_tpl": "{{ {'occupied': 'ON', 'free': 'OFF'}.get(value_json.state) }}",
        "json_attr_t": where,
        "json_attr_tpl": "{{ {'state': value_json.state, 'evidence': value_json.evidence, "
        "'since': value_json.since} | tojson }}",
    }  # fmt: skip


def lamp_light(root: str) -> Component:
    """Commands are overrides of 12 hours at most; after that the lamp follows its programme again."""

    def override(level: str) -> str:
        return f'{{"id":"{_ID}","exp":"{_SOON}","args":{{"level":{level},"exp":"{_LATER}"}}}}'

    asked = "{{ (brightness / 2.55) | round | int if brightness is defined else 100 }}"
    return {
        "p": "light", "name": "Lamp", "schema": "template", "stat_t": f"{root}/tele/light",
        "stat_tpl": "{{ 'on' if value_json.level else 'off' }}",
        "bri_tpl": "{{ (value_json.level * 2.55) | round | int }}",
        "cmd_t": f"{root}/cmd/light", "cmd_on_tpl": override(asked), "cmd_off_tpl": override("0"),
    }  # fmt: skip


def payload(message: dict[str, Any]) -> bytes:
    """The same message always gives the same bytes: what is published already need not be published again."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
