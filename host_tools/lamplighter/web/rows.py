"""Lampposts as the browser gets them: a short row each for plan and list, everything for the page of one."""

from __future__ import annotations

from typing import Any

from ..contract.alarm_remedies import alarm_words
from ..telemetry.shown_values import LETTERS, shown, values
from ..telemetry.state import Node
from .live_street import LiveStreet, Memory

HOLES = 50  # that are listed
_US_TOPS = (50, 100, 150, 200, 300)  # of the classes of the US index


def row(node: Node, memory: Memory) -> dict[str, Any]:
    """What plan and list show of a lamppost. Times in Unix seconds, power in W."""
    info, light = _last(node, "info"), _last(node, "tele/light")
    power, air = _last(node, "tele/energy"), _last(node, "tele/air")
    place = info.get("location") or {}
    sequence = node.sequence
    return {
        "id": f"{node.site}/{node.name}",
        "state": node.state,
        "asset": info.get("asset"),
        "lat": place.get("lat"),
        "lon": place.get("lon"),
        "level": light.get("level"),
        "night": light.get("night"),
        "bays": {
            suffix.rpartition("/")[2]: value.message["state"]
            for suffix, value in sorted(node.last.items())
            if suffix.startswith("tele/parking/")
        },
        "air": air_class(air),
        "pm2_5": air.get("pm2_5"),
        "power": _scaled(power, "p_mean_mw"),
        "alarms": [[code, alarm["severity"]] for code, alarm in sorted(node.alarms.items())],
        "heard": memory.heard,
        "messages": node.messages,
        "gaps": sequence.gaps,
        "duplicates": sequence.duplicates,
        "invalid": node.invalid,
    }


def detail(street: LiveStreet, name: str) -> dict[str, Any] | None:
    """Everything about the lamppost SITE/NODE; None for one that was never heard of."""
    node = street.node(name)
    if node is None:
        return None
    memory, telemetry = street.memory(name), street.telemetry
    now, utc = telemetry.clock(), telemetry.utc()
    sequence = node.sequence
    return {
        **row(node, memory),
        "groups": [
            _group(suffix, value.message, value.age(now, utc), memory)
            for suffix, value in sorted(node.last.items())
            if suffix.startswith("tele/")
        ],
        "info": {key: value for key, value in _last(node, "info").items() if key not in _ENVELOPE},
        "diag": {key: value for key, value in _last(node, "diag").items() if key not in _ENVELOPE},
        "reason": _last(node, "state").get("reason", ""),
        "boots": list(reversed(memory.boots)),
        "alarms_on": [_alarm(code, alarm) for code, alarm in sorted(node.alarms.items())],
        "awaited": sequence.awaited,
        "dropped": sequence.dropped,
        "holes": sequence.holes()[:HOLES],
    }


def check(street: LiveStreet) -> dict[str, Any]:
    """Counts of the contract check, and the last messages that broke it."""
    telemetry = street.telemetry
    return {
        **telemetry.summary(),
        "crowded": telemetry.crowded,
        "complaints": list(reversed(telemetry.complaints)),
        "holes": telemetry.gaps()[:HOLES],
    }


def air_class(message: dict[str, Any]) -> int | None:
    """1 good to 6 extremely poor, of the European or the US index; None where there is none."""
    index = message.get("aqi", {}).get("index")
    if index is None or not message["aqi"]["table"].startswith("US"):
        return index
    return 1 + sum(index > top for top in _US_TOPS)


_PLAIN = ("state", "confidence", "since", "evidence", "night", "why")
_ENVELOPE = ("v", "b", "s", "ts", "tq", "tu", "h", "q")


def _group(suffix: str, message: dict[str, Any], age: float, memory: Memory) -> dict[str, Any]:
    """One topic of measured values."""
    rows = []
    for name, how, value, letter in values(message):
        series = memory.series.get(f"{suffix}.{name}")
        rows.append(
            {
                "name": name,
                "title": how.title,
                "value": how.scaled(value),
                "decimals": how.decimals,
                "unit": how.unit,
                "letter": letter,
                "meaning": LETTERS.get(letter, ""),
                "points": series.points() if series else None,
            }
        )
    plain = {name: message[name] for name in _PLAIN if name in message}
    return {"suffix": suffix, "age": round(age, 1), "ts": message.get("ts"), "tq": message.get("tq"),
            "late": message.get("h") == 1, "values": rows, "plain": plain, "aqi": message.get("aqi")}  # fmt: skip


def _alarm(code: str, alarm: dict[str, Any]) -> dict[str, Any]:
    meaning, remedy = alarm_words(code)
    kept = {name: alarm[name] for name in ("severity", "since", "value", "evidence")}
    return {"code": code, **kept, "meaning": meaning, "remedy": remedy}


def _last(node: Node, suffix: str) -> dict[str, Any]:
    value = node.last.get(suffix)
    return value.message if value else {}


def _scaled(message: dict[str, Any], name: str) -> float | None:
    how = shown(name)
    return how.scaled(message.get(name)) if how else None
