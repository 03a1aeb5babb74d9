"""docs/reference/parts.md: the parts that the firmware reads, from its drivers and its table of quantities."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from lamplighter import config, filesystem, firmware

from .table import table

HEAD = """# Parts

The parts that a lamppost can read. `lamplighter decode PART HEX` says what a captured frame of each means; when a
reading fails it has a [fault word](faults.md).

"""
LIMITS = """
## Limits of the self-test

Within these, `lamplighter test` says that a part is well. With `--json` it prints values and limits as the
node holds them: integers without the point, 20.0 Cel as 200.

"""
QUANTITIES = """
## Quantities

Values are integers on the node: one with a decimal counts in tenths, one with two in hundredths, and gets its point
in the message. The contract's schemas refuse a message with a value beyond its limits. `p_mean_mw`, `p_max_mw` and
`e_mwh` are made of a meter's readings over the window; `p_mw` itself is in no message.

"""
SIZE = """
A driver's size is that of its `.mpy`, up to the next half KiB, measured by `make docs`; `make check` holds it against a
budget.
"""


def content() -> str:
    firmware.importable()
    from lamppost.core import quantities as table_of  # type: ignore[import-not-found]
    from lamppost.core.units import of as unit  # type: ignore[import-not-found]
    from lamppost.drivers import shelf  # type: ignore[import-not-found]

    rows = table_of.rows(table_of.names())
    drivers = {part: _driver(shelf, part) for part in shelf.PARTS}
    sizes = {name: len(binary) for name, binary in filesystem.compile_app().modules.items()}
    parts = [
        (f"`{part}`", _title(driver), _bus(part), ", ".join(f"`{name}`" for name in driver.QUANTITIES),
         _size(sizes[f"lamppost/drivers/{shelf.PARTS[part][0]}.mpy"]))
        for part, driver in drivers.items()
    ]  # fmt: skip
    limits = [
        (f"`{part}`", f"`{name}`", _number(low, rows[name]), _number(high, rows[name]), unit(name)[0])
        for part, driver in drivers.items()
        for name, low, high in driver.LIMITS
    ]
    quantities = [
        (f"`{name}`", *unit(name), row[0], _number(row[1], row), _number(row[2], row),
         ", ".join(f"`{part}`" for part, driver in drivers.items() if name in driver.QUANTITIES))
        for name, row in rows.items()
    ]  # fmt: skip
    return (
        HEAD
        + table(("part", "what", "bus", "measures", "driver"), parts)
        + SIZE
        + LIMITS
        + table(("part", "quantity", "from", "to", "unit"), limits)
        + QUANTITIES
        + table(("name", "UCUM", "UNECE Rec 20", "decimals", "lowest", "highest", "read from"), quantities)
    )


def _driver(shelf: Any, part: str) -> Any:
    return getattr(shelf.module(part), shelf.PARTS[part][1])


def _size(size: int) -> str:
    """So coarse that not each change of a driver changes the page."""
    return f"{-(-size // 512) / 2} KiB"


def _title(driver: Any) -> str:
    """The first sentence of the driver's module, without its promise to the reader of the code."""
    source = inspect.getsource(inspect.getmodule(driver))  # type: ignore[arg-type]
    return (ast.get_docstring(ast.parse(source)) or "").split("\n")[0].rstrip(".")


def _bus(part: str) -> str:
    row = config.schema()["x-parts"][part]
    if "addresses" not in row:
        return row["kind"].upper()
    low, high, usual = (f"{n} ({n:#04x})" if row["kind"] == "i2c" else n for n in (*row["addresses"], row["address"]))
    return f"{row['kind'].upper()}, address {low} to {high}; {usual} if the configuration names none"


def _number(value: int | None, row: tuple) -> str:
    """As it stands in a message."""
    return "" if value is None else f"{value / 10 ** row[0]:.{row[0]}f}"
