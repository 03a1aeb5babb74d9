"""Lets the node measure a parking bay that is confirmed empty, and store the result."""

from __future__ import annotations

from typing import Any

from ..device.repl import Repl
from ..documents import json_source
from ..problems import NodeSaidNo

_ON_THE_NODE = """
import asyncio,json,time
from lamppost import assembly
from lamppost.core.faults import SensorFault
from lamppost.journal import counter_transfer
from lamppost.ops import config_store
from lamppost.sensing.parking import empty_bay
_c=config_store.load()[0]
_d={}
for _r in _c.get('parking',()):
    _d[_r['bay']]=_r.get('parts') or [_r['part']]
def _measure(bay):
    if bay not in _d: return {'bays':sorted(_d)}
    _p=assembly.parts(_c,assembly.wiring(config_store.facts('board.json')))
    try: mm,field,note=asyncio.run(empty_bay.measure([_p[n] for n in _d[bay]]))
    except SensorFault as f: return {'word':f.word,'detail':f.detail}
    kept=counter_transfer.keep_note(assembly.partition(),time,empty_bay.name(bay),note)
    return {'empty_mm':mm,'field':field,'kept':kept}
"""
_WITHIN_S = 60


def measure(node: Repl, bay: str) -> dict[str, Any]:
    """{"empty_mm", "field_ut"} of that bay, None for what no part of it measures. Raises NodeSaidNo."""
    answer = node.run(f"{_ON_THE_NODE}print(json.dumps(_measure({bay!r})))", within=_WITHIN_S)
    try:
        found = json_source.value_of(answer.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise NodeSaidNo(f"The node could not measure bay {bay}.") from None
    if "bays" in found:
        there = ", ".join(found["bays"]) or "none"
        raise NodeSaidNo(f"The node has no bay {bay}; its bays: {there}.", "Name one of them with --bay.")
    if "word" in found:
        detail = f" ({found['detail']})" if found["detail"] else ""
        raise NodeSaidNo(
            f"Bay {bay} cannot be measured: {found['word']}{detail}.",
            "Step out of the sensor's view, make sure the bay is empty, and run the command again.",
        )
    if not found["kept"]:
        raise NodeSaidNo("The flash of the node is worn out.", "Use another node.")
    field = found["field"] and [axis / 100 for axis in found["field"][:3]]
    return {"empty_mm": found["empty_mm"] or None, "field_ut": field}


def words(bay: str, found: dict[str, Any]) -> str:
    """The result in a sentence."""
    parts = []
    if found["empty_mm"]:
        parts.append(f"{found['empty_mm']} mm to the ground")
    if found["field_ut"]:
        parts.append("a field of " + ", ".join(f"{axis:.1f}" for axis in found["field_ut"]) + " µT")
    return f"bay {bay} is empty at {' and '.join(parts)}"
