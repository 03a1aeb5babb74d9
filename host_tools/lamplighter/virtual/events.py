"""The events of a scenario: what each needs, what undoes it, in the order in which they happen."""

from __future__ import annotations

import importlib
from typing import Any

from ..contract.sentences import nearest
from ..documents import toml_source
from ..documents.toml_source import TomlDocument
from .parts.faults import KINDS
from .parts.luminaire import Luminaire

UNDONE_BY = {"power_cut": "power_on", "wifi_down": "wifi_up", "blackhole": "restore", "refuse": "restore"}
NEEDS = {"fault": ("part", "kind"), "values": ("part", "values"), "host": ("name", "address")}
ALLOWS = {"fault": ("ms", "every", "for_s"), "values": ("for_s",)}


def twin(part: str) -> Any:
    """The class that simulates a part: its QUANTITIES, the BUSES it goes on, FAULTS of its own."""
    if part == "luminaire":
        return Luminaire
    return importlib.import_module(f".parts.{part}", __package__).Twin


def quantities(part: str) -> list[str]:
    """The physical quantities of a part, as its simulation names them."""
    return sorted(twin(part).QUANTITIES)


def kinds(part: str) -> list[str]:
    """The faults that a part can have."""
    return [*(KINDS if part != "luminaire" else ("none",)), *getattr(twin(part), "FAULTS", ())]


def check_quantities(document: TomlDocument, path: toml_source.Path, part: str, names: Any) -> None:
    """Complain of every name that is no quantity of the part."""
    known = quantities(part)
    for name in names:
        if name not in known:
            document.complain((*path, name), f"{part} has no quantity {name}", nearest(name, known))


def _check_kind(document: TomlDocument, path: toml_source.Path, part: str, kind: str) -> None:
    known = kinds(part)
    if kind not in known:
        document.complain(path, f"{part} has no fault {kind}", nearest(kind, known))


def endpoint(document: TomlDocument, path: toml_source.Path, text: str) -> tuple[str, int]:
    """("127.0.0.1", 1883) from its text."""
    address, _, port = text.rpartition(":")
    if not 0 < int(port) < 65536:
        document.complain(path, f"there is no port {port}", "use 1 to 65535")
    return address, int(port)


def read(document: TomlDocument, parts: dict[str, str]) -> list[dict[str, Any]]:
    """The events by time, for_s written out; `parts` is {id: part}."""
    events = []
    for index, row in document.sound_rows("events"):
        path, do = ("events", index), row["do"]
        needed = NEEDS.get(do, ())
        allowed = {"at_s", "do", *needed, *ALLOWS.get(do, ()), *(("for_s",) if do in UNDONE_BY else ())}
        for key in needed:
            if key not in row:
                document.complain((*path, key), f"{do} needs {key}", f"add {key}")
        for key in sorted(set(row) - allowed):
            remedy = f"leave it out, {do} accepts {', '.join(sorted(allowed))}"
            document.complain((*path, key), f"{do} does not accept {key}", remedy)
        if "part" in row and row["part"] not in parts:
            document.complain(
                (*path, "part"), f"there is no part {row['part']}", nearest(row["part"], parts)
            )
        elif "part" in row:
            check_quantities(document, (*path, "values"), parts[row["part"]], row.get("values", {}))
            _check_kind(document, (*path, "kind"), parts[row["part"]], row.get("kind", "none"))
        if document.complaints:
            continue
        kept = ("at_s", "do", "part", "kind", "values", "name")
        event: dict[str, Any] = {key: row[key] for key in kept if key in row}
        if do == "fault":
            event["options"] = {key: row[key] for key in ("ms", "every") if key in row}
        if do == "host":
            event["address"], event["port"] = endpoint(document, (*path, "address"), row["address"])
        events.append(event)
        if "for_s" in row:
            events.append({**_undone(event), "at_s": row["at_s"] + row["for_s"]})
    return sorted(events, key=lambda event: event["at_s"])


def _undone(event: dict[str, Any]) -> dict[str, Any]:
    if event["do"] == "fault":
        return {"do": "fault", "part": event["part"], "kind": "none", "options": {}}
    if event["do"] == "values":
        return {"do": "values", "part": event["part"], "values": dict.fromkeys(event["values"])}
    return {"do": UNDONE_BY[event["do"]]}
