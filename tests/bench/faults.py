"""The run that every known client fails: 2,000 readings, one each 10 ms, while broker, link and node are broken.

Four runs for each client, over the whole path in real MicroPython: the broker killed twice for 3 s; a link that is half
open for 5 s; packet ids that pass 65,535; the node killed (SIGKILL) with 500 readings unsent, and started again.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

import peers  # noqa: E402
from brokers import Mosquitto, Passage, Subscriber  # noqa: E402

NODE = Path(__file__).with_name("faults_node.py")
MICROPYTHON = Path(sys.executable).parent / "micropython"
READINGS = 2000
UNSENT = 500
ROOM = 256  # readings that a client from PyPI may keep in RAM: 56 kB of 165 that an ESP32 has for everything
HEAP = "160wK"
CLIENTS: dict[str, Callable[[], Path | None]] = {
    "lamppost": lambda: Path(),
    "umqtt.simple": peers.umqtt,
    "chumicro-mqtt": peers.chumicro,
}
HOW = {"lamppost": "ours", "umqtt.simple": "umqtt", "chumicro-mqtt": "chumicro"}


class Street:
    """A broker, a way to it and a subscriber, for one run of one client."""

    def __init__(self, folder: Path):
        self.broker = Mosquitto(folder / "broker")
        self.broker.start()
        # at QoS 0, and always there before a node is: what a killed broker had acknowledged is then never lost
        # behind it
        self.subscriber = Subscriber(self.broker.port, qos=0)
        self.passage = Passage(self.broker.port)
        self.flash = folder / "flash"

    def close(self) -> None:
        self.passage.close()
        self.subscriber.close()
        self.broker.stop()

    def broker_dies(self) -> None:
        self.broker.kill()
        self.passage.target = 1  # nothing listens on that port

    def broker_returns(self) -> None:
        end = time.monotonic() + 10
        while not self.subscriber.deaf() and time.monotonic() < end:
            time.sleep(0.01)
        self.broker.start()
        assert self.subscriber.listening(10)
        self.passage.target = self.broker.port

    def numbers(self) -> list[int]:
        """The readings that came, in their order."""
        said = (re.search(rb'"imp_mwh":(\d+)', payload) for _, payload, _ in list(self.subscriber.messages))
        return [int(found[1]) - 1000000 for found in said if found]

    def quiet(self, wanted: int, within: float) -> None:
        """Until `wanted` different readings are there, or nothing new comes any more."""
        end = time.monotonic() + within
        while time.monotonic() < end and len(set(self.numbers())) < wanted:
            time.sleep(0.1)


class Node:
    """The process that samples and publishes."""

    def __init__(self, street: Street, client: str, folder: Path, count: int, first=0, id=0, room=ROOM, port=None):  # noqa: A002
        asked = {
            "how": HOW[client], "port": port or street.passage.port, "count": count, "first": first, "id": id,
            "flash": str(street.flash), "folder": str(folder), "room": room,
        }  # fmt: skip
        self.said: dict[str, Any] = {}
        self.troubles: list[str] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [MICROPYTHON, "-X", f"heapsize={HEAP}", NODE, json.dumps(asked)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._news:
                try:
                    said = json.loads(line)
                except ValueError:
                    said = {"trouble": line.strip()}
                if "trouble" in said:
                    self.troubles.append(said["trouble"])
                else:
                    self.said.update(said)
                self._news.notify_all()

    def wait(self, what: str, within: float) -> bool:
        """Until it has said so, or has died, or the time is over."""
        end = time.monotonic() + within
        with self._news:
            while what not in self.said and self.process.poll() is None and (left := end - time.monotonic()) > 0:
                self._news.wait(min(left, 0.5))
        return what in self.said

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(5)
        self._reader.join(5)
        assert self.process.stdout
        self.process.stdout.close()


@contextlib.contextmanager
def _street():
    with tempfile.TemporaryDirectory() as folder:
        street = Street(Path(folder))
        try:
            yield street
        finally:
            street.close()


def _verdict(street: Street, node: Node, wanted: int) -> dict[str, Any]:
    numbers = street.numbers()
    first_of_each = list(dict.fromkeys(numbers))
    return {
        "arrived": len(first_of_each), "of": wanted, "duplicates": len(numbers) - len(first_of_each),
        "disordered": sum(b < a for a, b in zip(first_of_each, first_of_each[1:], strict=False)),
        "missed": node.said.get("missed"), "shed": node.said.get("shed"),
        "p999_ms": node.said.get("p999_ms"), "worst_ms": node.said.get("worst_ms"),
        "machine_ms": node.said.get("machine_ms"), "troubles": node.troubles[:3],
    }  # fmt: skip


def _run(client: str, folder: Path, disturb: Callable[[Street], None], count: int, **options: Any) -> dict[str, Any]:
    with _street() as street:
        node = Node(street, client, folder, count, **options)
        try:
            disturb(street)
            taken = node.wait("taken", count / 100 + 30)
            node.wait("drained", 20 if taken else 0)
            street.quiet(node.said.get("taken", count), 5)
            return {**_verdict(street, node, count), "hung": not taken, "drained": "drained" in node.said}
        finally:
            node.kill()


def _when(street: Street, readings: int) -> None:
    """Until so many have arrived, but no longer than they take to be made."""
    end = time.monotonic() + readings / 100
    while time.monotonic() < end and len(street.numbers()) < readings:
        time.sleep(0.02)


def killed(client: str, folder: Path, count: int = READINGS, away_s: float = 3.0) -> dict[str, Any]:
    def disturb(street: Street) -> None:
        for at in (count * 15 // 100, count * 6 // 10):
            _when(street, at)
            street.broker_dies()
            time.sleep(away_s)  # the outage itself
            street.broker_returns()

    return _run(client, folder, disturb, count)


def halfopen(client: str, folder: Path, count: int = READINGS, away_s: float = 5.0) -> dict[str, Any]:
    def disturb(street: Street) -> None:
        _when(street, count // 4)
        street.passage.hush()
        time.sleep(away_s)  # the silence itself
        street.passage.speak()

    return _run(client, folder, disturb, count)


def ids(client: str, folder: Path, count: int = 600) -> dict[str, Any]:
    return _run(client, folder, lambda street: None, count, id=65536 - count // 2)


def hardkill(client: str, folder: Path, count: int = UNSENT) -> dict[str, Any]:
    """Nobody answers while the readings are made; then the process is killed, and started again on the same flash."""
    with _street() as street:
        street.broker_dies()
        node = Node(street, client, folder, count, room=count)
        node.wait("taken", count / 100 + 30)
        node.kill()
        street.broker_returns()
        again = Node(street, client, folder, 0, first=count)
        try:
            again.wait("drained", 15)
            street.quiet(count, 5)
            return _verdict(street, again, count)
        finally:
            again.kill()


def measure(count: int = READINGS, unsent: int = UNSENT, clients: tuple[str, ...] = tuple(CLIENTS)) -> dict:
    """{client: {"killed":, "halfopen":, "ids":, "hardkill":} or None where it could not be fetched}"""
    figures: dict[str, dict | None] = {}
    for client in clients:
        folder = CLIENTS[client]()
        figures[client] = folder and {
            "killed": killed(client, folder, count), "halfopen": halfopen(client, folder, count),
            "ids": ids(client, folder), "hardkill": hardkill(client, folder, unsent),
        }  # fmt: skip
    return figures


def good(runs: dict) -> bool:
    """Nothing missing, nothing shed, nothing out of order, in all four runs."""
    return all(run["arrived"] == run["of"] and not run["disordered"] and not run["shed"] for run in runs.values())


_TITLES = {"killed": "broker killed twice, 3 s each", "halfopen": "half-open link, 5 s",
           "ids": "packet ids pass 65,535", "hardkill": "node killed, 500 unsent"}  # fmt: skip


def table(figures: dict) -> str:
    rows = [f"{READINGS:,} readings, one each 10 ms; a RAM queue holds {ROOM}"]
    for client, runs in figures.items():
        if not runs:
            rows.append(f"  {client} is not measured: it could not be fetched (no network).")
            continue
        rows.append(f"  {client}")
        rows += [f"    {_TITLES[name]:<30} {_line(run)}" for name, run in runs.items()]
    return "\n".join(rows)


def _line(run: dict[str, Any]) -> str:
    parts = [f"{run['arrived']:,} of {run['of']:,} arrived"]
    if run.get("hung"):
        parts.append("then it hung")
    elif run.get("drained") is False:
        parts.append("the rest never went")
    parts += [f"{run[name]} {words}" for name, words in (
        ("missed", "never sampled"), ("shed", "shed"), ("disordered", "out of order"), ("duplicates", "again by key"),
    ) if run[name]]  # fmt: skip
    if run["worst_ms"] is not None and run["of"] > UNSENT:
        late = f"loop late by {run['p999_ms']} ms (99.9 %), {run['worst_ms']} ms at most"
        if run["machine_ms"] and run["worst_ms"] > 20:
            late += f", {run['machine_ms']} of them without a processor"
        parts.append(late)
    return "; ".join(parts)


if __name__ == "__main__":
    chosen = tuple(sys.argv[1:]) or tuple(CLIENTS)
    measured = measure(clients=chosen)
    print(table(measured))
    sys.exit(not good(measured["lamppost"]) if measured.get("lamppost") else 0)
