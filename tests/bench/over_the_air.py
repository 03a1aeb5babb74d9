"""What an update over the air costs: the part over_the_air of `make bench`.

Bytes of TCP payload in both directions, requests and headers included, of an update by one changed line and of a whole
app; the time in which 40 kB of files come on a link of 250 kbit/s beside the time that their bytes take on that wire;
milliseconds and heap of one check of a signature, also on a MicroPython of 32 bits, as the chip's is, where
.ci/micropython-32 could fetch one. The firmware's own code under MicroPython on this computer.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from interop.air_street import asked_node  # noqa: E402
from interop.brokers import Passage  # noqa: E402
from lamplighter import paths  # noqa: E402
from lamplighter.image import compile, littlefs  # noqa: E402
from lamplighter.image.compile import App  # noqa: E402
from lamplighter.pki.release_keys import ReleaseKeys  # noqa: E402
from lamplighter.release import release_folder  # noqa: E402
from lamplighter.release.server import Server  # noqa: E402

MICROPYTHON = Path(sys.executable).parent / "micropython"
LARGE = 40_000  # bytes of app, which do not deflate
KBIT_S = 250
PACKAGE_32 = ROOT / ".cache/micropython-32/node_modules/@micropython/micropython-webassembly-pyscript"
# multiplications of 16 bits in one check on the chip: the exponent 65537 takes 16 squarings and a multiplication, each
# with its remainder, of numbers in digits of 16 bits
STEPS = 17 * 2 * (3072 // 16) ** 2
CHANGED = "ops/status.py"
LINE = ('"dropped": outbox.dropped', '"dropped": outbox.dropped + 0')
VERIFY = """
import gc, json, sys, time
sys.path.insert(0, {firmware!r})
from binascii import unhexlify
from lamppost.ops.update import rsa
with open({vectors!r}) as file:
    v = json.load(file)
key, sig, text = unhexlify(v["modulus"]), unhexlify(v["pkcs1_sha256"]), v["message"].encode()
gc.collect(); gc.disable()
before = gc.mem_alloc()
assert rsa.verify(key, sig, text)
used = gc.mem_alloc() - before
best = None
for _ in range(5):
    began = time.ticks_us()
    for _ in range(20):
        rsa.verify(key, sig, text)
    took = time.ticks_diff(time.ticks_us(), began)
    best = took if best is None else min(best, took)
print(best / 20000, used)
"""


class Counted(Passage):
    """Counts what passes; kbit_s -- of both directions together, as a radio has them; None: as fast as it goes."""

    def __init__(self, target: int, kbit_s: int | None = None):
        self.count = 0
        self.files = 0  # bytes from the first request for a file on
        self.seconds = 0.0  # that these took; before them the node copies what it has from slot to slot
        self._kbit_s = kbit_s
        self._began = self._free = 0.0
        self._one = threading.Lock()
        super().__init__(target)

    def passed(self, data: bytes, outward: bool) -> None:
        with self._one:
            now = time.monotonic()
            self.count += len(data)
            if self._began or b"GET /files/" in data:
                self._began = self._began or now
                self.files += len(data)
            if self._kbit_s:
                self._free = max(now, self._free) + len(data) * 8 / (self._kbit_s * 1000)
                time.sleep(max(0.0, self._free - now))
            self.seconds = time.monotonic() - self._began if self._began else 0.0


def changed(folder: Path) -> App:
    """The app with one line changed."""
    shutil.copytree(paths.folder("firmware"), folder)
    path = folder / "lamppost" / CHANGED
    text = path.read_text()
    assert text.count(LINE[0]) == 1
    path.write_text(text.replace(*LINE))
    return compile.compile_app(folder)


def update(folder: Path, old: App, new: App, kbit_s: int | None = None) -> Counted:
    """What crosses the web server's connection when a node that runs `old` takes `new`."""
    folder.mkdir()
    keys = ReleaseKeys.create(folder / "identity", None)
    name = next(iter(keys.trusted))
    for app in (old, new):
        made = release_folder.write(folder / "releases", app, {name: keys.read(name, None)}, keys=keys)
    slot = {path: data for path, data in littlefs.slot(old).items() if path != "manifest.json"}
    server = Server(folder / "releases", "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    passage = Counted(server.port, kbit_s)
    url = f"http://127.0.0.1:{passage.port}/{made.path.name}"
    wanted = {"id": "u1", "url": url, "sha256": made.sha256}
    node = asked_node(folder, slot, old.build, wanted, keys=json.loads(keys.for_nodes()), blocks=880, pace=1)
    assert node["state"]["active"] == "b", node["said"]
    passage.close()
    server.shutdown()
    server.server_close()
    return passage


def check(command: list) -> tuple[float, int]:
    """(milliseconds, bytes of heap) of one check of a signature by that MicroPython."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    milliseconds, used = done.stdout.split()
    return float(milliseconds), int(used)


def checks() -> dict:
    """The same on this computer's MicroPython, and on one of 32 bits; None where there is none."""
    firmware, vectors = paths.folder("firmware"), ROOT / "tests/data/rsa_vectors.json"
    script = VERIFY.format(firmware=str(firmware), vectors=str(vectors))
    milliseconds, used = check([MICROPYTHON, "-c", script])
    milliseconds_32 = used_32 = None
    node = shutil.which("node")
    if node and PACKAGE_32.exists():
        runner = Path(__file__).with_name("micropython_32.mjs")
        module = PACKAGE_32 / "micropython.mjs"
        milliseconds_32, used_32 = check([node, runner, module, script, firmware / "lamppost", vectors])
    return {
        "check_ms": milliseconds, "check_bytes": used, "check_32_ms": milliseconds_32, "check_32_bytes": used_32,
        "check_steps": STEPS,
    }  # fmt: skip


def measure() -> dict:
    app = compile.compile_app()
    old = App(app.modules, app.version, "old")
    noise = random.Random(1)
    large = {f"lamppost/large_{number}.mpy": noise.randbytes(LARGE // 10) for number in range(10)}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        new = changed(folder / "firmware")
        nothing = App({"lamppost/__init__.mpy": app.modules["lamppost/__init__.mpy"]}, app.version, "old")
        line = update(folder / "line", old, new)
        whole = update(folder / "whole", nothing, new)
        paced = update(folder / "paced", old, App({**app.modules, **large}, app.version, "new"), KBIT_S)
    wire_s = paced.files * 8 / (KBIT_S * 1000)
    return {
        "line": line.count, "whole": whole.count, "paced": paced.files, "paced_s": round(paced.seconds, 2),
        "wire_s": round(wire_s, 2), "ratio": round(paced.seconds / wire_s, 3), **checks(),
    }  # fmt: skip


def lines(m: dict):
    """The figures as lines to print."""
    yield "an update over the air (TCP payload in both directions, requests and headers included)"
    yield f"  one changed line            {m['line']:9,} bytes   (at most 4,096)"
    yield f"  a whole app                 {m['whole']:9,} bytes"
    link = f"{LARGE // 1000} kB at {KBIT_S} kbit/s"
    yield f"  {link:<28}{m['paced_s']:9.2f} s       {m['ratio']:.3f} of the time that its"
    yield f"                                              {m['paced']:,} bytes take on the wire (at most 1.15)"
    yield f"  a check of a signature      {m['check_ms']:9.1f} ms      {m['check_bytes']:,} bytes of heap, at 64 bits"
    if m["check_32_ms"] is None:
        yield "    at 32 bits                not measured: no 32-bit MicroPython here (.ci/micropython-32 fetches it)"
        return
    yield f"    at 32 bits                {m['check_32_ms']:9.1f} ms      {m['check_32_bytes']:,} bytes of heap"
    yield "                                              the bytes hold for the chip, the time does not: it"
    yield f"                                              multiplies {m['check_steps']:,} digits, at 240 MHz"


if __name__ == "__main__":
    print("\n".join(lines(measure())))
