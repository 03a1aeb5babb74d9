"""`lamplighter push app`: a release of the app over the air, to one lamppost, many, or a roster."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import screen
from ..problems import PushRejected, PushReverted, PushUnfinished, ReleaseInvalid
from . import lampposts
from .broker_access import BrokerAccess, broker_options
from .finite import FiniteRange

if TYPE_CHECKING:
    from ..telemetry.updating import AirUpdate

_WAIT_S = 2700  # the hour around dusk is not waited for: the lamppost says `waiting`
_SPREAD_MOST_S = 600
_DRAWN_S = 0.25
_ROWS = 30  # of the table on the screen
_REMEDY = {
    "rejected": "Do what the sentences above name; each lamppost works on with the app that it has.",
    "reverted": "Find out why by `lamplighter send NODE log`, and make a better release; no visit is needed.",
    "unfinished": "Follow it with the same command and `--id {}`; `lamplighter push withdraw` takes it back.",
}


@click.command("app")
@click.argument("words", nargs=-1, required=True, metavar="NODE... RELEASE")
@broker_options
@click.option("--sha256", metavar="HEX", help="Hash of the release, where this computer cannot fetch its address.")
@click.option("--id", "name", metavar="ID", help="Id of the update, to follow one again. [default: a new one]")
@click.option("--spread", "spread_s", type=click.IntRange(0, 3600), metavar="S",
              help="Each begins at a random instant within this. [default: 1 s a lamppost, at most 600]")  # fmt: skip
@click.option("--healthy", "healthy_s", type=click.IntRange(10, 3600), metavar="S",
              help="Seconds in a row in which the app must do its work to be confirmed. [default: 300]")  # fmt: skip
@click.option("--wait", "wait_s", type=FiniteRange(1, 604800), default=_WAIT_S, show_default=True, metavar="S",
              help="Seconds to follow it.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per node.")
def command(
    access: BrokerAccess, words: tuple[str, ...], sha256: str | None, name: str | None, spread_s: int | None,
    healthy_s: int | None, wait_s: float, as_json: bool,
) -> None:  # fmt: skip
    """Ask lampposts to run a release of the app, and follow each to its end.

    NODE is SITE/NODE, or @ROSTER.csv for every lamppost of a roster. RELEASE is the address of a .release file, as
    `lamplighter serve` prints it, or such a file on this computer: then the lampposts fetch it through the broker, in
    small pieces, while this command runs. Each lamppost fetches what changed, restarts with it on trial, and confirms
    it when it does its work, or goes back to the app before. The broker keeps the request for a lamppost that is off.

    Example: lamplighter push app lisbon/lp-0042 http://10.0.0.7:8080/0.1.0-ce00484cfb0a.release --host broker.lan
    """
    from ..release import release_address
    from ..telemetry import updating
    from ..telemetry.block_server import BlockServer

    *named, where = words
    nodes = lampposts.names(named)
    if not nodes:
        raise click.UsageError("Name at least one lamppost as SITE/NODE, or a roster as @FILE.csv, before RELEASE.")
    if name is not None and not re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", name):
        raise click.UsageError("--id must be 1 to 64 letters, digits and - _ . :")
    blocks = None
    if "://" not in where:
        release = release_address.of_file(Path(where))
        blocks = BlockServer(Path(where).parent)
    elif sha256:
        release = _release(where, sha256)
    else:
        release = release_address.read(where, access.tls if isinstance(access.tls, Path) else None)
    name = name or updating.new_id()
    of = f"release {release}" if release.build else f"the release {where}"
    screen.note(f"update {name}: {of}, to {len(nodes)} lamppost{'s' if len(nodes) > 1 else ''}")
    others = "Lampposts that still fetch the release wait for this command; others go on" if blocks else "Updates go on"
    interrupted = f"{others} without it. {_REMEDY['unfinished'].format(name)}"
    with (
        screen.if_interrupted(interrupted), access.subscriber(updating.filters(nodes)) as connection,
        _shown(as_json) as (show, tick),
    ):  # fmt: skip
        updates = updating.updated(
            connection, nodes, name, release, wait_s, show, tick,
            spread_s=_spread(len(nodes)) if spread_s is None else spread_s, healthy_s=healthy_s,
            blocks=blocks,
        )  # fmt: skip
    if as_json:
        for one in updates:
            screen.result(one.row())
    else:
        _table(updates)
    _judge(updates, name)


def _spread(nodes: int) -> int:
    return 0 if nodes == 1 else min(nodes, _SPREAD_MOST_S)


def _release(url: str, sha256: str):
    from ..release import release_address

    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise ReleaseInvalid("--sha256 is not 64 hexadecimal digits.", "`lamplighter release` prints the hash.")
    return release_address.ReleaseAddress(release_address.checked(url), sha256.lower())


@contextlib.contextmanager
def _shown(as_json: bool) -> Iterator[tuple[Callable[[AirUpdate], None], Callable[[list[AirUpdate]], None]]]:
    """A live table at a terminal; else a line for each phase of each lamppost, to stderr."""
    from ..telemetry import update_table

    if as_json or not screen.err.is_terminal:
        phases: dict[str, tuple[str, str]] = {}

        def line(update: AirUpdate) -> None:
            now = update.phase, update.word
            if phases.get(update.node) != now:
                phases[update.node] = now
                screen.note(f"{update.node}: {update.phase}  {update_table.why(update)}".rstrip())

        yield line, lambda updates: None
        return
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    drawn = 0.0
    with Live(console=screen.err, auto_refresh=False, transient=True) as live:

        def draw(updates: list[AirUpdate]) -> None:
            nonlocal drawn
            if time.monotonic() - drawn >= _DRAWN_S:
                drawn = time.monotonic()
                size = screen.err.size
                rows = max(3, min(_ROWS, size.height - 8))
                text = Text(update_table.counts(updates), "bold")
                live.update(Group(update_table.table(updates, size.width, rows), text), refresh=True)

        yield lambda update: None, draw


def _table(updates: list[AirUpdate]) -> None:
    from ..telemetry import update_table

    screen.out.print(update_table.table(updates, screen.out.width))
    screen.out.print(update_table.counts(updates), markup=False)


def _judge(updates: list[AirUpdate], name: str) -> None:
    """The worst decides: an app that went back before one that was refused, before one that has not ended."""
    of = f"of {len(updates)} lamppost{'s' if len(updates) > 1 else ''}"
    if bad := [one for one in updates if one.phase == "reverted"]:
        cause = f"{len(bad)} {of} went back to the app before: {bad[0].node}: {bad[0].sentence}."
        raise PushReverted(cause, _REMEDY["reverted"])
    if bad := [one for one in updates if one.phase in ("rejected", "withdrawn")]:
        said = bad[0].sentence or "another update, or none, was asked for meanwhile"
        raise PushRejected(f"{len(bad)} {of} did not take the release: {bad[0].node}: {said}.", _REMEDY["rejected"])
    if bad := [one for one in updates if not one.ended]:
        phase = bad[0].phase or f"no answer, {bad[0].state or 'unknown to the broker'}"
        cause = f"{len(bad)} {of} have not ended the update yet: {bad[0].node}: {phase}."
        raise PushUnfinished(cause, _REMEDY["unfinished"].format(name))
