"""The outbox of a simulated lamppost: the firmware's calls, in RAM instead of flash."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .. import paths

paths.importable()

from lamppost.journal.outbox import ALARM, CLEAR, EVENT, TELEMETRY  # noqa: E402

__all__ = ["ALARM", "CLEAR", "EVENT", "TELEMETRY", "Backlog", "Entry"]


@dataclass(slots=True)
class Record:
    order: int
    kind: int
    boot: int
    seq: int | None
    retain: bool
    ts: int
    topic: bytes
    body: bytes


class Entry:
    """A record in flight, as link/mqtt/publisher.py sees it."""

    __slots__ = ("kind", "boot", "seq", "retain", "ts", "tq", "tu_ms", "held", "topic_len", "body_len", "record", "at")

    def __init__(self) -> None:
        self.tq, self.tu_ms = 3, 0
        self.record: Record | None = None


class Backlog:
    """Alarms first, then oldest first; gone only when acknowledged. It outlives a power cut, as flash does.

    now() -- seconds, for the time from taking a record until it is acknowledged, told to acknowledged(seconds)
    """

    def __init__(self, now: Callable[[], float], acknowledged: Callable[[float], None]) -> None:
        self._now, self._acknowledged = now, acknowledged
        self._urgent: deque[Record] = deque()
        self._rest: deque[Record] = deque()
        self._flying: dict[int, Entry] = {}
        self._order = 0
        self._live = 0
        self.boot = 0
        self.seq = 0
        self.last: dict[int, int] = {}  # boot: its last number, so that a subscriber's count can be checked

    def begin(self) -> tuple[int, int] | None:
        """The next boot; returns the last (b, s) of the one before."""
        last = (self.boot, self.seq - 1) if self.seq else None
        self.boot += 1
        self.seq = 0
        self.rewind()
        return last

    def append(self, kind: int, topic: bytes, body: bytes, ts: int, retain: bool = False) -> None:
        seq = None
        if kind != CLEAR:
            seq = self.last[self.boot] = self.seq
            self.seq += 1
        record = Record(self._order, kind, self.boot, seq, retain, ts, topic, body)
        self._order += 1
        (self._urgent if kind in (ALARM, CLEAR) else self._rest).append(record)

    # -- for link/mqtt/publisher.py

    def take(self, entry: Entry) -> bool:
        line = self._urgent or self._rest
        if not line:
            return False
        record = line.popleft()
        entry.record = record
        entry.kind, entry.boot, entry.seq, entry.retain = record.kind, record.boot, record.seq, record.retain
        entry.ts = record.ts
        entry.held = record.order < self._live
        entry.topic_len, entry.body_len = len(record.topic), len(record.body)
        entry.at = self._now()
        self._flying[record.order] = entry
        return True

    def load(self, entry: Entry, buf: bytearray, at: int) -> None:
        record = entry.record
        assert record
        end = at + len(record.topic)
        buf[at:end] = record.topic
        buf[end : end + len(record.body)] = record.body

    def acknowledge(self, entry: Entry) -> None:
        assert entry.record
        del self._flying[entry.record.order]
        entry.record = None
        self._acknowledged(self._now() - entry.at)

    def rewind(self) -> None:
        for _, entry in sorted(self._flying.items(), reverse=True):
            assert entry.record
            (self._urgent if entry.kind in (ALARM, CLEAR) else self._rest).appendleft(entry.record)
            entry.record = None
        self._flying.clear()
        self._live = self._order

    def urgent(self) -> bool:
        return bool(self._urgent)

    @property
    def depth(self) -> int:
        return len(self._urgent) + len(self._rest) + len(self._flying)
