"""Where the store's messages come from: one interface over MQTT, NATS JetStream and Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...telemetry.subscriber import Connection, Incoming


@dataclass(frozen=True)
class Delivery(Incoming):
    """A message to acknowledge.

    repeated -- it may have been sent before, and nothing but its words shows it
    received -- UTC without zone: when it first arrived, the same each time it is delivered; None: now
    """

    repeated: bool
    received: datetime | None


class Source(Protocol):
    """Keeps every message until it is acknowledged, also while no store runs, and delivers it again until then.

    It never delivers one that is neither acknowledged nor given up a second time to the same store.
    """

    where: str  # for sentences: without a password

    def start(self) -> None:
        """Raises a Problem for what cannot become right without a change; waits for what can."""
        ...

    def next(self, timeout: float) -> Delivery | Connection | None:
        """The next message to store; None when there was none in time, or none for this store."""
        ...

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """They are committed. One whose acknowledgement gets lost is delivered again."""
        ...

    def look(self) -> None:
        """Called again and again: do what must be done from time to time."""
        ...

    def close(self) -> None: ...
