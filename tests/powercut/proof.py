"""What a subscriber can prove of one lamppost from what it heard: nothing missing, nothing backwards."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from lamplighter.telemetry.state import Telemetry

Messages = Iterable[tuple[str, bytes, bool]]


class Proof:
    """Reads the messages of one node in the order of their arrival; `node` is lamppost/v1/{site}/{node}.

    It keeps its own books of (b, s), apart from lamplighter.telemetry.sequence, so that a flaw in one shows against the
    other: every evt/boot names the last record committed before it, so every boot with a committed record is named.
    """

    def __init__(self, messages: Messages, node: str):
        self.seen: dict[int, set[int]] = {}  # boot -> sequence numbers
        self.ends: dict[int, int] = {}  # boot -> its last number, as a later boot says
        self.energy: dict[tuple[int, int], dict[str, Any]] = {}
        self.alarms: list[str] = []
        self.messages = self.duplicates = 0
        self.disordered = 0  # telemetry that came for the first time after a later one
        telemetry = Telemetry()
        newest = (-1, -1)
        for topic, payload, retained in messages:
            if not topic.startswith(node + "/"):
                continue
            telemetry.take(topic, payload, retained)
            message = json.loads(payload) if payload else {}
            if message.get("s") is None:
                continue
            key = message["b"], message["s"]
            self.messages += 1
            if key[1] in self.seen.setdefault(key[0], set()):
                self.duplicates += 1
                continue
            self.seen[key[0]].add(key[1])
            kind = topic[len(node) + 1 :]
            if kind.startswith("alarm/"):
                self.alarms.append(kind[6:])
                continue
            self.disordered += key < newest
            newest = max(newest, key)
            if kind == "evt/boot" and message["last_b"] is not None:
                self.ends[message["last_b"]] = message["last_s"]
            if kind == "tele/energy":
                self.energy[key] = message
        self.invalid = telemetry.invalid
        self.complaints = list(telemetry.complaints)
        self.told_gaps = int(telemetry.summary()["gaps"])  # as `lamplighter watch` would say

    @property
    def records(self) -> int:
        """Different records."""
        return sum(map(len, self.seen.values()))

    @property
    def last_boot(self) -> int:
        return max(self.seen, default=-1)

    def missing(self) -> list[tuple[int, int]]:
        """Every (b, s) that was committed and did not come."""
        holes = []
        for boot in sorted({*self.seen, *self.ends}):
            seen = self.seen.get(boot, set())
            end = max(max(seen, default=-1), self.ends.get(boot, -1))
            holes += [(boot, number) for number in range(end + 1) if number not in seen]
            if boot in self.ends and boot != self.last_boot and max(seen, default=-1) > self.ends[boot]:
                holes.append((boot, self.ends[boot]))  # more came than was committed: no less wrong
        return holes

    def unnamed(self) -> list[int]:
        """Boots that sent something and of which no later boot names the end."""
        return [boot for boot in sorted(self.seen) if boot != self.last_boot and boot not in self.ends]

    def backwards(self) -> int:
        """How often the import register was lower than in the record before."""
        register = [self.energy[key]["imp_mwh"] for key in sorted(self.energy)]
        register = [value for value in register if value is not None]
        return sum(later < earlier for earlier, later in zip(register, register[1:], strict=False))
