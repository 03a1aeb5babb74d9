"""One commissioning: which lamppost, on which port, what the node was before, and what the steps have found out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import run_verb
from ..boards import board_file
from ..device import identify, node_files
from ..device.repl import Repl
from ..flash import preserve
from ..pki.city import City
from ..problems import ConsoleLocked, NodeSaidNo, NodeSilent, Problem, UnlockRefused, WrongBootMode
from ..roster.columns import colons
from ..roster.results import DONE, POSTPONED, Results
from ..roster.roster_file import Roster, Row
from .progress import Progress

# what a chip may be that gets its firmware first: nothing of it can be lost, or nothing can be asked
_BLANK = (NodeSilent, NodeSaidNo, WrongBootMode)


@dataclass
class Before:
    """The node on the cable. mac "" -- unknown; name "" -- not configured yet."""

    mac: str = ""
    name: str = ""
    asset: str = ""
    reset: str = ""
    build: str = ""
    config: str = ""
    locked: bool = False

    @property
    def told(self) -> str:
        """It in a few words."""
        if self.name:
            return f"{self.asset} ({self.name}, {self.mac})" if self.asset else f"{self.name} ({self.mac})"
        return f"an unconfigured node ({self.mac})" if self.mac else "an unidentified chip"


def look(device: str, board: str) -> Before:
    """Ask who it is; stopped only where no lamppost's program runs. Raises what makes the port useless, WeakSupply."""
    answer = identify.ask(device)
    facts = answer.facts
    if answer.state == identify.BROWN_OUT or facts.get("reset") == identify.BROWN_OUT:
        raise preserve.weak(device)
    if not facts:
        return _at_the_prompt(device, board_file.load(board), answer.trouble)
    return Before(
        colons(facts["mac"]), facts["node"], facts.get("asset") or "", facts["reset"], facts.get("build") or "",
        facts.get("config") or "", bool(facts.get("locked")),
    )  # fmt: skip


def _at_the_prompt(device: str, board: board_file.Board, trouble: Problem | None) -> Before:
    if trouble is not None and not isinstance(trouble, _BLANK):
        raise trouble
    talk = Repl(device, gently=True)
    try:
        with talk as node:
            mac, dipped = preserve.chip(node, board)
            doc = node_files.document(node, "/config.json") or {}
            build = node_files.made(node)
    except _BLANK as blank:
        dipped = preserve.broke_off(talk, blank)
        if not dipped:
            return Before()
    if dipped:
        raise preserve.weak(device)
    name = f"{doc['site']}/{doc['node']}" if "site" in doc and "node" in doc else ""
    return Before(colons(mac), name, doc.get("asset", ""), "", build.get("build", ""))


@dataclass
class Options:
    """The user's options."""

    port: str
    micropython: Path | None = None
    baud: int | None = None
    broker: tuple[str, int] | None = None  # where this laptop reaches it, if not where the lamppost does
    offline: bool = False
    seen_within_s: float = 90.0
    swap: bool = False
    imp_mwh: int | None = None
    last_boot: int | None = None
    engineer: str = ""
    folder: Path | None = None  # for records
    bay_empty: bool | None = None  # its parking bays; None: ask


@dataclass
class Work:
    """Handed from step to step. rewritten -- this run has written the flash: the node is not as `before` any more."""

    row: Row
    roster: Roster
    results: Results
    options: Options
    city: City | None
    before: Before
    progress: Progress
    say: Callable[[str], None]
    mac: str = ""
    rewritten: bool = False
    config: str = ""  # fingerprint of the configuration that this run has written, or found to be the same
    is_open: bool = False  # a configuration was written that leaves the console open
    fresh: bool = False  # the node has just been restarted by a step of this run
    begun: float = field(default_factory=time.time)
    ask: Callable[[str], bool] = lambda question: False

    @property
    def installed(self) -> dict[str, str]:
        """The present results of this asset."""
        return self.results.of(self.row.asset)

    @property
    def swapped_from(self) -> str:
        """The MAC of the node that this asset has had until now; empty when it had none, or this one."""
        mac = self.installed.get("mac", "")
        return mac if self.mac and mac != self.mac else ""

    @property
    def node_is_ours(self) -> bool:
        """True if what the node has counted is this asset's."""
        return self.installed.get("mac") == self.mac or self.before.name == self.row.name

    @property
    def is_as_recorded(self) -> bool:
        """True if the asset has a record, and this run has left its lamppost as it was then."""
        then = self.installed
        has_record = then.get("state") in (DONE, POSTPONED) and then.get("mac") == self.mac
        return has_record and not self.rewritten and self.config in ("", then.get("config"))

    def came_to_light(self, mac: str) -> None:
        """The chip's MAC is known, at the latest when it is flashed: from here on what is done is kept."""
        self.mac = mac
        self.progress.is_of(mac)

    def open_console(self) -> None:
        """With the node's own key, where it is in operation: each reset shuts it again."""
        if not self.before.locked or self.is_open or self.city is None:
            return
        keys = self.city.keys(self.before.name)
        if not keys:
            raise ConsoleLocked(
                f"{self.before.name} is in operation, and its key is not in {self.city.folder}.",
                "Name the folder that has it with --identity; if the key is lost, run `lamplighter flash --erase`.",
            )
        for last, key in enumerate(reversed(keys), 1 - len(keys)):
            try:
                run_verb.run("unlock", "--port", self.options.port, "--key", str(key), say=self.say)
                return
            except UnlockRefused:
                if not last:
                    raise

    def of(self, step: str) -> dict[str, Any]:
        """What a step of this or an earlier run has found out."""
        return self.progress.of(step) or {}
