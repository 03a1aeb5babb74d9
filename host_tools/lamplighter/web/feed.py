"""One stream of changes for any number of browsers: each change is encoded once, and nobody has a queue of his own.

The last batches are kept in a ring. A browser that falls behind it, because it is slow or was asleep, gets the whole
street anew. So the memory depends on the street alone, not on who is watching.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

RING = 128  # batches
KEEPALIVE_S = 15.0


def event(name: str, data: Any) -> bytes:
    """A server-sent event."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return f"event: {name}\ndata: {text}\n\n".encode()


class Feed:
    """publish() batches; `async for piece in follow():` is what one browser is sent.

    whole -- makes the event that begins with everything
    """

    def __init__(self, whole: Callable[[], bytes]) -> None:
        self._whole = whole
        self._kept: tuple[int, bytes] | None = None  # a recent whole(), and the number of batches before it
        self._ring: deque[bytes] = deque(maxlen=RING)
        self._count = 0  # batches so far
        self._news = asyncio.Event()
        self._closed = False
        self.followers = 0

    def publish(self, batch: bytes) -> None:
        self._ring.append(batch)
        self._count += 1
        self._wake()

    def unseen(self) -> None:
        """Something changed while nobody follows: whoever comes begins with everything."""
        self._kept = None

    def close(self) -> None:
        """End every follow(), once it has sent what was published."""
        self._closed = True
        self._wake()

    async def follow(self) -> AsyncIterator[bytes]:
        self.followers += 1
        try:
            place, piece = self._beginning()
            while True:
                yield piece
                news = self._news
                if place == self._count:
                    if self._closed:
                        return
                    try:
                        await asyncio.wait_for(news.wait(), KEEPALIVE_S)
                    except TimeoutError:
                        piece = b": still here\n\n"
                        continue
                behind = self._count - place
                if behind > len(self._ring):
                    place, piece = self._beginning()
                else:
                    place, piece = self._count, b"".join(list(self._ring)[len(self._ring) - behind :])
        finally:
            self.followers -= 1

    def _beginning(self) -> tuple[int, bytes]:
        """(number of batches before it, everything): many browsers that come at once share one."""
        if self._kept is None or self._count - self._kept[0] > RING // 4:
            self._kept = self._count, self._whole()
        return self._kept

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
