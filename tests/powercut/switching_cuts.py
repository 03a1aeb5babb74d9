"""The switching log over nights that are cut at every flash operation: what a subscriber has in the end."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from lamppost.core.clock import NTP, Clock
from lamppost.journal.counters import Counters
from lamppost.journal.flash import Flash
from lamppost.journal.outbox import Entry, Outbox
from lamppost.lamp.switching_log import SwitchingLog
from lamppost.ops.recorder import Recorder
from nor import Nor, PowerCut

COUNTERS = 4  # blocks
SHARES = (0, 40, 100)  # per cent of an operation that is done when the power goes
LEVELS = (0, 100, 50, 80, 30, 100, 0)  # of one boot
EVENING = 851014800


class Link:
    up = False


class Control:
    def __init__(self) -> None:
        self.settled = (100, "safe", 1000)

    def state(self) -> tuple[int, str, int]:
        return self.settled


class Night:
    """One lamppost over its boots; changes -- how often its level changed; committed -- rows that the journal took."""

    def __init__(self, nor: Nor, counters: type[Counters]) -> None:
        self.kind = counters
        self.flash = Flash(nor)
        self.committed: dict[int, dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []
        self.now_ms = 0
        self.cuts = 0

    def boot(self) -> None:
        clock = Clock(lambda: self.now_ms, lambda late, early: late - early)
        clock.set_utc(EVENING + self.now_ms // 1000, 0, NTP, 20)
        outbox = self.outbox = Outbox(self.flash.region(COUNTERS))
        counters = self.kind(self.flash.region(0, COUNTERS), clock, True, outbox.newest)
        outbox.begin(counters.boot)
        recorder = Recorder(outbox, counters, clock, lambda text: None, Link())
        control = Control()

        def commit(body: bytes) -> bool:
            took = recorder.append(2, b"evt/switching", body)
            if took:
                row = json.loads(b"{" + body)
                self.committed[row["n"]] = row
            return took

        log = SwitchingLog(counters, clock, control, commit, lambda: (45000, counters.imp_mwh), "power-on")
        for level in LEVELS:
            control.settled = (level, "schedule", 10 * level)
            for _ in range(16):
                self.now_ms += 500
                log.poll()
                counters.checkpoint()
            counters.utc_s = clock.utc_s()
            counters.burnt()
        while outbox.count():
            pass

    def deliver(self) -> None:
        buf = bytearray(1200)
        while True:
            entry = Entry()
            if not self.outbox.take(entry):
                return
            self.outbox.load(entry, buf, 0)
            body = bytes(buf[entry.topic_len : entry.topic_len + entry.body_len])
            self.received.append(json.loads(b"{" + body))
            self.outbox.acknowledge(entry)


def lived(boots: int, cut_at: int | None, share: int, counters: type[Counters] = Counters) -> tuple[Night, int]:
    """So many boots, the power gone in the middle of flash operation `cut_at`; and the operations that there were."""
    count = [0]

    def cut(block, offset, data, held):  # noqa: ANN001, ANN202 -- see nor.py
        number = count[0]
        count[0] += 1
        if number != cut_at:
            return None
        if data is None:
            return b"\xff" * len(held) if share == 100 else bytes(held)
        done = len(data) * share // 100
        return bytes(held[:offset]) + data[:done] + bytes(held[offset + done :])

    night = Night(Nor(12, cut=cut), counters)
    for _ in range(boots):
        try:
            night.boot()
            night.deliver()
        except PowerCut:
            night.cuts += 1
        night.now_ms += 3600000
    return night, count[0]


def wrong(night: Night) -> list[str]:
    """What a subscriber finds wrong with the log."""
    found = []
    rows: dict[int, dict[str, Any]] = {}
    for row in night.received:
        if rows.setdefault(row["n"], row) != row:
            found.append(f"row {row['n']} came in two forms")
    if sorted(rows) != list(range(1, len(rows) + 1)):
        found.append(f"rows {sorted(rows)} have gaps")
    before = bytes(32)
    for n in sorted(rows):
        row = rows[n]
        names = ("n", "boot", "up_s", "at", "at_tq", "level", "p_mw", "imp_mwh", "cause", "since")
        text = ",".join("" if row[name] is None else str(row[name]) for name in names)
        before = hashlib.sha256(before + text.encode()).digest()
        if row["hash"] != before.hex():
            found.append(f"row {n} is out of the chain")
    lost = [n for n, row in night.committed.items() if rows.get(n) != row]
    if lost:
        found.append(f"rows {lost} were committed and are lost")
    starts = {row["boot"] for row in rows.values() if row["cause"] == "power-on"}
    if starts != {row["boot"] for row in rows.values()}:
        found.append("a boot has no first row")
    return found


def sweep(boots: int = 3, stride: int = 1, counters: type[Counters] = Counters) -> dict[str, Any]:
    """{"operations", "cuts", "rows", "wrong"}: the power cut at each stride-th flash operation, torn in three ways."""
    whole, operations = lived(boots, None, 0, counters)
    found = wrong(whole)
    cuts = 0
    for number in range(0, operations, stride):
        for share in SHARES:
            night, _ = lived(boots + 1, number, share, counters)
            cuts += night.cuts
            found += [f"cut at {number}, {share} %: {words}" for words in wrong(night)]
    return {"operations": operations, "cuts": cuts, "rows": len(whole.committed), "wrong": found}
