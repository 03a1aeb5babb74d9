"""`python tests/bench/over_the_air.py`: what an update over the air costs.

Bytes of TCP payload in both directions, requests and headers included, of an update by one changed line and of a whole
app; milliseconds and heap of one check of a signature. The firmware's own code under MicroPython on this computer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from interop.brokers import Passage  # noqa: E402
from lamplighter import paths  # noqa: E402
from lamplighter.image import compile, littlefs  # noqa: E402
from lamplighter.image.compile import App  # noqa: E402
from lamplighter.pki.release_keys import ReleaseKeys  # noqa: E402
from lamplighter.release import release_folder  # noqa: E402
from lamplighter.release.server import Server  # noqa: E402

MICROPYTHON = Path(sys.executable).parent / "micropython"
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
began = time.ticks_us()
for _ in range(20):
    rsa.verify(key, sig, text)
print(time.ticks_diff(time.ticks_us(), began) / 20000, used)
"""


class Counted(Passage):
    count = 0

    def passed(self, data: bytes, outward: bool) -> None:
        self.count += len(data)


def changed(folder: Path) -> App:
    """The app with one line changed."""
    shutil.copytree(paths.folder("firmware"), folder)
    path = folder / "lamppost" / CHANGED
    text = path.read_text()
    assert text.count(LINE[0]) == 1
    path.write_text(text.replace(*LINE))
    return compile.compile_app(folder)


def update(folder: Path, old: App, new: App) -> int:
    """Bytes that cross the web server's connection when a node that runs `old` takes `new`."""
    keys = ReleaseKeys.create(folder / "identity", None)
    name = next(iter(keys.trusted))
    for app in (old, new):
        made = release_folder.write(folder / "releases", app, {name: keys.read(name, None)})
    slot = {path: data for path, data in littlefs.slot(old).items() if path != "manifest.json"}
    server = Server(folder / "releases", "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    passage = Counted(server.port)
    url = f"http://127.0.0.1:{passage.port}/{made.path.name}"
    job = {
        "old": {
            "build": old.build, "content": {path: base64.b64encode(data).decode() for path, data in slot.items()},
            "files": {path: hashlib.sha256(data).hexdigest() for path, data in slot.items()},
        },
        "keys": keys.trusted, "floor": "0", "board": "lamppost-esp32", "blocks": 880, "then": {}, "ends": ["rejected"],
        "desired": json.dumps({"id": "u1", "url": url, "sha256": made.sha256}),
    }  # fmt: skip
    (folder / "job.json").write_text(json.dumps(job))
    script = ROOT / "tests/interop/air_node.py"
    command = [MICROPYTHON, "-X", "heapsize=64M", script, paths.folder("firmware"), folder / "job.json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert json.loads(done.stdout.splitlines()[-1])["state"]["active"] == "b", done.stdout
    passage.close()
    server.shutdown()
    server.server_close()
    return passage.count


def main() -> None:
    app = compile.compile_app()
    old = App(app.modules, app.version, "old")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        new = changed(folder / "firmware")
        (folder / "line").mkdir()
        (folder / "whole").mkdir()
        line = update(folder / "line", old, new)
        nothing = App({"lamppost/__init__.mpy": app.modules["lamppost/__init__.mpy"]}, app.version, "old")
        whole = update(folder / "whole", nothing, new)
    vectors = ROOT / "tests/data/rsa_vectors.json"
    script = VERIFY.format(firmware=str(paths.folder("firmware")), vectors=str(vectors))
    milliseconds, used = subprocess.run(
        [MICROPYTHON, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    print(f"one changed line: {line:,} bytes; a whole app: {whole:,} bytes (TCP payload, both directions)")
    print(f"a check of a signature: {float(milliseconds):.1f} ms and {used} bytes of heap on this computer")


if __name__ == "__main__":
    main()
