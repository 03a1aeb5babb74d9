"""docs/reference/parts/<id>.md: all that is known of one part, from the catalogue, its driver and its decoder."""

from __future__ import annotations

import ast
import functools
import inspect
import json
import re
from pathlib import Path
from typing import Any

from lamplighter import paths
from lamplighter.commands.decode import MEANING
from lamplighter.commands.parts import line_of, usual
from lamplighter.commissioning.check_sentences import REMEDIES
from lamplighter.config import config_file
from lamplighter.parts import catalogue, units
from lamplighter.parts.catalogue import Part

from .table import table

BUSES = {
    "uart": {"kind": "uart", "uart": 2, "tx": 32, "rx": 33},
    "rs485": {"kind": "rs485", "uart": 2, "tx": 32, "rx": 33, "de": 4},
    "i2c": {"kind": "i2c", "i2c": 0, "scl": 22, "sda": 21},
}
NAMES = {"uart": "line", "rs485": "meters", "i2c": "i2c0"}


def content(part: Part) -> str:
    pages = [
        f"# {part.name} (`{part.id}`)\n",
        _facts(part),
        f"## Wiring\n\n{_wiring(part)}",
        f"## Configuration\n\n{_configuration(part)}",
        f"## Traps\n\n{_list(part.traps)}",
        f"## Self-test and faults\n\n{_faults(part)}",
        f"## A captured answer\n\n{_decoded(part)}",
        f"## Verified\n\n{_verified(part)}",
        f"## Not verified\n\n{_list(part.unverified)}" if part.unverified else "",
        "[All parts](../parts.md)\n",
    ]
    return "\n".join(page for page in pages if page)


def _facts(part: Part) -> str:
    legacy = f"**Legacy.** {part.why}\n\n" if part.legacy else ""
    rows = [
        ("serves also", ", ".join(part.also)), ("bus", line_of(part)), ("supply", part.supply), ("range", part.range),
        ("accuracy", part.accuracy), ("warm-up", f"{part.warm_up_s} s" if part.warm_up_s else "none"),
        ("measures", units.plain(part.measures)), ("facts", part.status),
    ]  # fmt: skip
    return legacy + table(("", ""), [row for row in rows if row[1]])


def _wiring(part: Part) -> str:
    rows = [(row["pin"], row["name"], row["to"], row.get("note", "")) for row in part.wiring]
    return table(("pin", "name", "to", "note"), rows)


def example(part: Part) -> tuple[dict[str, Any], dict[str, Any]]:
    """(configuration, board facts) of a lamppost that has only this part. Raises ConfigInvalid if it were wrong."""
    bus, name = NAMES[part.bus], _role(part)
    row: dict[str, Any] = {"id": name, "part": part.id, "bus": bus}
    if part.address is not None and part.bus != "uart":
        row["address"] = part.address
    document: dict[str, Any] = {
        "v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": "street"}, "mqtt": {"host": "broker.lan"},
        "parts": [row], **_sections(part, name),
    }  # fmt: skip
    facts = {"board": "a board", "buses": {bus: BUSES[part.bus]}}
    return config_file.check(config_file.Document(document, part.id), facts), facts


def _role(part: Part) -> str:
    roles = {"energy": "meter", "parking": "bay-1", "air": "air-1", "light": "daylight", "pole": "pole", "clock": "rtc"}
    return roles[part.kind]


def _sections(part: Part, name: str) -> dict[str, Any]:
    """What is sensed with it, where it can serve a section alone."""
    if part.kind == "parking":
        return {} if "presence" in part.measures else {"parking": [{"bay": "1", "part": name}]}
    if part.kind == "air":
        return {} if part.id == "ads1115" else {"air": {"parts": [name]}}
    return {} if part.kind == "clock" else {part.kind: {"part": name}}


def _configuration(part: Part) -> str:
    document, facts = example(part)
    (bus, row), *_ = facts["buses"].items()
    keys = ["parts", *_sections(part, "")]
    shown = ",\n".join(f'"{key}": {json.dumps(document[key])}' for key in keys)
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in row.items())
    said = f"In `board.toml` its bus, with the board's own pins:\n\n```toml\n[buses.{bus}]\n{lines}\n```\n\n"
    said += f"In [the configuration](../configuration.md):\n\n```text\n{shown}\n```\n"
    if part.kind == "clock":
        said += "\nIt needs no section: the node asks it for the time at its start.\n"
    elif len(keys) == 1:
        said += "\nIt serves no section alone; [the configuration](../configuration.md) says beside what it does.\n"
    if part.options:
        rows = [(f"`{row['name']}`", row["says"], usual(row)) for row in part.options]
        said += "\n" + table(("option", "meaning", "value"), rows)
    return said


def _faults(part: Part) -> str:
    module, kind = _driver(part.id)
    from lamppost.core.quantities import decimals, unit  # type: ignore[import-not-found]

    limits = [
        (f"`{name}`", _number(low, decimals(name)), _number(high, decimals(name)), unit(name)[0])
        for name, low, high in getattr(kind, "LIMITS", ())
    ]
    said = table(("self-test", "from", "to", "unit"), limits) + "\n" if limits else ""
    words = _words(module)
    meanings = {word: text for word, text in MEANING.items() if word in words}
    meanings["silent"] = "nothing answered in time"
    if any(name.startswith("p") and name.endswith("_mw") and low < 0 for name, low, _ in getattr(kind, "LIMITS", ())):
        meanings["backwards"] = "its power runs the other way; only the self-test says so, readings keep the sign"
    faults = [(f"`{word}`", text, REMEDIES[word]) for word, text in meanings.items()]
    return said + table(("fault", "meaning", "what to do"), faults)


def _words(module: Any) -> set[str]:
    """The fault words that stand in a driver's source and in that of what it is made of; its bus has two of its own."""
    firmware_folder = Path(inspect.getfile(module)).parents[1]
    seen: set[Path] = set()
    found = {"silent", "bus"}

    def walk(path: Path) -> None:
        if path in seen or not path.is_file():
            return
        seen.add(path)
        words, imported = _source(path)
        found.update(words)
        for target in imported:
            if firmware_folder in target.parents:
                walk(target)

    walk(Path(inspect.getfile(module)))
    return found


@functools.cache
def _source(path: Path) -> tuple[list[str], list[Path]]:
    """The fault words in a source file, and the places of what it may import from its own package."""
    source = path.read_text(encoding="utf-8")
    imported = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1] / (node.module or "").replace(".", "/")
            imported += [base.with_suffix(".py"), *(base / f"{name.name}.py" for name in node.names)]
    return re.findall(r'SensorFault\("(\w+)"', source), imported


def _decoded(part: Part) -> str:
    module, _ = _driver(part.id)
    reading = units.reading(module.decode(bytes.fromhex(part.example)))
    shown = json.dumps(reading, indent=0).replace("\n", " ").replace("{ ", "{").replace(" }", "}")
    words = f"`lamplighter decode` takes {part.decode}.\n\n"
    return f'{words}```sh\nlamplighter decode {part.id} "{part.example}" --json\n```\n\n```text\n{shown}\n```\n'


def _verified(part: Part) -> str:
    return table(("fact", "sources"), [(row["fact"], "; ".join(row["sources"])) for row in part.verified])


def _driver(part_id: str) -> tuple[Any, Any]:
    paths.importable()
    from lamppost.drivers import registry  # type: ignore[import-not-found]

    return registry.driver(part_id)


def _list(rows: list[str]) -> str:
    return "".join(f"- {row}\n" for row in rows)


def _number(value: int, decimals: int) -> str:
    return f"{value / 10**decimals:.{decimals}f}"


def pages() -> dict[str, str]:
    """Path below docs -> text."""
    return {f"reference/parts/{part.id}.md": content(part) for part in catalogue.every()}
