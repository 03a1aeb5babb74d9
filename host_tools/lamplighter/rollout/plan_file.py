"""The plan of a roll-out: a TOML file, checked as a whole with its roster and its releases, all errors at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..documents import text_file, toml_source
from ..documents.toml_source import TomlDocument
from ..problems import PlanInvalid, Problem
from ..release import release_address
from ..release.release_address import ReleaseAddress
from ..roster import roster_file
from ..roster.roster_file import Roster

SCHEMA = json.loads(Path(__file__).with_name("plan.schema.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Place:
    """A lamppost as the roster has it. circuit -- its site where the roster names no circuit."""

    name: str  # SITE/NODE
    board: str
    circuit: str
    at: tuple[float, float] | None  # latitude and longitude


@dataclass(frozen=True)
class Plan:
    """What a roll-out shall do; the keys are explained in plan.schema.json."""

    path: Path
    name: str
    places: list[Place]
    release: ReleaseAddress
    back: ReleaseAddress | None = None
    broker: dict[str, Any] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    percent: tuple[int, ...] = (10, 50, 100)
    nights: int = 1
    at_once: int = 10
    failures_percent: int = 10
    healthy_min: int = 10
    deadline_min: int = 180
    neighbours_m: int = 50

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the street, for the sun."""
        found = [place.at for place in self.places if place.at]
        return sum(lat for lat, _ in found) / len(found), sum(lon for _, lon in found) / len(found)


def load(path: Path) -> Plan:
    """Raises PlanInvalid with all that is wrong with the plan, its roster and its releases."""
    document = toml_source.load(path, PlanInvalid)
    if not document.complaints:
        document.check(SCHEMA)
    places = _places(document, path.parent)
    release, back = (_target(document, path.parent, key) for key in ("release", "back"))
    groups, limits = (_table(document, key) for key in ("groups", "limits"))
    if places and document.sound("groups"):
        _check_groups(document, groups, {place.name for place in places})
    if release:
        _check_boards(document, places, release)
    if release and back:
        _check_back(document, release, back)
    _check_broker(document)
    document.refuse(PlanInvalid)
    assert release
    return Plan(
        path, document.data["name"], places, release, back, document.data.get("broker", {}),
        tuple(groups.pop("first")), tuple(groups.pop("percent")), **groups, **limits,
    )  # fmt: skip


def _table(document: TomlDocument, name: str) -> dict[str, Any]:
    defaults = {key: row["default"] for key, row in SCHEMA["properties"][name]["properties"].items()}
    return defaults | document.sound_items(name)


def _places(document: TomlDocument, folder: Path) -> list[Place]:
    name = document.data.get("roster")
    if not isinstance(name, str) or not document.sound("roster"):
        return []
    try:
        roster = roster_file.examine(folder / name)
    except Problem as wrong:
        document.complain(("roster",), wrong.cause.rstrip("."), "name a roster that can be read")
        return []
    line = document.line(("roster",))
    document.complaints += [(line, mistake.told(name)) for mistake in roster.mistakes]
    if roster.mistakes:
        return []
    places = _of_rows(roster)
    if not any(place.at for place in places):
        document.complain(("roster",), "no lamppost has lat and lon", "fill them in: nothing is updated around dusk")
    return places


def _of_rows(roster: Roster) -> list[Place]:
    return [
        Place(
            row.name, row.board, row.cells.get("circuit") or row.cells["site"],
            (float(row.cells["lat"]), float(row.cells["lon"])) if row.place else None,
        )
        for row in roster.rows
    ]  # fmt: skip


def _target(document: TomlDocument, folder: Path, key: str) -> ReleaseAddress | None:
    name = document.data.get(key)
    if not isinstance(name, str) or not document.sound(key):
        return None
    server = document.data.get("server")
    server = server if isinstance(server, str) and document.sound("server") else "http://unknown"
    try:
        data = text_file.read_bytes(folder / name, PlanInvalid, "name a .release file; `lamplighter release` writes it")
        url = release_address.checked(f"{server.rstrip('/')}/{Path(name).name}")
        return release_address.described(data, url, name)
    except Problem as wrong:
        remedy = wrong.remedy.rstrip(".")
        document.complain((key,), wrong.cause.rstrip("."), remedy[:1].lower() + remedy[1:])
        return None


def _check_groups(document: TomlDocument, groups: dict[str, Any], known: set[str]) -> None:
    for index, name in enumerate(groups["first"]):
        if name not in known:
            document.complain(("groups", "first", index), f"the roster has no lamppost {name}", "correct the name")
    percent = groups["percent"]
    if percent != sorted(set(percent)) or percent[-1] != 100:
        document.complain(("groups", "percent"), "must rise to 100", "write it like [10, 50, 100]")


def _check_boards(document: TomlDocument, places: list[Place], release: ReleaseAddress) -> None:
    for board in sorted({place.board for place in places} - set(release.boards)):
        count = sum(place.board == board for place in places)
        cause = f"is not made for the board {board}, which {count} of the roster's lampposts have"
        document.complain(("release",), cause, "name another release, or a roster without them")


def _check_back(document: TomlDocument, release: ReleaseAddress, back: ReleaseAddress) -> None:
    older = any(back.base.get(machine) not in (None, version) for machine, version in release.base.items())
    if back.build == release.build and not older:
        cause = "is the same app as the release, and brings no other MicroPython"
        remedy = "name the release before, made with --base if MicroPython is to go back"
        document.complain(("back",), cause, remedy)


def _check_broker(document: TomlDocument) -> None:
    broker = document.data.get("broker", {})
    if isinstance(broker, dict) and ("identity" in broker) != ("as" in broker):
        document.complain(("broker",), "has only one of identity and as", "write both or neither")
