"""What the page knows of a street: the telemetry of `watch`, with the course of values, boots and alarms."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..telemetry.shown_values import values
from ..telemetry.state import Node, Seen, Telemetry
from ..telemetry.subscriber import Connection, Incoming
from .alarm_log import AlarmLog
from .value_course import Series

BOOTS = 8  # that are shown of a lamppost
MOST_SERIES = 24  # of one lamppost
_CHARTED = ("tele/energy", "tele/air", "tele/light")


@dataclass
class Memory:
    """What the telemetry does not keep of one lamppost."""

    series: dict[str, Series] = field(default_factory=dict)  # by topic suffix and value: tele/air.pm2_5
    boots: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=BOOTS))
    heard: float = 0.0  # Unix seconds of the last message; what was retained counts with its own time


@dataclass
class BrokerLink:
    """The subscriber's connection."""

    where: str
    up: bool = True
    since: float = 0.0  # Unix seconds
    reason: str = ""


class LiveStreet:
    """take() every arrival; changed -- names of lampposts that changed since somebody emptied it."""

    def __init__(self, where: str, utc: Callable[[], float] = time.time) -> None:
        self.telemetry = Telemetry(utc=utc, strict=False)
        self.broker = BrokerLink(where, since=utc())
        self.alarms = AlarmLog()
        self.changed: set[str] = set()
        self.alarms_changed = False
        self._memories: dict[str, Memory] = {}
        self._utc = utc

    def take(self, arrived: Incoming | Connection) -> None:
        if isinstance(arrived, Connection):
            self.broker.up, self.broker.reason, self.broker.since = arrived.up, arrived.reason, self._utc()
            if not arrived.up:
                self.telemetry.interrupted()
            return
        seen = self.telemetry.take(arrived.topic, arrived.payload, arrived.retained)
        if seen.place is None:
            return
        name = f"{seen.place.site}/{seen.place.node}"
        if (seen.place.site, seen.place.node) not in self.telemetry.nodes:
            return
        self.changed.add(name)
        if not seen.errors and seen.verdict != "duplicate":
            self._remember(name, seen)

    def node(self, name: str) -> Node | None:
        site, _, node = name.partition("/")
        return self.telemetry.nodes.get((site, node))

    def memory(self, name: str) -> Memory:
        """What was remembered of SITE/NODE."""
        return self._memories.get(name) or Memory()

    def _remember(self, name: str, seen: Seen) -> None:
        assert seen.place is not None
        memory = self._memories.setdefault(name, Memory())
        kind, message = seen.place.kind.name, seen.message
        moment = _moment(message, seen.retained, self._utc())
        memory.heard = max(memory.heard, moment)
        if kind == "alarm":
            self.alarms_changed = True
            if message is None:
                self.alarms.cleared(name, seen.place.parameter, moment)
            elif seen.place.parameter in self.telemetry.nodes[seen.place.site, seen.place.node].alarms:
                self.alarms.raised(name, seen.place.parameter, message, moment)
        elif kind == "evt_boot":
            memory.boots.append({"received": moment, **{word: message[word] for word in _BOOT if word in message}})
        elif seen.place.suffix in _CHARTED and isinstance(message, dict):
            for value_name, how, value, _letter in values(message):
                key = f"{seen.place.suffix}.{value_name}"
                if key in memory.series or len(memory.series) < MOST_SERIES:
                    memory.series.setdefault(key, Series()).add(moment, how.scaled(value))


_BOOT = ("b", "ts", "reset", "power_cuts", "slot", "fallback", "build")


def _moment(message: Any, retained: bool, now: float) -> float:
    """When it was made, for what did not come as it happened; never in the future."""
    ts = message.get("ts") if isinstance(message, dict) else None
    if ts and (retained or message.get("h") == 1):
        return min(now, datetime.fromisoformat(ts).timestamp())
    return now
