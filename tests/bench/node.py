"""The whole node on a virtual lamppost: each step of a start up to telemetry, and what a record costs in flash."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lamplighter.boards import board_file
from lamplighter.image import build, littlefs
from lamplighter.virtual.lamppost import VirtualLamppost

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from interop.brokers import Mosquitto, Subscriber  # noqa: E402

BOARD = "lamppost-esp32"
RUNS = 5
RECORDS_S = 30  # seconds of records, power cuts between
WITHIN_S = 90  # so long a start may take until it counts as one without telemetry


def configuration(board: board_file.Board) -> dict:
    """Four parts, a record each second and one more every two."""
    return {
        "v": 1, "site": "bench", "node": "lp-bench",
        "wifi": {"ssid": "lamplighter", "password": "lamplighter"},
        "mqtt": {"host": "broker.lan", "spread_s": 0, "drain_spread_s": 0},
        "parts": board.node_document()["fitted"],
        "energy": {"part": "meter", "window_s": 1, "every_ms": 250},
        "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200}],
        "air": {"parts": ["dust", "climate"], "window_s": 2, "every_ms": 1000},
    }  # fmt: skip


class Flash:
    """What a node's flash holds: the board's image, with a configuration and further files in its file system."""

    def __init__(self, board: board_file.Board, config: dict, more: dict[str, bytes] | None = None):
        files = littlefs.files(board, littlefs.compile_app())
        files.update({"config.json": json.dumps(config).encode(), **(more or {})})
        vfs = board.partition("vfs").offset
        before = [row for row in build.build(board, build.standin(board)).segments if row[0] < vfs]
        self.segments = [*before, (vfs, littlefs.littlefs(board, files)[0])]


def boot(lamp: VirtualLamppost) -> dict[str, int]:
    """{step: ms since power-on} of one start, as the node's own log has it; {} when no telemetry came.

    The time until boot.py begins is the host's to measure: the node has no clock before.
    """
    lamp.console.forget()
    began = time.monotonic()
    lamp.power_on()
    try:
        lamp.console.wait_for(r"lamppost: Ctrl-C", WITHIN_S)
        before = round((time.monotonic() - began) * 1000)
        said = lamp.console.wait_for(r"start: done after ms: ([^\r\n]+)", WITHIN_S)
    except TimeoutError:
        return {}
    steps = (step.split("=") for step in said[1].decode().split())
    return {"boot.py": before, **{name: before + int(ms) for name, ms in steps}}


def measure() -> dict:
    """{"steps_ms": {step: median ms since power-on}, "runs", "silent", "flash_per_record" or None, "records"}

    silent -- starts without telemetry within WITHIN_S
    """
    board = board_file.load(BOARD)
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder, "broker"))
        broker.start()
        subscriber = Subscriber(broker.port, "lamppost/v1/#")
        lamp = VirtualLamppost(board, workdir=Path(folder, "lamp"))
        try:
            lamp.network.hosts["broker.lan"] = ("127.0.0.1", broker.port)
            lamp.start()
            lamp.flash_image(Flash(board, configuration(board)))
            lamp.power_off()
            runs = []
            for _ in range(RUNS):
                runs.append(boot(lamp))
                time.sleep(RECORDS_S / RUNS)
                lamp.power_off()
            numbered = {
                (message["b"], message["s"])
                for message in (json.loads(payload) for _, payload, _ in subscriber.messages if payload)
                if message["s"] is not None
            }
            journal = board.partition("journal")
            written = journal.size - lamp.read_flash(journal.offset, journal.size).count(b"\xff")
        finally:
            lamp.stop()
            subscriber.close()
            broker.stop()
    return figures(runs, written, len(numbered))


def figures(runs: list[dict[str, int]], written: int, records: int) -> dict:
    """runs -- of boot(); written -- bytes of the journal that are not erased; records -- numbered ones at the broker"""
    well = [run for run in runs if run]
    return {
        "steps_ms": {name: statistics.median_low(run[name] for run in well) for name in (well[0] if well else ())},
        "runs": len(runs),
        "silent": len(runs) - len(well),
        # no block came round again, so what is not erased is what was programmed
        "flash_per_record": round(written / records, 1) if records else None,
        "records": records,
    }


def lines(m: dict):
    """The figures as lines to print."""
    yield f"the whole node, virtual {BOARD}: ms from power-on to the end of each step (median of {m['runs']} starts)"
    before = 0
    for name, ms in m["steps_ms"].items():
        yield f"  {name:<27} {ms:9}   (+{ms - before})"
        before = ms
    if m["silent"]:
        yield f"  {m['silent']} of {m['runs']} starts brought no telemetry within {WITHIN_S} s; they are left out above"
    if m["records"]:
        said = f"{m['flash_per_record']:9} bytes   ({m['records']} records, with headers and counters)"
        yield f"  flash programmed per record {said}"
    else:
        yield "  flash programmed per record: unknown, as no record came to the broker"


if __name__ == "__main__":
    print("\n".join(lines(measure())))
