"""Records of many lampposts, published as fast as the broker takes them, but never far ahead of the store."""

from __future__ import annotations

import itertools
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from publisher import Lamp  # noqa: E402

WINDOW = 30_000  # packet identifiers in use at once, of 65,535


def messages(lamps: int, records: int) -> Iterator[tuple[str, bytes]]:
    """(topic, payload): a start of each lamppost, then energy, air and a bay in turn, until there are so many."""
    street = [Lamp(f"lp-{number:05d}") for number in range(lamps)]
    made = 0
    for s in itertools.count():
        for lamp in street:
            if made == records:
                return
            lamp.next = s
            yield _at(lamp, s)
            made += 1


def _at(lamp: Lamp, s: int) -> tuple[str, bytes]:
    if s == 0:
        return lamp.started()[:2]
    template = "air" if s % 10 == 9 else "parking" if s % 10 == 8 else "energy"
    topic, payload = _TEMPLATES.setdefault(template, getattr(Lamp("lp-x"), template)()[:2])
    return topic.replace("lp-x", lamp.node), payload.replace(b'"s": 0', b'"s": %d' % s)


_TEMPLATES: dict[str, tuple[str, bytes]] = {}


class Feed(threading.Thread):
    """Publishes messages at QoS 1 while `committed()` is less than `ahead` behind; ends when all are acknowledged."""

    def __init__(self, port: int, source: Iterator[tuple[str, bytes]], committed: Callable[[], int], ahead: int):
        super().__init__(daemon=True)
        self._source, self._committed, self._ahead = source, committed, ahead
        self.sent = 0
        self._acknowledged = 0
        self._changed = threading.Condition()
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(_packet(0x10, b"\0\4MQTT\4\2\0\0" + _text("feed")))
        assert self._socket.recv(4) == b"\x20\2\0\0"

    def run(self) -> None:
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        while batch := list(itertools.islice(self._source, 1000)):
            with self._changed:
                while not self._changed.wait_for(self._may_send, 0.05):
                    pass
            self._socket.sendall(b"".join(self._publish(*message) for message in batch))
        with self._changed:
            self._changed.wait_for(lambda: self._acknowledged == self.sent)
        self._socket.close()

    def _may_send(self) -> bool:
        return self.sent - self._acknowledged < WINDOW and self.sent - self._committed() < self._ahead

    def _publish(self, topic: str, payload: bytes) -> bytes:
        self.sent += 1
        return _packet(0x32, _text(topic) + struct.pack(">H", self.sent % 65535 + 1) + payload)

    def _read(self) -> None:
        taken = 0
        while data := self._received():
            taken += len(data)
            with self._changed:
                self._acknowledged = taken // 4
                self._changed.notify()

    def _received(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except OSError:  # closed by run()
            return b""


def _text(word: str) -> bytes:
    raw = word.encode()
    return struct.pack(">H", len(raw)) + raw


def _packet(kind: int, body: bytes) -> bytes:
    size, length = len(body), b""
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (128 if size else 0)])
        if not size:
            return bytes([kind]) + length + body
