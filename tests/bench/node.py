"""The whole node on a virtual lamppost: from power-on to the first message, and what a record costs in flash."""

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
RESCUE_S = 1.5  # boot.py waits so long for Ctrl-C


def configuration(board: board_file.Board) -> dict:
    """Four parts, a record each second and one more every two."""
    return {
        "v": 1, "site": "bench", "node": "lp-bench",
        "wifi": {"ssid": "lamplighter", "password": "lamplighter"},
        "mqtt": {"host": "broker.lan"},
        "parts": board.node_document()["fitted"],
        "energy": {"part": "meter", "window_s": 1, "every_ms": 250},
        "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200}],
        "air": {"parts": ["dust", "climate"], "window_s": 2, "every_ms": 1000},
    }  # fmt: skip


class Flash:
    """What a node's flash holds: the board's image, with a configuration in its file system."""

    def __init__(self, board: board_file.Board, config: dict):
        files = littlefs.files(board, littlefs.compile_app())
        files["config.json"] = json.dumps(config).encode()
        vfs = board.partition("vfs").offset
        before = [row for row in build.build(board, build.standin(board)).segments if row[0] < vfs]
        self.segments = [*before, (vfs, littlefs.littlefs(board, files)[0])]


def boot(lamp: VirtualLamppost, subscriber: Subscriber) -> dict[str, float]:
    """Seconds from power-on: the boot loader has handed over, the app runs, the broker has the first message."""
    lamp.console.forget()
    heard = len(subscriber.messages)
    began = time.monotonic()
    lamp.power_on()
    times = {}
    for name, said in (("loader", r"Ctrl-C within"), ("app", r"app: \S+, boot"), ("connected", r"link: connected")):
        lamp.console.wait_for(said, 30)
        times[name] = time.monotonic() - began
    subscriber.wait(lambda messages: messages[heard:], 30)
    times["published"] = time.monotonic() - began
    return times


def measure() -> dict:
    """{"published_s", "rescue_s", "loader_s", "app_s", "connected_s", "runs", "flash_per_record", "records"}"""
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
                runs.append(boot(lamp, subscriber))
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
    names = ("loader", "app", "connected", "published")
    return {
        **{f"{name}_s": round(statistics.median(run[name] for run in runs), 3) for name in names},
        "rescue_s": RESCUE_S,
        "runs": RUNS,
        # of this run only: no block came round again, so what is not erased is what was programmed
        "flash_per_record": round(written / len(numbered), 1),
        "records": len(numbered),
    }


def lines(m: dict):
    """The figures as lines to print."""
    yield f"the whole node, virtual {BOARD}: power-on to (median of {m['runs']} runs)"
    yield f"  boot.py                     {m['loader_s']:9.2f} s"
    yield f"  the app runs                {m['app_s']:9.2f} s   ({m['rescue_s']} s of it are the rescue window)"
    yield f"  connected to the broker     {m['connected_s']:9.2f} s"
    own = m["published_s"] - m["rescue_s"]
    yield f"  first message at the broker {m['published_s']:9.2f} s   ({own:.2f} s without the window)"
    per_record = m["flash_per_record"]
    yield f"  flash programmed per record {per_record:9} bytes   ({m['records']} records, with headers and counters)"


if __name__ == "__main__":
    print("\n".join(lines(measure())))
