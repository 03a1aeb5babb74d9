"""The switching logs of all lampposts: rows as received, each once, their times, and whether the chain holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import paths

paths.importable()

from lamppost.core import calendar  # noqa: E402
from lamppost.lamp.switching_row import ORIGIN, Row, chained  # noqa: E402

QUERY = "SELECT site, node, life, b, ts, body FROM record WHERE kind = 'evt_switching' ORDER BY site, node, life, b, s"
EPOCH = datetime(2000, 1, 1)
_HASH = re.compile("[0-9a-f]{64}")


@dataclass
class SwitchingLog:
    """rows -- by number; at -- UTC of each row in seconds since 2000, None where nothing tells it
    missing -- ranges of numbers that did not arrive (yet); broken -- what contradicts the chain, in sentences
    """

    lamppost: str
    rows: list[Row] = field(default_factory=list)
    at: list[int | None] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def logs(records: Iterable[dict[str, Any]]) -> list[SwitchingLog]:
    """One log a node and device, from the records of evt/switching."""
    by_lamp: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for record in records:
        by_lamp.setdefault((f"{record['site']}/{record['node']}", record["life"]), []).append(record)
    return [_log(name, found) for (name, _), found in sorted(by_lamp.items())]


def _log(name: str, records: list[dict[str, Any]]) -> SwitchingLog:
    log = SwitchingLog(name)
    rows: dict[int, tuple[Row, str]] = {}
    stamped: dict[int, int] = {}
    for record in records:
        try:
            row, digest = _row(json.loads(record["body"]))
        except (ValueError, RecursionError):
            log.broken.append(f"a message of boot {record['b']} is no row of a switching log")
            continue
        if rows.setdefault(row.n, (row, digest)) != (row, digest):
            log.broken.append(f"row {row.n} arrived with two different contents")
        if record["ts"] is not None and record["b"] == row.boot:
            stamped[row.n] = int((record["ts"].replace(tzinfo=None) - EPOCH).total_seconds())
    before, expected = ORIGIN, 1
    for n in sorted(rows):
        row, digest = rows[n]
        if n != expected:
            log.missing.append((expected, n - 1))
        elif chained(before, row).hex() != digest:
            log.broken.append(f"row {n} does not follow from the row before")
        before, expected = bytes.fromhex(digest), n + 1
        log.rows.append(row)
        log.hashes.append(digest)
    log.at = _times(log.rows, stamped)
    return log


def _row(body: Any) -> tuple[Row, str]:
    """(row, its hash). The store keeps whatever came, so raises ValueError for what is not as the contract has it."""
    known = body if isinstance(body, dict) else {}
    numbers = [_number(known.get(name)) for name in ("n", "boot", "up_s", "at_tq", "level")]
    at, since = (_moment(known.get(name)) for name in ("at", "since"))
    p_mw, imp_mwh = (None if known.get(name) is None else _number(known[name]) for name in ("p_mw", "imp_mwh"))
    cause, digest = known.get("cause"), known.get("hash")
    if not isinstance(cause, str) or not isinstance(digest, str) or not _HASH.fullmatch(digest) or numbers[0] < 1:
        raise ValueError
    cause.encode()  # the hash is taken of its bytes; half a character has none
    n, boot, up_s, quality, level = numbers
    return Row(n, boot, up_s, at, quality, level, p_mw, imp_mwh, cause, since), digest


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError
    return value


def _moment(text: Any) -> int | None:
    """Seconds since 2000; None for null."""
    if text is None:
        return None
    found = calendar.seconds(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError
    return found


def _times(rows: list[Row], stamped: dict[int, int]) -> list[int | None]:
    """A row without a time gets it from another of its boot, by uptime; else that of its message."""
    offsets = {row.boot: row.utc_s - row.up_s for row in rows if row.utc_s is not None}
    found = []
    for row in rows:
        if row.utc_s is not None:
            found.append(row.utc_s)
        elif row.boot in offsets:
            found.append(offsets[row.boot] + row.up_s)
        else:
            found.append(stamped.get(row.n))
    return found
