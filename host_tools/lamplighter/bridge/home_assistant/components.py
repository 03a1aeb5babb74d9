"""The components of a device: each is made from its key alone, so that a newer bridge renews those of an older one.

Keys: `energy_u_mv`, `air_t`, `light_lux`, `diag_rssi` (topic and value), `gear_0_p_mw`, `bay_1`, `alarm_lampFailure`,
and those of _SINGLE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...contract import SCHEMA, TopicError, parse_topic
from ...telemetry.shown_values import LETTERS
from .sensor_classes import GEAR, QUANTITIES, Quantity

Component = dict[str, Any]

_VALUES = {"energy": "tele/energy", "air": "tele/air", "light": "tele/light", "diag": "diag"}
_ALIVE = "{{ 'online' if value_json.state == 'online' else 'offline' }}"
# random, as two commands of one millisecond must not have the same id: the second would count as a repeat. Home
# Assistant allows no range beyond 100000
_ID = "ha-{{ (now().timestamp() * 1000) | int }}-{{ range(0, 100000) | random }}"
_SOON = "{{ (utcnow() + timedelta(minutes=1)).strftime('%Y-%m-%dT%H:%M:%SZ') }}"
_LATER = "{{ (utcnow() + timedelta(hours=12)).strftime('%Y-%m-%dT%H:%M:%SZ') }}"
_WHY = SCHEMA["$defs"]["tele_light"]["properties"]["why"]["enum"]


def suffix(key: str) -> str:
    """The topic, below the lamppost's, that the component needs; empty for one that every lamppost has."""
    group, _, rest = key.partition("_")
    if key in _SINGLE:
        return _SINGLE[key][0]
    if group == "gear":
        return f"tele/gear/{rest.partition('_')[0]}"
    return {"bay": f"tele/parking/{rest}", "alarm": f"alarm/{rest}"}.get(group) or _VALUES.get(group, "")


def keys(topic: str, message: dict[str, Any]) -> set[str]:
    """Of all components that a message on this topic (below the lamppost's) shows."""
    kind, _, name = topic.rpartition("/")
    if kind == "tele/gear":
        return {f"gear_{name}_{value}" for value in message if value in GEAR}
    if kind == "tele/parking":
        return {f"bay_{name}"}
    if kind == "alarm":
        return {f"alarm_{name}"}
    found = {f"{group}_{value}" for group, where in _VALUES.items() if where == topic for value in message}
    found |= {key for key, (where, needed, _) in _SINGLE.items() if where == topic and needed in message}
    return found


def value_of(key: str) -> str:
    """The value of the contract that a sensor shows; empty for what is none."""
    group, _, rest = key.partition("_")
    value = rest.partition("_")[2] if group == "gear" else rest
    return value if group in (*_VALUES, "gear") and key not in _SINGLE else ""


def component(root: str, key: str) -> Component | None:
    """None where this bridge makes none of that key. root -- the lamppost's topic"""
    where = f"{root}/{suffix(key)}"
    try:
        parse_topic(where if suffix(key) else f"{root}/state")
    except TopicError:
        return None
    group, _, rest = key.partition("_")
    value = value_of(key)
    if key in _SINGLE:
        made = _SINGLE[key][2](root)
    elif group == "gear" and value in GEAR:
        made = _sensor(where, value, GEAR[value], f"Gear {rest.partition('_')[0]} {GEAR[value].name}")
    # diag has the lamp's counters as well: they are shown once, of tele/light, which comes at each change
    elif group in _VALUES and value in QUANTITIES and QUANTITIES[value].diagnostic == (group == "diag"):
        made = _sensor(where, value, QUANTITIES[value], QUANTITIES[value].name)
    elif group == "bay":
        made = _bay(where, rest)
    elif group == "alarm":
        made = _alarm(where, rest)
    else:
        return None
    # alarms and versions are true of a lamppost without power as well
    if group != "alarm" and key not in ("online", "update"):
        made |= {"avty_t": f"{root}/state", "avty_tpl": _ALIVE}
    return made


def _sensor(where: str, value: str, row: Quantity, name: str) -> Component:
    """null is unknown. A record that waited is not the state of now, unless the topic is retained: its last is."""
    divisor, unit = row.scale(value)
    of = f"value_json.{value}"
    scaled = f"{of} / {divisor}" if divisor > 1 else of
    kind = parse_topic(where).kind
    late = "" if kind.retained or not kind.numbered else "'' if value_json.h == 1 else "
    made: Component = {
        "p": "sensor", "name": name, "stat_t": where, "sug_dsp_prc": row.decimals(value), "stat_cla": row.state_class,
        "val_tpl": f"{{{{ {late}{scaled} if {of} is number else none }}}}",
    }  # fmt: skip
    if value in SCHEMA["$defs"]:  # a measured one: it has a letter
        # by default: a message that comes before the entity goes with its part is no error in Home Assistant's log
        letter = f"{LETTERS}.get((value_json.q | default({{}})).{value})"
        if late:
            letter = f"state_attr(entity_id, 'quality') if value_json.h == 1 else {letter}"
        made |= {"json_attr_t": where, "json_attr_tpl": f"{{{{ {{'quality': {letter}}} | tojson }}}}"}
    extra = {
        "dev_cla": row.device_class, "unit_of_meas": unit, "ent_cat": "diagnostic" if row.diagnostic else None,
    }  # fmt: skip
    return {**made, **{option: setting for option, setting in extra.items() if setting is not None}}


def _bay(where: str, bay: str) -> Component:
    """Unknown and blocked are no state of an occupancy sensor: Home Assistant shows them as unknown, and why by
    `bay_state`; it ignores an attribute `state`.
    """
    return {
        "p": "binary_sensor", "name": f"Bay {bay}", "dev_cla": "occupancy", "ic": "mdi:parking",
        "stat_t": where,
        "val_tpl": "{{ {'occupied': 'ON', 'free': 'OFF'}.get(value_json.state) }}",
        "json_attr_t": where,
        "json_attr_tpl": "{{ {'bay_state': value_json.state, 'evidence': value_json.evidence, "
        "'since': value_json.since} | tojson }}",
    }  # fmt: skip


def _alarm(where: str, code: str) -> Component:
    """An empty payload says that it is over."""
    about = "{'severity': value_json.severity, 'since': value_json.since, 'evidence': value_json.evidence}"
    over = "{'severity': none, 'since': none, 'evidence': none}"
    return {
        "p": "binary_sensor", "name": f"Alarm {code}", "dev_cla": "problem", "ent_cat": "diagnostic", "stat_t": where,
        "val_tpl": "{{ 'ON' if value else 'OFF' }}",
        "json_attr_t": where, "json_attr_tpl": f"{{{{ ({about} if value else {over}) | tojson }}}}",
    }  # fmt: skip


def _online(root: str) -> Component:
    return {
        "p": "binary_sensor", "name": "Online", "dev_cla": "connectivity", "ent_cat": "diagnostic",
        "stat_t": f"{root}/state", "val_tpl": "{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
    }  # fmt: skip


def _button(verb: str, name: str, **options: str) -> Callable[[str], Component]:
    def made(root: str) -> Component:
        command = f'{{"id":"{_ID}","exp":"{_SOON}","args":{{}}}}'
        return {"p": "button", "name": name, "cmd_t": f"{root}/cmd/{verb}", "cmd_tpl": command, **options}

    return made


def _index(root: str) -> Component:
    """Its class takes no unit; the name of the band table is an attribute."""
    where, of = f"{root}/tele/air", "value_json.aqi"
    return {
        "p": "sensor", "name": "Air quality index", "dev_cla": "aqi", "stat_cla": "measurement", "stat_t": where,
        "val_tpl": f"{{{{ '' if value_json.h == 1 else {of}.index if {of} is mapping and {of}.index is number "
        "else none }}",
        "json_attr_t": where, "json_attr_tpl": f"{{{{ ({of} if {of} is mapping else {{}}) | tojson }}}}",
    }  # fmt: skip


def _lamp(root: str) -> Component:
    """Commands are overrides of 12 hours at most; after that the lamp follows its programme again."""

    def override(level: str) -> str:
        ramp = '{% if transition is defined %},"ramp_s":{{ [transition, 30] | min }}{% endif %}'
        return f'{{"id":"{_ID}","exp":"{_SOON}","args":{{"level":{level},"exp":"{_LATER}"{ramp}}}}}'

    # the least brightness of Home Assistant is still light
    asked = "{{ [(brightness * 100 / 255) | round | int, 1] | max if brightness is defined else 100 }}"
    return {
        "p": "light", "name": "Lamp", "schema": "template", "stat_t": f"{root}/tele/light",
        "stat_tpl": "{{ 'on' if value_json.level | default(0) else 'off' }}",
        "bri_tpl": "{{ ((value_json.level | default(0)) * 255 / 100) | round | int }}",
        "cmd_t": f"{root}/cmd/light", "cmd_on_tpl": override(asked), "cmd_off_tpl": override("0"),
    }  # fmt: skip


def _why(root: str) -> Component:
    """A word that a later contract adds is unknown: Home Assistant refuses what is not among the options."""
    return {
        "p": "sensor", "name": "Lamp follows", "dev_cla": "enum", "options": _WHY, "ic": "mdi:lightbulb-question",
        "stat_t": f"{root}/tele/light",
        "val_tpl": f"{{{{ value_json.why if value_json.why in {_WHY} else none }}}}",
    }  # fmt: skip


def _night(root: str) -> Component:
    return {
        "p": "binary_sensor", "name": "Night", "ic": "mdi:weather-night", "stat_t": f"{root}/tele/light",
        "val_tpl": "{{ {true: 'ON', false: 'OFF'}.get(value_json.night | default(none)) }}",
    }  # fmt: skip


def _update(root: str) -> Component:
    """Versions are builds. A word before them, as Home Assistant would compare digits as numbers.

    It cannot install: an update begins with the address and hash of a release, which nobody here knows.
    """
    done = "(100 * value_json.done / value_json.total) | round | int"
    members = (
        "'installed_version': 'build ' ~ value_json.runs",
        "'latest_version': 'build ' ~ (value_json.runs if value_json.phase == 'withdrawn' or not value_json.build "
        "else value_json.build)",
        f"'update_percentage': {done} if value_json.phase == 'downloading' and value_json.total else none",
        "'in_progress': value_json.phase in ['downloading', 'waiting', 'verified', 'trial']",
        "'release_summary': value_json.sentence[:255]",
    )
    return {
        "p": "update", "name": "Firmware", "dev_cla": "firmware", "ent_cat": "diagnostic", "title": "Lamplighter",
        "stat_t": f"{root}/ota/status", "val_tpl": f"{{{{ {{{', '.join(members)}}} | tojson }}}}",
    }  # fmt: skip


# key: (topic by which it is there, member that its message must have, how it is made)
_SINGLE: dict[str, tuple[str, str, Callable[[str], Component]]] = {
    "online": ("", "", _online),
    "identify": ("", "", _button("identify", "Identify", dev_cla="identify", ent_cat="diagnostic")),
    "air_aqi": ("tele/air", "aqi", _index),
    "lamp": ("tele/light", "level", _lamp),
    "light_why": ("tele/light", "level", _why),
    "light_night": ("tele/light", "night", _night),
    "resume": ("tele/light", "level", _button("resume", "Follow the programme")),
    "update": ("ota/status", "build", _update),
}
ALWAYS = frozenset(key for key, (where, _, _) in _SINGLE.items() if not where)
