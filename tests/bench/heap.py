"""The heap that a node uses with four parts, MQTT 5 and TLS, and how long a collection takes, on a virtual lamppost.

A report, no limit: a lamppost has megabytes of PSRAM. Above WARN a line says so.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from lamplighter.boards import board_file
from lamplighter.device.repl import Repl
from lamplighter.image import littlefs
from lamplighter.virtual.lamppost import VirtualLamppost

sys.path.append(str(Path(__file__).resolve().parent.parent))
sys.path.append(str(Path(__file__).resolve().parent.parent / "interop"))

from interop.brokers import Mosquitto, Subscriber, free_port  # noqa: E402
from interop.certificates import Authority  # noqa: E402
from node import Flash  # noqa: E402

BOARD = "lamppost-esp32"
WARN = 256 * 1024
COLLECTIONS = 20
CONFIG = {
    "v": 1, "site": "lisbon", "node": "lp-0042", "asset": "LP-0042", "location": {"lat": 38.72, "lon": -9.14},
    "wifi": {"ssid": "lamplighter", "password": "lamplighter"},
    "time": {"servers": ["pool.ntp.org"]},
    "energy": {"part": "meter", "window_s": 10, "every_ms": 1000},
    "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200}],
    "air": {"parts": ["dust", "climate"], "window_s": 20, "every_ms": 5000},
}  # fmt: skip
ASK = f"""
import gc,time,sys
gc.collect()
t=time.ticks_us()
for i in range({COLLECTIONS}): gc.collect()
t=time.ticks_diff(time.ticks_us(),t)
print(gc.mem_alloc()+gc.mem_free(),t//{COLLECTIONS},' '.join(n for n in sys.modules if n.startswith('lamppost')))
"""


def measure() -> dict:
    """{"live64", "code", "live", "collection_us", "modules", "warn"}: bytes at 64 bits, of loaded .mpy, at 32 bits."""
    board = board_file.load(BOARD)
    app = littlefs.compile_app()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        authority = Authority(folder / "authority")
        theirs, ours = authority.issue("broker", "broker.lan"), authority.issue("node", "lp-0042")
        broker = Mosquitto(folder / "broker")
        tls_port = free_port()
        with broker.config.open("a") as file:
            file.write(
                f"listener {tls_port} 127.0.0.1\ncafile {authority.pem}\ncertfile {theirs.crt}\n"
                f"keyfile {theirs.key}\nrequire_certificate true\n"
            )
        broker.start()
        subscriber = Subscriber(broker.port, "lamppost/v1/#")
        names = {"ca": "/certs/ca.der", "cert": "/certs/node.der", "key": "/certs/node.key.der"}
        files = zip(names.values(), (authority.der, ours.der, ours.key_der), strict=True)
        config = {
            **CONFIG, "parts": board.node_document()["fitted"],
            "mqtt": {"host": "broker.lan", "port": 8883, "tls": names, "spread_s": 0, "drain_spread_s": 0},
        }  # fmt: skip
        lamp = VirtualLamppost(board, workdir=folder / "lamp")
        try:
            lamp.network.hosts["broker.lan"] = ("127.0.0.1", tls_port)
            lamp.start()
            lamp.flash_image(Flash(board, config, {path[1:]: Path(file).read_bytes() for path, file in files}))
            subscriber.wait(lambda heard: any("tele/air" in topic for topic, _, _ in heard), 90)
            told = subscriber.wait(lambda heard: [body for topic, body, _ in heard if topic.endswith("/diag")], 60)
            with Repl(lamp.port) as node:
                heap, collection_us, *modules = node.run(ASK, within=30).split()
            live = int(heap) - json.loads(told[-1])["heap_free"] - lamp.baseline_heap
        finally:
            lamp.stop()
            subscriber.close()
            broker.stop()
    code = sum(len(app.modules.get(f"{name.replace('.', '/')}.mpy", b"")) for name in modules)
    return {
        "live64": live, "code": code, "live": (live + code) // 2, "collection_us": int(collection_us),
        "modules": len(modules), "warn": WARN,
    }  # fmt: skip


def lines(m: dict):
    """The figures as lines to print."""
    yield "heap of the node: four parts, MQTT 5, mutual TLS, connected"
    yield f"  in use, derived for 32 bits {m['live']:9,} bytes   ({m['live64']:,} at 64 bits; {m['code']:,} of code in"
    yield f"                                         {m['modules']} modules do not halve)"
    yield f"  a collection                {m['collection_us'] / 1000:9.1f} ms      on this machine; PSRAM is slower"
    if m["live"] > m["warn"]:
        yield f"  WARNING: more than {m['warn']:,} bytes: a collection in PSRAM may outlast a UART's buffer"


if __name__ == "__main__":
    print("\n".join(lines(measure())))
