"""The subscriber of `make dusk`: counts every number of every node, in a process of its own so that it keeps up.

argv[1] -- {"port":.., "topic":.., "every":..}; then a line with the path of a ledger {node: {boot: last number}}:
waits until all of that is there, and prints what was counted as one JSON object.

The counting is the product's (lamplighter.telemetry.sequence). Checking against the contract is too slow for every
message: the first of each topic and each `every`th message is checked, when all have come.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

from lamplighter import paths
from lamplighter.contract import check_message
from lamplighter.telemetry.sequence import LATE, Sequence

paths.importable()

from lamppost.link.mqtt import packets  # noqa: E402

HEAD = re.compile(rb'\{"v":1,"b":(\d+),"s":(?:null|(\d+)),"ts":[^,]+,"tq":\d,(?:"tu":\d+,)?"h":([01])')
WAIT_S = 30


class Reader(asyncio.Protocol):
    """A session that the broker keeps while it is away; QoS 1."""

    def __init__(self, topic: str, every: int) -> None:
        self._topic, self._every = topic, every
        self._buf = bytearray()
        self.nodes: dict[str, Sequence] = {}
        self.seen: dict[str, dict[int, set[int]]] = {}
        self.messages = self.retained = self.late = self.unreadable = 0
        self.last = time.monotonic()
        self._kinds: set[str] = set()
        self.sample: list[tuple[str, bytes, bool]] = []
        self.ready: asyncio.Event = asyncio.Event()
        self.lost: asyncio.Event = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buf.clear()
        self.lost.clear()
        transport.write(packets.connect("dusk-reader", 60, clean=False))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        buf = self._buf
        buf += data
        at = 0
        answers = bytearray()
        while len(buf) - at >= 2:
            size = shift = 0
            body = at + 1
            while body < len(buf):
                byte = buf[body]
                size |= (byte & 127) << shift
                body += 1
                shift += 7
                if byte < 128:
                    break
            else:
                break
            if body + size > len(buf):
                break
            self._packet(buf[at], bytes(buf[body : body + size]), answers)
            at = body + size
        del buf[:at]
        if answers:
            self._transport.write(bytes(answers))

    def _packet(self, first: int, body: bytes, answers: bytearray) -> None:
        kind = first & 0xF0
        if kind == 0x30:
            end = 2 + (body[0] << 8 | body[1])
            topic = body[2:end].decode()
            if first & 6:
                answers += b"\x40\x02" + body[end : end + 2]
                end += 2
            self.message(topic, body[end:], bool(first & 1))
        elif kind == 0x20:
            if body[1]:
                raise RuntimeError(f"the broker refuses the reader: {body[1]}")
            if body[0]:
                self.ready.set()  # the session is still there, with its subscription
            else:
                self._transport.write(packets.subscribe(1, [self._topic]))
        elif kind == 0x90:
            self.ready.set()

    def message(self, topic: str, payload: bytes, retained: bool) -> None:
        self.messages += 1
        self.retained += retained
        self.last = time.monotonic()
        _, _, _, node, suffix = topic.split("/", 4)
        if suffix not in self._kinds or self.messages % self._every == 0:
            self._kinds.add(suffix)
            self.sample.append((topic, payload, retained))
        if not payload:
            return  # an alarm's end has no number
        head = HEAD.match(payload)
        if head is None:
            self.unreadable += 1
            self.sample.append((topic, payload, retained))
            return
        if head[2] is None:
            return
        sequence = self.nodes.setdefault(node, Sequence())
        b, s = int(head[1]), int(head[2])
        verdict = sequence.take(b, s, alarm=suffix.startswith("alarm/"), retained=retained, held=head[3] == b"1")
        self.late += verdict == LATE
        if not retained:
            self.seen.setdefault(node, {}).setdefault(b, set()).add(s)
        if suffix == "evt/boot" and not retained:
            told = json.loads(payload)
            sequence.booted(b, told["last_b"], told["last_s"])

    def missing(self, ledger: dict[str, dict[str, int]]) -> int:
        """Numbers that the nodes have given, and that never came."""
        return sum(
            last + 1 - len(self.seen.get(node, {}).get(int(boot), ()))
            for node, boots in ledger.items()
            for boot, last in boots.items()
        )

    def counts(self, ledger: dict[str, dict[str, int]]) -> dict:
        wrong = [(topic, said) for topic, payload, kept in self.sample if (said := check_message(topic, payload, kept))]
        sequences = self.nodes.values()
        return {
            "nodes": len(self.nodes),
            "messages": self.messages,
            "missing": self.missing(ledger),
            "gaps": sum(one.gaps for one in sequences),
            "awaited": sum(one.awaited for one in sequences),
            "duplicates": sum(one.duplicates for one in sequences),
            "late": self.late,
            "unreadable": self.unreadable,
            "checked": len(self.sample),
            "invalid": len(wrong),
            "complaints": [f"{topic}: {' '.join(said)}" for topic, said in wrong[:10]],
        }


async def main(port: int, topic: str, every: int) -> None:
    loop = asyncio.get_running_loop()
    reader = Reader(topic, every)
    stay = asyncio.create_task(_stay(reader, port))
    await reader.ready.wait()
    print(json.dumps({"ready": True}), flush=True)
    with open(await loop.run_in_executor(None, lambda: sys.stdin.readline().strip()), encoding="utf-8") as file:
        ledger = json.load(file)
    asked = time.monotonic()
    while reader.missing(ledger) and time.monotonic() - max(asked, reader.last) < WAIT_S:
        await asyncio.sleep(0.1)
    behind = max(0.0, reader.last - asked)
    await asyncio.sleep(0.5)  # what comes twice comes now
    stay.cancel()
    print(json.dumps({**reader.counts(ledger), "behind_s": round(behind, 3)}), flush=True)


async def _stay(reader: Reader, port: int) -> None:
    """Connected, also after the broker was away."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            await loop.create_connection(lambda: reader, "127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        await reader.lost.wait()


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
