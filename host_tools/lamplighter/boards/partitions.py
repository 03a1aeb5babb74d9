"""The ESP32 partition table: entries, the rules they keep to, and the bytes at 0x8000 with their MD5 entry.

Format: ESP-IDF, "Partition Tables"; 32-byte entries, then an entry EB EB with the MD5 of what is before it.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import NamedTuple

TABLE_OFFSET = 0x8000
TABLE_SIZE = 0xC00
FIRST_OFFSET = 0x9000
SECTOR = 0x1000
APP_ALIGNMENT = 0x10000

TYPES = {"app": 0, "data": 1}
SUBTYPES = {
    "app": {"factory": 0x00, "ota_0": 0x10, "ota_1": 0x11},
    "data": {"ota": 0x00, "phy": 0x01, "nvs": 0x02, "journal": 0x40, "vfs": 0x81},
}
_ENTRY = struct.Struct("<HBBII16sI")
_MAGIC, _MD5_MAGIC = 0x50AA, b"\xeb\xeb" + b"\xff" * 14


@dataclass(frozen=True)
class Partition:
    """One row of the table; offset and size in bytes."""

    name: str
    type: int
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size

    @property
    def app(self) -> bool:
        return self.type == TYPES["app"]

    @property
    def ota(self) -> bool:
        return self.app and 0x10 <= self.subtype < 0x20


def encode(partitions: list[Partition] | tuple[Partition, ...]) -> bytes:
    """The table as it lies at 0x8000: entries, MD5 entry, filled with FF to 0xC00 bytes."""
    rows = b"".join(
        _ENTRY.pack(_MAGIC, row.type, row.subtype, row.offset, row.size, row.name.encode(), 0)
        for row in partitions
    )
    return (rows + _MD5_MAGIC + hashlib.md5(rows).digest()).ljust(TABLE_SIZE, b"\xff")


def decode(table: bytes) -> list[Partition]:
    """The rows of a table. Raises ValueError when it is none, or its MD5 entry does not fit."""
    rows: list[Partition] = []
    for at in range(0, min(len(table), TABLE_SIZE) - 31, 32):
        if table[at : at + 16] == _MD5_MAGIC:
            if table[at + 16 : at + 32] != hashlib.md5(table[:at]).digest():
                raise ValueError("the partition table's MD5 does not match its rows")
            break
        magic, kind, subtype, offset, size, name, _ = _ENTRY.unpack_from(table, at)
        if magic != _MAGIC:
            break
        rows.append(Partition(name.rstrip(b"\0").decode("ascii", "replace"), kind, subtype, offset, size))
    if not rows:
        raise ValueError("there is no partition table")
    return rows


class Fault(NamedTuple):
    index: int | None  # of the row, None for the table as a whole
    key: str
    cause: str
    remedy: str


def faults(rows: list[Partition], flash_size: int, whole: bool = True) -> list[Fault]:
    """All that is wrong with a table for Lamplighter; `whole` is false where rows are known to be left out."""
    found: list[Fault] = []
    for index, row in enumerate(rows):
        found.extend(_row_faults(index, row, rows[:index], flash_size))
    if whole:
        found.extend(_missing(rows))
    return found


def _row_faults(index: int, row: Partition, before: list[Partition], flash_size: int):
    alignment = APP_ALIGNMENT if row.app else SECTOR
    if row.offset % alignment:
        up = (row.offset + alignment - 1) // alignment * alignment
        what = "an app" if row.app else "a partition"
        yield Fault(
            index, "offset", f"0x{row.offset:X} is not at a multiple of 0x{alignment:X}, as {what} must be",
            f"use 0x{up:X}",
        )  # fmt: skip
    if row.size % SECTOR:
        yield Fault(
            index, "size", f"0x{row.size:X} is not a whole number of 4096-byte sectors",
            f"use 0x{row.size // SECTOR * SECTOR:X}",
        )  # fmt: skip
    if row.offset < FIRST_OFFSET:
        yield Fault(
            index, "offset", "boot loader and partition table lie below 0x9000", "start at 0x9000 or later"
        )
    if row.end > flash_size:
        room = flash_size - row.offset
        yield Fault(
            index, "size", f"{row.name} ends at 0x{row.end:X}, the flash at 0x{flash_size:X}",
            f"make it 0x{room:X} or less" if room > 0 else "move it down",
        )  # fmt: skip
    for other in before:
        if other.name == row.name:
            yield Fault(index, "name", f"the name {row.name} appears twice", "rename one of the two")
        if row.offset < other.end and other.offset < row.end:
            yield Fault(
                index, "offset",
                f"{row.name} (0x{row.offset:X} to 0x{row.end:X}) overlaps {other.name} "
                f"(0x{other.offset:X} to 0x{other.end:X})",
                f"start it at 0x{other.end:X}",
            )  # fmt: skip


_NEEDED = [  # name, type, subtype, what for
    ("nvs", 1, 0x02, "it stores the WiFi calibration"),
    ("phy_init", 1, 0x01, "the radio reads it"),
    ("journal", 1, 0x40, "it keeps telemetry over a power cut"),
    ("vfs", 1, 0x81, "it holds the file system with the app"),
]


def _missing(rows: list[Partition]):
    by_name = {row.name: row for row in rows}
    for name, kind, subtype, why in _NEEDED:
        row = by_name.get(name)
        if row is None:
            yield Fault(None, name, f"no partition is named {name}; {why}", f"add {name}")
        elif (row.type, row.subtype) != (kind, subtype):
            yield Fault(
                rows.index(row), "subtype", f"{name} has type {row.type}, subtype 0x{row.subtype:02X}",
                f"use type {kind}, subtype 0x{subtype:02X}",
            )  # fmt: skip
    if "journal" in by_name and by_name["journal"].size < 16 * SECTOR:
        yield Fault(
            rows.index(by_name["journal"]), "size", "the journal needs 64 kB at least", "use 0x40000 (256 kB)"
        )
    slots = [row for row in rows if row.ota]
    if not any(row.app for row in rows):
        yield Fault(None, "app", "no partition holds MicroPython", "add ota_0 and ota_1, or factory")
    if slots and (len(slots) != 2 or slots[0].size != slots[1].size):
        yield Fault(
            rows.index(slots[-1]), "size", "the two over-the-air slots must have the same size",
            "give ota_0 and ota_1 the same size",
        )  # fmt: skip
    data = [row for row in rows if (row.type, row.subtype) == (1, 0x00)]
    if slots and not (data and data[0].size == 2 * SECTOR):
        yield Fault(
            rows.index(data[0]) if data else None, "otadata", "two slots need an otadata partition of 0x2000",
            "add otadata (data, ota, 0x2000)",
        )  # fmt: skip
