"""Sees on the wire what a node sent and what its broker acknowledged, so that each can be held to its own word."""

from __future__ import annotations

import re

from brokers import Passage

_KEY = re.compile(rb'"s":(\d+),')


class Witness(Passage):
    """A passage for one node.

    sent -- sequence numbers of the records as they went out; acknowledged -- of those that the broker took over
    blind -- what goes by is enciphered: nothing is seen, and nothing can be held against anybody
    """

    def __init__(self, target: int, blind: bool = False):
        self._blind = blind
        self.sent: list[int] = []
        self.acknowledged: set[int] = set()
        self._flying: dict[bytes, int] = {}
        self._half = {True: b"", False: b""}
        super().__init__(target)

    def holds(self, count: int) -> None:
        """The link kept its promise: all sent, first in order, and none left the journal without the broker's word."""
        if self._blind:
            return
        wanted = list(range(count))
        assert list(dict.fromkeys(self.sent)) == wanted, f"sent out of order: {self.sent}"
        assert sorted(self.acknowledged) == wanted, f"never acknowledged: {set(wanted) - self.acknowledged}"

    def passed(self, data: bytes, outward: bool) -> None:
        if self._blind:
            return
        if outward and data[0] == 0x10:  # CONNECT: what was half here died with the connection before
            self._half = {True: b"", False: b""}
            self._flying.clear()
        packets, self._half[outward] = _cut(self._half[outward] + data)
        for first, rest in packets:
            if outward and first & 0xF6 == 0x32:
                end = 2 + int.from_bytes(rest[:2], "big")
                if key := _KEY.search(rest[end + 2 :]):
                    self.sent.append(int(key[1]))
                    self._flying[rest[end : end + 2]] = int(key[1])
            elif not outward and first == 0x40 and rest[:2] in self._flying:
                number = self._flying.pop(rest[:2])
                if rest[2:3] < b"\x80":  # MQTT 5: from here on it is a refusal
                    self.acknowledged.add(number)


def _cut(stream: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Whole MQTT packets as (first byte, what follows the length), and the bytes of the one that is not whole."""
    packets = []
    while len(stream) >= 2:
        size, at = 0, 1
        while at < len(stream):
            size |= (stream[at] & 127) << 7 * (at - 1)
            at += 1
            if stream[at - 1] < 128:
                break
        else:
            break
        if len(stream) < at + size:
            break
        packets.append((stream[0], stream[at : at + size]))
        stream = stream[at + size :]
    return packets, stream
