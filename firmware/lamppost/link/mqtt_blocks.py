"""Fetches pieces of files through the broker, where the firewall lets nothing else out.

The node asks on ota/fetch, and who offers the release answers on ota/block. One piece is asked for at a time.
"""

import asyncio
import json
from binascii import a2b_base64

from micropython import const

from ..core.faults import FetchFault, LinkFault

_ANSWER_MS = const(20000)
_ALIVE_MS = const(1000)


class Client:
    """As link/http.py's Client, for the addresses of "mqtt:///FILE".

    publish(suffix, body) -- at QoS 1, with the envelope's head; True if it is on its way
    """

    def __init__(self, publish):
        self._publish = publish
        self._number = 0  # of the request
        self._block = None  # the answer to it
        self._came = asyncio.Event()

    def take(self, last, body, retained):
        """A message on ota/block; see ops/routes.py. An answer to another request is late, and dropped."""
        try:
            block = json.loads(body)
            if block["id"] == self._number and not retained:
                self._block = block
                self._came.set()
        except (ValueError, TypeError, KeyError, RuntimeError, MemoryError):
            pass  # the request is repeated after its time-out

    async def get(self, place, start, most, alive):
        """(bytes, size of the whole file): at most `most` bytes of it from `start`. Raises LinkFault, FetchFault."""
        self._number += 1
        self._block = None
        self._came.clear()
        asked = {"id": self._number, "path": place[3], "from": start, "most": most}
        if not self._publish(b"ota/fetch", json.dumps(asked)[1:].encode()):
            raise LinkFault("closed", "no connection to the broker")
        left = _ANSWER_MS
        while self._block is None:
            if left <= 0:
                raise LinkFault("timeout", "nobody at the broker offers the release now")
            alive()
            try:
                await asyncio.wait_for_ms(self._came.wait(), _ALIVE_MS)
            except asyncio.TimeoutError:
                left -= _ALIVE_MS
        return read(self._block, start, most)


def read(block, start, most):
    """(bytes, size of the whole file) of an answer, parsed JSON. FetchFault: answer, absent."""
    try:
        size = block["size"]
        if size is None:
            raise FetchFault("absent", "who offers the release has no such file")
        data = a2b_base64(block["data"])
        if isinstance(size, int) and 0 < len(data) <= most and start + len(data) <= size:
            return data, size
    except (ValueError, TypeError, KeyError):
        pass
    raise FetchFault("answer", "ota/block is not the piece asked for")
