"""The counters of a lamppost when its node is another one: read from the old, given to the new, never guessed."""

from __future__ import annotations

import json
import time
from typing import Any

from ..device.repl import Repl
from ..documents import atomic_file, json_source
from ..problems import NodeSaidNo, RosterInvalid
from .progress import file_name, folder

# Where the boots of the old node are not known: a number that no node reaches, so that no key (b, s) comes twice.
FAR = 100_000

_ON_THE_NODE = """
import time
from esp32 import Partition
from lamppost.journal import counter_transfer
_p=Partition.find(Partition.TYPE_DATA,label='journal')[0]
"""
_KEPT = ("imp_mwh", "meter_mwh", "power_cuts", "burn_s", "switchings")


def read(node: Repl) -> dict[str, Any]:
    """The counters of a node that waits in its rescue window (Repl.fresh). Its boot count goes one up by it."""
    try:
        return json_source.value_of(node.run(_ON_THE_NODE + "counter_transfer.read_out(_p,time)"))
    except ValueError:
        raise NodeSaidNo("The node's counters cannot be read.") from None


def begin_anew(node: Repl) -> None:
    """Let what the node has counted and not yet sent as another lamppost be forgotten."""
    node.run(_ON_THE_NODE + "counter_transfer.begin_anew(_p)", within=30)


def give(node: Repl, counters: dict[str, Any]) -> None:
    """Let a new node go on where the old one was: keys of read(), as far as they are known."""
    values = {name: counters[name] for name in (*_KEPT, "boot") if counters.get(name) is not None}
    if node.run(f"{_ON_THE_NODE}print(counter_transfer.take_over(_p,time,{values!r}))", within=30).strip() != "True":
        raise NodeSaidNo("The flash of the new node is worn out.", "Use another node.")


def keep(asset: str, mac: str, counters: dict[str, Any]) -> None:
    """Lay the counters of an old node aside until the new one gets them."""
    content = {**counters, "mac": mac, "read": time.time()}
    remedy = "Set XDG_STATE_HOME to a writable folder."
    atomic_file.write(_aside(asset), json.dumps(content).encode(), remedy, 0o600, RosterInvalid)


def kept(asset: str) -> dict[str, Any] | None:
    """The stored counters of this asset."""
    try:
        found = json_source.value_of(_aside(asset).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("mac"), str) else None


def forget(asset: str) -> None:
    _aside(asset).unlink(missing_ok=True)


def _aside(asset: str):
    return folder() / f"counters-{file_name(asset)}.json"
