"""Home Assistant's discovery message of a lamppost: which components it has now, and which it has no more."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from ... import __version__
from ...contract import ROOT, UNITS
from ...telemetry.state import Node
from .components import ALWAYS, Component, component, keys, suffix, value_of

_ID = "lamppost_"
_PLATFORMS = ("sensor", "binary_sensor", "light", "button", "update")


def device_id(site: str, node: str) -> str:
    """Neither name can contain the underscore, so no two lampposts have the same."""
    return f"{_ID}{site}_{node}"


def topic(prefix: str, site: str, node: str) -> str:
    return f"{prefix}/device/{device_id(site, node)}/config"


def place(prefix: str, where: str) -> tuple[str, str] | None:
    """(site, node) of a topic; None for a device that is no lamppost."""
    site, _, node = where.removeprefix(f"{prefix}/device/{_ID}").removesuffix("/config").partition("_")
    return (site, node) if where == topic(prefix, site, node) else None


def discovery(node: Node, before: dict[str, Component], silent: Collection[str] = ()) -> dict[str, Any] | None:
    """The discovery message of a lamppost; None before its `info` is there.

    before -- components of the message that the broker has: a value that has not come again yet stays
    silent -- topics of it that the broker keeps and the lamppost does not serve any more
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
        "sw": f"{about['firmware']}-{about['build']}",
        "hw": about["chip"],
        "sa": node.site,
    }
    announced = {key: old for key, old in before.items() if len(old) > 1}  # not what that message removed
    wanted = set(ALWAYS) | {key for key in announced if suffix(key) not in node.last}
    for where, value in node.last.items():
        found = keys(where, value.message)
        wanted |= found & announced.keys() if is_old(where, value.message, about["b"]) else found
    components: dict[str, Component] = {}
    for key in wanted:
        if suffix(key) not in silent and _fitted(key, about, node.alarms):
            made = component(f"{ROOT}/{node.site}/{node.name}", key)
            if made is not None:
                components[key] = {**made, "uniq_id": f"{identity}_{key}"}
    for key in announced.keys() - components.keys():
        components[key] = {"p": announced[key]["p"]}  # Home Assistant removes it
    # version of the tool, not of the lamppost: Home Assistant shows it with its log lines
    origin = {"name": "lamplighter", "sw": __version__}
    return {"dev": device, "o": origin, "qos": 1, "cmps": dict(sorted(components.items()))}


def is_old(where: str, message: dict[str, Any], boot: int) -> bool:
    """True for what the broker keeps of an earlier boot: perhaps the lamppost never publishes it again."""
    return where.startswith(("tele/parking/", "tele/light", "tele/gear/")) and message["b"] != boot


def _fitted(key: str, about: dict[str, Any], alarms: Collection[str]) -> bool:
    """False for a value whose part is gone: `info` has the unit of every value that the lamppost can publish."""
    code = key.removeprefix("alarm_")
    part = code.removeprefix("sensorFault-")
    if key != code and code != part and code not in alarms:
        return any(row["id"] == part for row in about["parts"])
    value = value_of(key)
    return value not in UNITS or value in about["units"]


def payload(message: dict[str, Any]) -> bytes:
    """The same message always gives the same bytes: what is published already need not be published again."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def components_of(published: bytes | None) -> dict[str, Component]:
    """Of a message that the broker has, as far as a bridge can have made them: one that is wrong spoils the message."""
    try:
        found = json.loads(published or b"{}")["cmps"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {
        key: made
        for key, made in found
        if re.fullmatch(r"[A-Za-z0-9_-]+", key) and isinstance(made, dict) and made.get("p") in _PLATFORMS
    }
