"""What the sources have in common whose client library works in an asyncio loop."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import Future

from ...telemetry.subscriber import Connection
from .background import Background
from .delivery import Delivery


class BackgroundSource:
    """A subclass has a start(), which sets _work, puts what comes into _arrived, and acknowledges in the loop."""

    def __init__(self) -> None:
        self._background = Background()
        self._work: Future[None] | None = None
        self._arrived: queue.SimpleQueue[Delivery | Connection] = queue.SimpleQueue()

    def next(self, timeout: float) -> Delivery | Connection | None:
        if self._work and self._work.done():
            self._work.result()
        try:
            return self._arrived.get(timeout=timeout)
        except queue.Empty:
            return None

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._background.start(self._acknowledge(deliveries))

    def look(self) -> None:
        """The loop's thread does all that is due."""

    async def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        raise NotImplementedError
