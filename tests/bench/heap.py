"""Bytes of live objects that the firmware holds, counted by a 32-bit MicroPython and derived from a 64-bit one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import heap32
from heap32 import COLLECT
from lamplighter.boards import board_file
from lamplighter.image.littlefs import App, compile_app
from lamplighter.virtual.lamppost import VirtualLamppost

sys.path.append(str(Path(__file__).resolve().parent.parent))

from interop.brokers import Mosquitto, Subscriber  # noqa: E402
from node import Flash  # noqa: E402

BOARD = "lamppost-esp32"
LIMIT = 64 * 1024
PEAK = 90 * 1024
PARTS = [one.part for one in board_file.load(BOARD).fitted]
MINUTES = 20  # the first windows are stored and sent by then
HEAP = "160wK"
# of a heap's bytes, those that objects can have: 64-bit blocks of 32 bytes, with 2 bits and 1 bit about each
USABLE = 1 / (1 + 1 / 128 + 1 / 256)

CONFIG = {
    "v": 1,
    "site": "lisbon",
    "node": "lp-0042",
    "asset": "LP-0042",
    "location": {"lat": 38.72, "lon": -9.14},
    "wifi": {"ssid": "lamplighter", "password": "lamplighter"},
    "mqtt": {"host": "broker.lan", "user": "lp-0042", "password": "not a secret"},
    "time": {"servers": ["pool.ntp.org"]},
    "energy": {"part": "meter", "window_s": 900, "every_ms": 1000},
    "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200}],
    "air": {"parts": ["dust", "climate"], "window_s": 600, "every_ms": 10000},
}
START = [
    "import asyncio, chip_in_ram; chip_in_ram.take_over(asyncio)", COLLECT, "live('asyncio')",
    "execute('/boot.py')", COLLECT, "live('boot')",
    "execute('/main.py')", COLLECT, "live('built')",
    # the chip collects each 8 kB; the engine here only between two steps
    *["chip_in_ram.pass_time(1000)", COLLECT] * 60, "live('start')",
]  # fmt: skip
# all three senses tell often, as in tests/hil/test_small_heap.py
BUSY = {
    "energy": {"part": "meter", "window_s": 60, "every_ms": 10000},
    "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 10000}],
    "air": {"parts": ["dust", "climate"], "window_s": 600, "every_ms": 30000},
}
OUTAGE = 200  # records that wait
# what is loaded beside the code that stays when the most is: a drain, with the outbox taken out, and a body being made
DRAINING = {
    "journal.folding", "journal.ring", "journal.block", "link.mqtt.publisher", "core.payload", "sensing.air.aired",
}  # fmt: skip


def counted(app: App) -> dict[str, int]:
    """Live bytes of a node that boots, joins, connects and works, at each stage."""
    steps = [
        *START,
        *["chip_in_ram.pass_time(10000)", COLLECT] * (MINUTES * 6), "live('work')",
        "assert len(chip_in_ram.broker) > 5, 'the firmware does not work here'",
    ]  # fmt: skip
    return heap32.count(CONFIG, app.modules, steps)


def by_module(app: App) -> dict[str, int]:
    """{module: bytes that its import leaves on the heap, its names included}, of those that stay after the start"""
    stay = heap32.count(CONFIG, app.modules, [*START, "for one in sys.modules: live(one)"])
    steps = ["import asyncio, chip_in_ram; chip_in_ram.take_over(asyncio)", "execute('/boot.py')"]
    steps += [COLLECT, "live('boot')"]
    faults = next(name for name, members in app.functions.items() if "lamppost.core.faults" in members)
    # everything else stands on these three
    first = ["lamppost", faults, "lamppost.app"]
    names = first + [name for name in sorted(app.functions) if name in stay and name not in first]
    for name in names:
        steps += [f"import {name}", COLLECT, f"live({name!r})"]
    sizes = list(heap32.count(CONFIG, app.modules, steps).items())
    taken = {name: size - before for (_, before), (name, size) in zip(sizes, sizes[1:], strict=False)}
    return {sources(app)[name]: size for name, size in taken.items()}


def sources(app: App) -> dict[str, str]:
    """{module of a file on the node: the source that the others in it are joined to}"""
    return {module: list(members)[-1] for module, members in app.functions.items() if members}


@contextmanager
def on_the_street(config: dict, weigh: bool = False) -> Iterator[tuple[VirtualLamppost, Mosquitto, Subscriber]]:
    """A virtual lamppost with that configuration, its broker, and who hears all."""
    board = board_file.load(BOARD)
    with tempfile.TemporaryDirectory() as scratch:
        broker = Mosquitto(Path(scratch, "broker"))
        broker.start()
        subscriber = Subscriber(broker.port, "lamppost/v1/#")
        lamp = VirtualLamppost(board, workdir=Path(scratch, "lamp"), fast=True, heap=HEAP, weigh=weigh)
        try:
            lamp.network.hosts["broker.lan"] = ("127.0.0.1", broker.port)
            lamp.start()
            lamp.flash_image(Flash(board, {**config, "parts": board.node_document()["fitted"]}))
            yield lamp, broker, subscriber
        finally:
            lamp.stop()
            subscriber.close()
            broker.stop()


def peak(app: App) -> dict[str, int]:
    """The most that is live at once in a night: start, records, an outage until OUTAGE wait, and their drain.

    Counted by the virtual lamppost at each access to flash, so also in the middle of each import; see derived().
    """
    journal = board_file.load(BOARD).partition("journal")

    def told(topic: str, number: int):
        return lambda heard: sum(topic in each for each, _, _ in heard) >= number

    with on_the_street({**CONFIG, **BUSY}, weigh=True) as (lamp, broker, subscriber):

        def blocks() -> int:
            data = lamp.flash_path.read_bytes()[journal.offset : journal.offset + journal.size]
            return sum(bool(data[at : at + 4096].strip(b"\xff")) for at in range(0, len(data), 4096))

        subscriber.wait(told("tele/air", 2), 60)
        broker.stop()
        before, written = sum("tele/" in each for each, _, _ in subscriber.messages), blocks()
        end = time.monotonic() + 120
        while blocks() < written + OUTAGE * 350 // 4096:
            if time.monotonic() > end:
                raise TimeoutError("the outage of the virtual lamppost takes too long")
            time.sleep(0.1)
        broker.start()
        subscriber.wait(told("tele/", before + OUTAGE), 60)
        live = lamp.heaviest
    code = sum(len(app.modules[name]) for name in staying(app, PARTS) | files_of(app, DRAINING))
    return {"live64": live, "code": code, "live": (live + code) // 2}


def files_of(app: App, names: set[str]) -> set[str]:
    """Paths of the .mpy in which these modules lie."""
    own = sources(app).items()
    return {f"{module.replace('.', '/')}.mpy" for module, one in own if one.removeprefix("lamppost.") in names}


def staying(app: App, parts: list[str]) -> set[str]:
    """Paths of the .mpy that stay: the app with what the build joins to it, sensing, and the buses and drivers."""
    names = {
        "app", "core.faults", "buses.uart", "buses.i2c", "sensing.energy.meter", "sensing.energy.register",
        "sensing.parking.bay",
    }  # fmt: skip
    names |= {"sensing.air.windows", *(f"drivers.{part}" for part in parts)}
    return files_of(app, names)


def derived(app: App) -> dict[str, int]:
    """The same from the virtual lamppost's 64-bit heap: data halves, compiled code does not.

    The first diag says what is free, while the first records are on their way and all is loaded that this needs.
    The simulated chip's own modules are known and taken off.
    """
    with on_the_street(CONFIG) as (lamp, _, subscriber):
        said = subscriber.wait(lambda heard: [body for topic, body, _ in heard if topic.endswith("/diag")], 30)
        heap = int(HEAP.removesuffix("wK")) * 1024 * 2 + lamp.baseline_heap
        live = int(heap * USABLE) - json.loads(said[0])["heap_free"] - lamp.baseline_heap
    code = sum(len(app.modules[name]) for name in staying(app, PARTS))
    return {"live64": live, "code": code, "live": (live + code) // 2}


def smallest(low: int = 48, high: int = 144) -> int:
    """Thousands of words, to 2, of the smallest heap with which the night of tests/hil/test_small_heap.py passes.

    Compiled code takes as much with 64 bits as with 32: a chip needs half of it more than so many kB.
    """
    root = Path(__file__).resolve().parent.parent.parent
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/hil/test_small_heap.py"]
    while high - low > 2:
        middle = (low + high) // 2
        tried = {**os.environ, "LAMPLIGHTER_HEAP": f"{middle}wK", "LAMPLIGHTER_WAITING": "500"}
        passed = subprocess.run(command, cwd=root, env=tried, capture_output=True).returncode == 0
        print(f"  {middle}wK: {'passed' if passed else 'did not'}", flush=True)
        low, high = (low, middle) if passed else (middle, high)
    return high


def measure() -> dict:
    """{"live": bytes, "limit", "counted": {stage: bytes} or None, "modules": {...} or None, "derived": {...}}"""
    app = compile_app()
    there = heap32.engine() is not None
    figures = {
        "limit": LIMIT,
        "counted": counted(app) if there else None,
        "modules": by_module(app) if there else None,
        "derived": derived(app),
        "peak": peak(app),
    }
    return {"live": (figures["counted"] or {}).get("start", figures["derived"]["live"]), **figures}


def lines(m: dict, every_module: bool = False):
    """The figures as lines to print."""
    yield "live objects of the node, four parts, default windows, connected (bytes at 32 bits)"
    if m["counted"]:
        yield f"  a minute after the start    {m['counted']['start']:9,}   counted by a 32-bit MicroPython"
        yield f"  after {MINUTES} minutes of work    {m['counted']['work']:9,}"
    else:
        yield f"  {heap32.MISSING}"
    d = m["derived"]
    halves = f"{d['live64']:,} live there, {d['code']:,} of code do not halve"
    yield f"  while records are sent      {d['live']:9,}   derived from 64 bits ({halves})"
    yield f"  the aim                     {m['limit']:9,}"
    p = m["peak"]
    halves = f"{p['live64']:,} live there, {p['code']:,} of code do not halve"
    yield f"  the most in a night         {p['live']:9,}   derived from 64 bits ({halves})"
    yield f"  the aim                     {PEAK:9,}"
    if m["modules"]:
        groups: dict[str, int] = {}
        for name, size in m["modules"].items():
            group = name.split(".")[1] if name.count(".") > 1 else "app"
            groups[group] = groups.get(group, 0) + size
        rows = sorted((m["modules"] if every_module else groups).items(), key=lambda row: -row[1])
        yield "  of it by import: " + ", ".join(f"{name} {size:,}" for name, size in rows)


if __name__ == "__main__":
    if "--smallest" in sys.argv:
        words = smallest()
        app = compile_app()
        code = sum(len(app.modules[name]) for name in staying(app, PARTS) | files_of(app, DRAINING)) // 2048
        print(f"smallest heap that a night with an outage passes on: {words} kB at 64 bits, halved;")
        print(f"with the half of the code that does not halve, {words + code} kB")
        sys.exit()
    print("\n".join(lines(measure(), "-v" in sys.argv)))
