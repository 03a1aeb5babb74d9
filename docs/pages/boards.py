"""docs/reference/boards.md: chip, flash, pins and buses of every board, from boards/*/board.toml."""

from __future__ import annotations

import re

from lamplighter.boards import board_file
from lamplighter.boards.board_file import Board
from lamplighter.boards.board_rules import hardware
from lamplighter.boards.partitions import TABLE_OFFSET

from .table import table

HEAD = """# Boards

What `boards/<board>/board.toml` says. The README beside it says how to wire the board. A file of your own goes into a
folder of its own there; it is checked whole when it is used, and everything that cannot work is refused at once, with
file, key and remedy. [Which module to buy](../../boards/README.md).

{boards}"""
RESETS = {
    "dtr-rts": "DTR and RTS, through the usual two transistors on EN and BOOT",
    "usb-jtag": "the chip's own USB",
    "none": "by hand",
}


def content() -> str:
    every = [board_file.load(name) for name in board_file.names()]
    overview = table(
        ("board", "what it is", "flash", "PSRAM", "MicroPython"),
        [
            (f"[`{one.name}`](#{one.name})", one.title, f"{one.flash_size >> 20} MB", _psram(one), _official(one))
            for one in every
        ],
    )
    return HEAD.format(boards=overview) + "".join(_board(one) for one in every)


def _psram(board: Board) -> str:
    return f"{board.psram_size >> 20} MB, {board.psram}"


def _official(board: Board) -> str:
    official = board.micropython
    found = re.match(rf"{official.board}-([A-Z_]+)-", official.pattern)
    variant = f", variant {found[1]}" if found else ""
    return f"[{official.board}]({official.page}){variant}, {' to '.join(official.versions)}"


def _board(board: Board) -> str:
    wiring = f"[How to wire it](../../boards/{board.name}/README.md)"
    words = f"{board.title}. Reset: {RESETS[board.reset]}. {wiring}.\n"
    fitted = table(("fitted as", "part", "bus", "address"), [_fitted(row) for row in board.fitted])
    picture = f"![Wiring of {board.name}](../pictures/wiring-{board.name}.svg)\n"
    return "\n".join([f"\n## {board.name}\n", words, picture, _flash(board), _buses(board), _pins(board), fitted])


def _flash(board: Board) -> str:
    rows: list[tuple[str, str, int, int]] = [
        ("boot loader", "", board.silicon.offset, TABLE_OFFSET - board.silicon.offset),
        ("partition table", "", TABLE_OFFSET, board.partitions[0].offset - TABLE_OFFSET),
    ]
    rows += [(f"`{row.name}`", "app" if row.app else "data", row.offset, row.size) for row in board.partitions]
    end = board.partitions[-1].end
    if board.flash_size > end:
        rows.append(("free", "", end, board.flash_size - end))
    return table(
        ("flash", "type", "offset", "size"),
        [(name, kind, f"{offset:#x}", f"{size >> 10} KiB") for name, kind, offset, size in rows],
    )


def _buses(board: Board) -> str:
    rows = []
    for name, bus in board.buses.items():
        kind = hardware(bus)
        over = {"rs485": " (RS-485)", "dali": " (DALI)"}.get(bus["kind"], "")
        number = f" {bus[kind]}" if kind in bus else ""
        rows.append((f"`{name}`", f"{kind.upper()}{number}{over}", _lines(bus)))
    return table(("bus", "hardware", "GPIO"), rows)


def _lines(bus: dict) -> str:
    return ", ".join(f"{line.upper()} {bus[line]}" for line in ("tx", "rx", "de", "scl", "sda") if line in bus)


def _pins(board: Board) -> str:
    return table(("pin", "GPIO"), [(f"`{name}`", number) for name, number in board.pins.items()])


def _fitted(row: board_file.Fitted) -> tuple[str, ...]:
    address = "" if row.address is None else f"{row.address:#04x}"
    return f"`{row.id}`", f"[`{row.part}`](parts/{row.part}.md)", f"`{row.bus}`", address
