"""Awaiting a socket's readiness without an allocation of ours.

Uses asyncio's own queue of sockets (asyncio.core, the same in MicroPython 1.23 to 1.29), because its streams
allocate on every read.
"""

import asyncio


class Ready:
    """`await` it: until the socket can be read (or written). Made once a socket and awaited again and again."""

    def __init__(self, sock, writing=False):
        # here, because CPython's asyncio has none, and only waits need it
        from asyncio import core  # pyright: ignore[reportAttributeAccessIssue]

        self._queue = core._io_queue.queue_write if writing else core._io_queue.queue_read
        self._sock = sock
        self._asked = False
        self._done = StopIteration()

    def __iter__(self):
        self._asked = False
        return self

    def __next__(self):
        if self._asked:
            self._done.__traceback__ = None
            raise self._done
        self._asked = True
        self._queue(self._sock)

    async def _wait(self):
        await self  # pyright: ignore[reportGeneralTypeIssues] -- MicroPython awaits what can be iterated

    async def within(self, timeout_ms):
        """Await with a time-out (this does allocate); True if the socket is ready."""
        try:
            await asyncio.wait_for_ms(self._wait(), timeout_ms)
            return True
        except asyncio.TimeoutError:
            return False
