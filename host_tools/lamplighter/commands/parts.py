"""`lamplighter parts`: the parts that a lamppost can carry, and all that is known of one, from the catalogue."""

from __future__ import annotations

import dataclasses
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from .. import screen
from ..parts import catalogue, units
from ..parts.catalogue import Part


@click.command("parts")
@click.argument("part", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(part: str | None, as_json: bool) -> None:
    """List the supported parts. With PART: its wiring, range, options, pitfalls, and what is not verified.

    The same is in docs/reference/parts.md.

    Example: lamplighter parts sdm120
    """
    if part:
        one = catalogue.meant(part)
        if as_json:
            screen.result(facts(one))
        else:
            _show(one)
    elif as_json:
        screen.result([facts(one) for one in catalogue.every()])
    else:
        every = catalogue.every()
        rows = [(one.id, one.name, one.kind, one.buses, state(one), units.plain(one.measures)) for one in every]
        _table(("id", "part", "kind", "bus", "facts", "measures"), rows)


def facts(part: Part) -> dict[str, Any]:
    """All of it, for programs."""
    words = [units.WORDS[name][0] for name in part.measures]
    return {**dataclasses.asdict(part), "says": words, "address": part.address, "status": part.status}


def state(part: Part) -> str:
    return f"legacy; {part.status}" if part.legacy else part.status


def usual(option: dict[str, Any]) -> str:
    """Range and default of an option."""
    limits = ""
    if "enum" in option:
        limits = " or ".join(map(str, option["enum"]))
    elif "minimum" in option and option["minimum"] != option["maximum"]:
        limits = f"{option['minimum']} to {option['maximum']}"
    if "count" in option:
        low, high = option["count"]
        limits = f"{low if low == high else f'{low} to {high}'} numbers, each {limits}"
    default = "" if "default" not in option else f"default {str(option['default']).replace('True', 'true')}"
    return "; ".join(filter(None, (limits, default.replace("False", "false"))))


def line_of(part: Part) -> str:
    """The bus with its speed and addresses."""
    words = [part.buses]
    if part.baud:
        words.append(f"{part.baud} baud {part.line}")
    if part.address is not None:
        row = part.option("address") or {}
        form = "0x{:02X}".format if part.goes_on("i2c") else str
        ends = " or ".join(map(form, row["enum"])) if "enum" in row else f"{form(row['minimum'])}"
        if "enum" not in row and row["minimum"] != row["maximum"]:
            ends += f" to {form(row['maximum'])}, {form(part.address)} by default"
        words.append(f"address {ends}")
    return ", ".join(words)


def _show(part: Part) -> None:
    screen.out.print(f"{part.name} ({part.id})", style="bold", markup=False)
    if part.legacy:
        screen.out.print(f"Legacy: {part.why}", style="yellow", markup=False)
    rows = [
        ("also", ", ".join(part.also)), ("bus", line_of(part)), ("supply", part.supply), ("range", part.range),
        ("accuracy", part.accuracy), ("warm-up", f"{part.warm_up_s} s" if part.warm_up_s else ""),
        ("measures", units.plain(part.measures)), ("facts", state(part)),
    ]  # fmt: skip
    _table(None, [row for row in rows if row[1]])
    _head("Wiring")
    _table(
        ("pin", "name", "to", "note"),
        [(row["pin"], row["name"], row["to"], row.get("note", "")) for row in part.wiring],
    )
    if part.options:
        _head("Options in its row of `parts`")
        _table(
            ("option", "meaning", "value"), [(row["name"], row["says"], usual(row)) for row in part.options]
        )
    _head("Traps")
    _list(part.traps)
    _head("Not verified")
    _list(part.unverified)
    _head("A captured answer")
    screen.text(f"lamplighter decode {part.id} {part.example}")


def _head(words: str) -> None:
    screen.out.print(f"\n{words}", style="bold", markup=False)


def _list(rows: list[str]) -> None:
    for row in rows:
        screen.out.print(f"- {row}", markup=False)


def _table(heads: tuple[str, ...] | None, rows: list[tuple[str, ...]]) -> None:
    """On a terminal it keeps to its width; piped, a row is a line."""
    if not screen.out.is_terminal:
        keys = [str(n) for n in range(len(rows[0]))]
        cells = [dict(zip(keys, row, strict=True)) for row in rows]
        screen.table(dict(zip(keys, heads or rows[0], strict=True)), cells[not heads :])
        return
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=heads is not None)
    for head in heads or rows[0]:
        table.add_column(head, no_wrap=head in ("id", "kind", "bus"))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    screen.out.print(table)
