"""Keys, a folder with a release, and nodes that are asked to run it: the firmware's own code under MicroPython."""

from __future__ import annotations

import atexit
import base64
import functools
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lamplighter import paths, virtual
from lamplighter.image import esp_format
from lamplighter.image.compile import App
from lamplighter.pki.release_keys import ReleaseKeys
from lamplighter.release import release_folder
from lamplighter.release.server import Handler, Server

MICROPYTHON = Path(sys.executable).parent / "micropython"
OLD = {"lamppost/one.mpy": b"one" * 300, "lamppost/two.mpy": b"two" * 300, "lamppost/gone.mpy": b"gone"}
NEW = {
    "lamppost/one.mpy": b"one" * 300, "lamppost/two.mpy": random.Random(1).randbytes(9000),
    "lamppost/more.mpy": b"more" * 90,
}  # fmt: skip
MACHINE = "Lamppost with ESP32"


def micropython(seed, size=20000, chip=0):
    """An app image as the chip takes it."""
    return esp_format.build(chip, 4 << 20, [(0x3F400020, random.Random(seed).randbytes(size))])


@functools.cache
def _identity():
    """Release keys, made once: it takes seconds."""
    folder = Path(tempfile.mkdtemp(prefix="air-street-"))
    atexit.register(shutil.rmtree, folder, True)
    ReleaseKeys.create(folder, None)
    return folder


@functools.cache
def _private(pem):
    """The key; reading it checks it, for a tenth of a second."""
    return load_pem_private_key(pem, None)


def asked_node(folder, app, build, wanted, **facts):
    """Run a node with that app that is asked for `wanted`: its statuses, its state file, keys, NVS and its idle slot.

    app -- {path: bytes}; facts -- keys, as it has them, and what else is with it and happens to it: see air_node.py
    """
    content = {path: base64.b64encode(data).decode() for path, data in app.items()}
    files = {path: hashlib.sha256(data).hexdigest() for path, data in app.items()}
    job = {
        "old": {"build": build, "content": content, "files": files},
        "floor": "0", "nvs": {}, "ca": "", "time": True, "held": "", "board": "lamppost-esp32", "blocks": 320,
        "pace": 50, "desired": json.dumps(wanted), "then": {}, "ends": ["rejected", "confirmed", "waiting"],
        "machine": MACHINE, "rollback": True, "without": [],
        "image": base64.b64encode(micropython("old")).decode(), **facts,
    }  # fmt: skip
    (folder / "job.json").write_text(json.dumps(job))
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=64M", Path(__file__).with_name("air_node.py"), paths.folder("firmware"),
         Path(virtual.__file__).parent / "chip_modules", folder / "job.json"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class Street:
    """Keys, a folder with the release of an app, and nodes that are asked to run it."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(_identity(), folder / "identity")
        self.keys = ReleaseKeys(folder / "identity")
        self.first, self.backup = self.keys.trusted
        self.releases = folder / "releases"
        release_folder.write(self.releases, App(OLD, "1.0", "old"), self.signed(self.first))
        self.made = release_folder.write(self.releases, App(NEW, "1.1", "new"), self.signed(self.first))

    def signed(self, *names):
        return {name: _private(self.keys.path(name).read_bytes()) for name in names}

    def change(self, change):
        """Spoil the release, and ask for it as it is then."""
        text = change(self.made.path.read_bytes())
        self.made.path.write_bytes(text)
        return hashlib.sha256(text).hexdigest()

    def run(self, handler=Handler, sha256=None, then=None, tls=None, host="127.0.0.1", old_build="old", **facts):
        """What a node says of the update: its statuses, its state file, keys, NVS and its idle slot.

        tls -- of the web server, which is spoken to by HTTPS then; host -- how the node calls it
        old_build -- what the node takes its app for
        """
        server = Server(self.releases, "127.0.0.1", 0, tls=tls)
        server.RequestHandlerClass = handler
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            url = f"http{'s' if tls else ''}://{host}:{server.port}/{self.made.path.name}"
            wanted = {"id": "u1", "url": url, "sha256": sha256 or self.made.sha256}
            asked = {phase: [json.dumps({**wanted, **one}) if one else ""] for phase, one in (then or {}).items()}
            keys = {"serial": self.keys.serial, **self.keys.trusted}
            return asked_node(self.folder, OLD, old_build, wanted, **{"keys": keys, "then": asked, **facts})
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def ends(self, *arguments, **options):
        """The last phase and word; the running app must be the active one still."""
        result = self.run(*arguments, **options)
        assert result["state"]["active"] == "a" and "trial" not in result["state"]
        return tuple(result["said"][-1][:2])
