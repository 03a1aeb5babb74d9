"""docs/reference/parts.md: the parts shelf at a glance, and the table of quantities."""

from __future__ import annotations

from lamplighter import paths
from lamplighter.commands.parts import state
from lamplighter.parts import catalogue, units

from .table import table

HEAD = """# Parts

The parts that a lamppost can carry. `lamplighter parts` shows this table; `lamplighter parts ID` and the part's page
show its wiring, range, options and traps, and what is not verified. `lamplighter decode ID HEX` says what a captured
answer means, in the words of the column "decoded" below; when a reading fails it has a [fault word](faults.md).

Only the parts that a configuration names are loaded on the node. "Facts" says how many statements of a part's page
have no second source yet; a part that is legacy works, but should not go into new lampposts.
"""
TITLES = {
    "energy": "Energy", "parking": "Parking", "air": "Air", "light": "Light", "pole": "Pole", "clock": "Clock",
}  # fmt: skip
QUANTITIES = """
## Quantities

Values are integers on the node: one with a decimal counts in tenths, one with two in hundredths, and gets its point
in the message. The contract's schemas refuse a message with a value beyond its limits. `p_mean_mw`, `p_max_mw` and
`e_mwh` are made of a meter's readings over the window; `p_mw` itself is in no message.

"""


def content() -> str:
    return HEAD + "".join(_kind(kind, title) for kind, title in TITLES.items()) + _quantities()


def _kind(kind: str, title: str) -> str:
    rows = [
        (f"[`{part.id}`](parts/{part.id}.md)", part.name, part.buses, units.plain(part.measures), state(part))
        for part in catalogue.every() if part.kind == kind
    ]  # fmt: skip
    return f"\n## {title}\n\n" + table(("id", "part", "bus", "measures", "facts"), rows)


def _quantities() -> str:
    paths.importable()
    from lamppost.core import quantities  # type: ignore[import-not-found]

    rows = [
        (f"`{name}`", row.ucum, row.rec20, row.decimals, _number(row.low, row), _number(row.high, row), _word(name),
         ", ".join(f"`{part.id}`" for part in catalogue.every() if name in part.measures))
        for name, row in quantities.QUANTITIES.items()
    ]  # fmt: skip
    heads = ("name", "UCUM", "UNECE Rec 20", "decimals", "lowest", "highest", "decoded", "read from")
    return QUANTITIES + table(heads, rows)


def _word(name: str) -> str:
    word = "utc" if name == "utc_s" else units.WORDS[name][0] if name in units.WORDS else ""
    return f"`{word}`" if word else ""


def _number(value: int | None, row: tuple) -> str:
    """As it stands in a message."""
    return "" if value is None else f"{value / 10 ** row[0]:.{row[0]}f}"
