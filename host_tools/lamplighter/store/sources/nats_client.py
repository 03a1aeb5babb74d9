"""The client of nats-py, which also reads subjects that are not UTF-8.

The server takes any bytes from whoever publishes by its own protocol; the library would stop reading for ever.
"""

from __future__ import annotations

from typing import Any

from nats.aio.client import Client


class AnySubject(Client):
    def _build_message(self, sid: int, subject: bytes, *rest: Any) -> Any:
        readable = bytes(subject).decode("utf-8", "backslashreplace")
        return super()._build_message(sid, readable.encode(), *rest)
