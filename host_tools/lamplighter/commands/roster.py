"""`lamplighter roster`: a street's list of lampposts, checked before anything is written, and what is next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .. import screen
from ..problems import ConfigUnreadable, OtherLamppost, RosterInvalid

FILE = click.Path(dir_okay=False, path_type=Path)


def base_option(function: Callable) -> Callable:
    return click.option("--base", type=FILE, metavar="FILE",
                        help="JSON file with the configuration that all lampposts share.")(function)  # fmt: skip


@click.group("roster")
def command() -> None:
    """Check a street's list of lampposts: a CSV file with one row per lamppost (docs/field/roster.md).

    The file is never changed: results go into NAME.results.csv beside it.

    Example: lamplighter roster check street.csv
    """


@command.command("check")
@click.argument("file", type=FILE)
@base_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(file: Path, base: Path | None, as_json: bool) -> None:
    """Check every row. All errors are shown at once, each with line, column, cause and remedy.

    Example: lamplighter roster check street.csv
    """
    from ..roster import roster_file

    found = roster_file.examine(file, common(base))
    for remark in found.remarks:
        screen.note(remark.told(str(file)))
    if as_json and found.mistakes:
        screen.result({"errors": [vars(mistake) for mistake in found.mistakes]})
    elif found.mistakes:
        for mistake in found.mistakes:
            screen.note(mistake.told(str(file)))
    if found.mistakes:
        raise RosterInvalid(f"{file} has {_extent(found)}.")
    counts = _counts(found)
    if as_json:
        screen.result({"rows": len(found.rows), **counts})
        return
    said = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    rows = "1 valid row" if len(found.rows) == 1 else f"{len(found.rows)} valid rows"
    screen.out.print(f"{file}: {rows}, {said}.", markup=False)


@command.command("next")
@click.argument("file", type=FILE)
@base_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def following(file: Path, base: Path | None, as_json: bool) -> None:
    """Show the next lamppost to commission and its location.

    Example: lamplighter roster next street.csv
    """
    from ..roster import results, roster_file

    found = roster_file.read(file, common(base))
    open_rows = results.Results(file).unfinished(found)
    if as_json:
        row = open_rows[0] if open_rows else None
        screen.result({"left": len(open_rows), "next": row and {"asset": row.asset, "node": row.name, **row.cells}})
    elif not open_rows:
        screen.out.print(f"All {len(found.rows)} lampposts are finished.", markup=False)
    else:
        screen.out.print(described(open_rows[0]), markup=False)
        screen.note(f"{len(open_rows)} of {len(found.rows)} are left.")


@command.command("keep")
@click.argument("asset")
@click.option("--roster", "file", type=FILE, required=True, metavar="FILE", help="The street's list of lampposts.")
@click.option("--port", required=True, metavar="PORT", help="Serial port of the old node.")
@base_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def keep(asset: str, file: Path, port: str, base: Path | None, as_json: bool) -> None:
    """Save the counters of a node that will be replaced and still answers; `lamplighter commission --swap`
    transfers them to the new node.

    Example: lamplighter roster keep LP-0017 --roster street.csv --port /dev/ttyUSB0
    """
    from ..boards import board_file
    from ..commissioning import counter_transfer
    from ..device import node_files, ports
    from ..device.repl import Repl
    from ..flash import preserve
    from ..roster import roster_file
    from ..roster.columns import colons

    row = roster_file.read(file, common(base)).known(asset)
    with ports.claim(port), Repl(port, screen.note) as node:
        node.fresh()
        doc = node_files.document(node, "/config.json") or {}
        name = f"{doc.get('site')}/{doc.get('node')}"
        if name != row.name:
            raise OtherLamppost(f"This is {name if doc else 'an unconfigured node'}, but {row.asset} is {row.name}.")
        counters, mac = counter_transfer.read(node), colons(preserve.chip(node, board_file.load(row.board))[0])
    counter_transfer.keep(row.asset, mac, counters)
    told = {"asset": row.asset, "mac": mac, **counters}
    if as_json:
        screen.result(told)
    else:
        screen.out.print(f"{row.asset}: register {told['imp_mwh']} mWh, boot {told['boot']}; kept.", markup=False)


def _extent(roster: Any) -> str:
    """The number of errors, and of the rows that have them where some are in rows."""
    lines, count = {row.line for row in roster.rows}, len(roster.mistakes)
    wrong = len({mistake.line for mistake in roster.mistakes} & lines)
    errors = "1 error" if count == 1 else f"{count} errors"
    return f"{errors} in {wrong} of {len(lines)} rows" if wrong else errors


def described(row: Any) -> str:
    """A row in one line."""
    told = (f"{row.asset}: {row.name}, {row.board}", row.place and f"at {row.place}", row.cells.get("note", ""))
    return ", ".join(text for text in told if text)


def common(base: Path | None) -> dict[str, Any] | None:
    """The configuration that --base names. Raises ConfigUnreadable."""
    if base is None:
        return None
    from ..config import config_file

    value = config_file.read(str(base)).value
    if not isinstance(value, dict):
        raise ConfigUnreadable(f"{base} is not a JSON object.")
    return value


def _counts(roster: Any) -> dict[str, int]:
    from ..roster import results

    rows = results.Results(roster.path).all()
    states = [rows.get(row.asset, {}).get("state", "") for row in roster.rows]
    return {
        "commissioned": states.count(results.DONE),
        "postponed": states.count(results.POSTPONED),
        "failed": states.count(results.FAILED),
        "not yet commissioned": sum(state not in (results.DONE, results.POSTPONED, results.FAILED) for state in states),
    }
