"""The one list of checks, with their limits: first what the node is, then what its own self-test measures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..boards import chips
from ..device import node_files
from ..device.check_rows import Limits, Row, judged, row
from ..device.repl import Repl
from ..flash import preserve
from ..problems import NodeSaidNo

Heard = Callable[[Row], None]

_SUPPLY = """
import machine
print(int(machine.reset_cause()==machine.PWRON_RESET and machine.mem32[{register}]&63 not in (0,1)))
"""
_SLOTS = r"""
import binascii,hashlib,json
def _whole(s):
 try:
  with open(s+'/manifest.json') as f: m=json.load(f)['files']
  for n in m:
   h=hashlib.sha256()
   with open(s+'/'+n,'rb') as f:
    while True:
     d=f.read(512)
     if not d: break
     h.update(d)
   if binascii.hexlify(h.digest()).decode()!=m[n]: return False
  return True
 except (OSError,ValueError,KeyError,TypeError): return False
print(_whole('/a')+_whole('/b'))
"""
_FREE = "import os;s=os.statvfs('/');print(s[1]*s[3])"
SELFTEST = """
from lamppost import app
app.selftest()
"""
_LOW_FREE_B = 49152  # an update's new modules, certificates and a configuration beside the old one


@dataclass(frozen=True)
class Check:
    """`name` -- of its rows; of the self-test's the names come from the node: node, journal, each part's id, wifi.

    before -- asked of the node as it was found; else after a reset, with nothing running
    """

    name: str
    title: str
    ask: Callable[[Repl, Heard], None]
    before: bool = False


def _supply(node: Repl, heard: Heard) -> None:
    chip = (node_files.document(node, "/board.json") or {}).get("chip")
    if chip in chips.CHIPS:
        answer = node.run(_SUPPLY.format(register=chips.CHIPS[chip].reset_state))
        heard(row("supply", "dips", int(answer), high=0))


def _slots(node: Repl, heard: Heard) -> None:
    heard(row("slots", "whole", int(node.run(_SLOTS)), low=2))


def _files(node: Repl, heard: Heard) -> None:
    heard(row("files", "free", int(node.run(_FREE)), "B", low=_LOW_FREE_B))


def _selftest(node: Repl, heard: Heard) -> None:
    """A part may take half a minute to warm up."""
    verdict = False

    def line(text: str) -> None:
        nonlocal verdict
        try:
            said = json.loads(text)
        except ValueError:
            return  # a line for the log
        if isinstance(said, dict) and "verdict" in said:
            verdict = True
        elif isinstance(said, dict) and "check" in said:
            heard(said)

    node.run(SELFTEST, within=60, on_line=line)
    if not verdict:
        raise NodeSaidNo("The self-test ended without a result.")


CHECKS = (
    Check("supply", "the last reset was not the brown-out detector's", _supply, before=True),
    Check("slots", "both app slots are complete, so the node can fall back", _slots),
    Check("files", "the file system has room for an update", _files),
    Check("self-test", "heap, journal, every part, the WiFi's signal", _selftest),
)


def begin(node: Repl) -> str:
    """The node's name. Raises NodeSaidNo without a configuration."""
    doc = node_files.document(node, "/config.json")
    if doc is None:
        raise preserve.no_configuration(node.run(preserve.MAC).strip())
    return doc["node"]


def run(node: Repl, show: Heard = lambda one: None, limits: Limits | None = None) -> list[Row]:
    """All rows, each shown as soon as it is known; the node is reset before the checks that need it at rest."""
    rows: list[Row] = []

    def heard(one: Row) -> None:
        one = judged(one, limits)
        rows.append(one)
        show(one)

    for check in _in_order():
        if check is None:
            node.fresh()
        else:
            check.ask(node, heard)
    return rows


def _in_order() -> Iterator[Check | None]:
    """None: the reset between those that ask the node as it was found and the others."""
    yield from (check for check in CHECKS if check.before)
    yield None
    yield from (check for check in CHECKS if not check.before)
