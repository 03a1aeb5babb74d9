"""The heap that a node uses with four parts, MQTT 5 and TLS, and how long a collection takes, on a virtual lamppost.

It is measured once more while a second TLS session fetches a release beside the broker's.

A report, no limit: a lamppost has megabytes of PSRAM. Above WARN a line says so.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import sys
import tempfile
import threading
from pathlib import Path

from lamplighter.boards import board_file
from lamplighter.device.repl import Repl
from lamplighter.image import littlefs
from lamplighter.release.server import Handler, Server
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


class Slow(Server):
    """A web server that does not answer before it is told to: a session with it lasts."""

    def __init__(self, folder: Path, tls: ssl.SSLContext):
        self.asked, self.told = threading.Event(), threading.Event()
        super().__init__(folder, "127.0.0.1", 0, tls=tls)
        self.RequestHandlerClass = Waits


class Waits(Handler):
    server: Slow

    def answer(self, status: str, body: bytes, span: str = "") -> None:
        self.server.asked.set()
        self.server.told.wait(60)
        super().answer(status, body, span)


@contextlib.contextmanager
def slow_server(folder: Path, identity):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.crt, identity.key)
    server = Slow(folder, context)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.told.set()
        server.shutdown()
        server.server_close()


def heap_free(subscriber: Subscriber, number: int) -> int:
    """By `diag` after a collection, which the command `report` asks for."""
    command = json.dumps({"id": f"report-{number}", "exp": "2099-01-01T00:00:00Z"})

    def reports(heard):
        done = any(topic.endswith(f"/ack/report-{number}") and b'"ok"' in body for topic, body, _ in heard)
        return done and [body for topic, body, _ in heard if topic.endswith("/diag")]

    subscriber.client.publish("lamppost/v1/lisbon/lp-0042/cmd/report", command, 1)
    return json.loads(subscriber.wait(reports, 60)[-1])["heap_free"]


def measure() -> dict:
    """{"live64", "code", "live", "collection_us", "modules", "warn"}: bytes at 64 bits, of loaded .mpy, at 32 bits.

    second64, second -- what a second TLS session adds while it waits for an answer, at 64 and at 32 bits
    """
    board = board_file.load(BOARD)
    app = littlefs.compile_app()
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as served:
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
        web = served.enter_context(slow_server(folder, authority.issue("web", "releases.lan")))
        try:
            lamp.network.hosts["broker.lan"] = ("127.0.0.1", tls_port)
            lamp.network.hosts["releases.lan"] = ("127.0.0.1", web.port)
            lamp.start()
            lamp.flash_image(Flash(board, config, {path[1:]: Path(file).read_bytes() for path, file in files}))
            subscriber.wait(lambda heard: any("tele/air" in topic for topic, _, _ in heard), 90)
            free = heap_free(subscriber, 1)
            wanted = {"id": "u1", "url": "https://releases.lan/x.release", "sha256": "0" * 64, "spread_s": 0}
            subscriber.client.publish("lamppost/v1/lisbon/lp-0042/ota/desired", json.dumps(wanted), 1)
            assert web.asked.wait(60), "the web server was not asked"
            second = free - heap_free(subscriber, 2)
            web.told.set()
            with Repl(lamp.port) as node:
                heap, collection_us, *modules = node.run(ASK, within=30).split()
            live = int(heap) - free - lamp.baseline_heap
        finally:
            lamp.stop()
            subscriber.close()
            broker.stop()
    code = sum(len(app.modules.get(f"{name.replace('.', '/')}.mpy", b"")) for name in modules)
    return {
        "live64": live, "code": code, "live": (live + code) // 2, "collection_us": int(collection_us),
        "modules": len(modules), "warn": WARN, "second64": second, "second": second // 2,
    }  # fmt: skip


def lines(m: dict):
    """The figures as lines to print."""
    yield "heap of the node: four parts, MQTT 5, mutual TLS, connected"
    yield f"  in use, derived for 32 bits {m['live']:9,} bytes   ({m['live64']:,} at 64 bits; {m['code']:,} of code in"
    yield f"                                         {m['modules']} modules do not halve)"
    yield f"  a second TLS session adds   {m['second']:9,} bytes   ({m['second64']:,} at 64 bits) while it fetches a"
    yield "                                         release; mbedTLS's own buffers are outside this heap"
    yield f"  a collection                {m['collection_us'] / 1000:9.1f} ms      on this machine; PSRAM is slower"
    if m["live"] > m["warn"]:
        yield f"  WARNING: more than {m['warn']:,} bytes: a collection in PSRAM may outlast a UART's buffer"


if __name__ == "__main__":
    print("\n".join(lines(measure())))
