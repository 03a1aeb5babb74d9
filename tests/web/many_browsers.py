"""`make web-browsers`: what each further browser costs `lamplighter web`, and that all of them share one subscription.

2,000 lampposts at 200 messages a second on Mosquitto; plain sockets read the stream of changes: none, 1, 10 and 100 of
them, each for WEB_BROWSERS="--seconds 30". Prints a table, and fails where the page has more than one connection to
the broker or a browser misses the last change.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path[:0] = [str(Path(__file__).parents[1] / "interop")]

from made_street import MadeStreet  # noqa: E402
from page_process import PageProcess  # noqa: E402
from run import received, resident_mb, scene  # noqa: E402

MARK = 64  # bytes at the end of a piece in which a word may begin
COUNTS = (0, 1, 10, 100)
TICKS = os.sysconf("SC_CLK_TCK")


class Browsers:
    """So many readers of the page's stream. saw(word) waits until each of them has received it since expect(word)."""

    def __init__(self, address: str, count: int) -> None:
        where = urlsplit(address)
        self.bytes = 0
        self._word = b"event: street"
        self._missing: dict[socket.socket, bytes] = {}
        self._changed = threading.Condition()
        self._selector = selectors.DefaultSelector()
        self._ended = False
        self.sockets = []
        for _ in range(count):
            one = socket.create_connection((where.hostname, where.port), 20)
            one.sendall(f"GET /events HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            one.setblocking(False)
            self._missing[one] = b""
            self._selector.register(one, selectors.EVENT_READ)
            self.sockets.append(one)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def expect(self, word: str) -> None:
        with self._changed:
            self._word = word.encode()
            self._missing = dict.fromkeys(self.sockets, b"")

    def saw(self, within: float = 60) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self._missing, within), f"{len(self._missing)} did not receive it"

    def close(self) -> None:
        self._ended = True
        self._thread.join(20)
        for one in self.sockets:
            one.close()
        self._selector.close()

    def _read(self) -> None:
        while not self._ended:
            for key, _ in self._selector.select(0.2):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                piece = one.recv(1 << 20)
                if not piece:
                    self._selector.unregister(one)
                self._take(one, piece)

    def _take(self, one: socket.socket, piece: bytes) -> None:
        with self._changed:
            self.bytes += len(piece)
            if one in self._missing:
                text = self._missing[one] + piece
                self._missing[one] = text[-MARK:]
                if self._word in text:
                    del self._missing[one]
                    self._changed.notify_all()


def connections(pid: int, port: int) -> int:
    """Of a process to a port of this computer."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(entry).removeprefix("socket:[").removesuffix("]"))
        except OSError:  # closed meanwhile
            continue
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" and row[9] in inodes for row in rows)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measured(nodes: int, rate: float, seconds: float, counts: tuple[int, ...]) -> list[str]:
    """Prints a row for each count; what is not as it must be."""
    wrong = []
    with scene(nodes, rate) as (_, broker, street, page, load):
        end = time.monotonic() + 300
        while received(page) < street.sent:
            assert time.monotonic() < end, "the page did not receive the street"
            time.sleep(0.2)
        load.start()
        print(f"{nodes} lampposts, {rate:g} messages/s, {seconds:g} s each")
        print("browsers  connections to the broker  CPU of one core  memory    sent to each")
        for count in counts:
            wrong += _row(page, broker.port, street, count, seconds)
    return wrong


def _row(page: PageProcess, port: int, street: MadeStreet, count: int, seconds: float) -> list[str]:
    pid = page.process.pid
    browsers = Browsers(page.address, count)
    try:
        browsers.saw()
        began, spent, sent = time.monotonic(), cpu_s(pid), browsers.bytes
        time.sleep(seconds)
        took = time.monotonic() - began
        share, memory = (cpu_s(pid) - spent) / took, resident_mb(pid)
        each = (browsers.bytes - sent) / took / 1000 / max(count, 1)
        links = connections(pid, port)
        browsers.expect(f"sensorFault-last{count}")
        street.alarm("lisbon/lp-00001", f"sensorFault-last{count}")
        browsers.saw()
    finally:
        browsers.close()
    print(f"{count:8d}  {links:25d}  {share:14.0%}  {memory:5.0f} MB  {each:6.0f} kB/s", flush=True)
    return [] if links == 1 else [f"{count} browsers: {links} connections to the broker"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    asked = parser.parse_args()
    wrong = measured(asked.nodes, asked.rate, asked.seconds, COUNTS)
    for line in wrong:
        print(f"FAIL {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
