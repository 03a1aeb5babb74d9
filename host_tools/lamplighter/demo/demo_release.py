"""The release that the demo brings to a lamppost over the air: the app as its next version, signed and served here."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from pathlib import Path

from ..image import compile
from ..pki.release_keys import ReleaseKeys
from ..release import release_folder
from ..release.release_address import ReleaseAddress
from ..release.server import Server

WEB = "releases.lan"


class DemoRelease:
    """`with DemoRelease(folder) as release:` -- keys, a signed release, and its web server on the loopback.

    keys_file -- whom a lamppost must trust; address -- what ota/desired names; server -- (host, port) behind WEB
    """

    def __init__(self, folder: Path) -> None:
        keys = ReleaseKeys.create(folder / "identity", None)
        self.keys_file = keys.file
        app = compile.compile_app()
        *first, last = app.version.split(".")
        version = ".".join([*first, str(int(last) + 1)])
        build = hashlib.sha256(f"{version}:{app.build}".encode()).hexdigest()[:12]
        name = next(iter(keys.trusted))
        made = release_folder.write(
            folder / "releases", dataclasses.replace(app, version=version, build=build), {name: keys.read(name, None)},
            keys=keys,
        )  # fmt: skip
        self._web = Server(folder / "releases", "127.0.0.1", 0)
        self.server = ("127.0.0.1", self._web.port)
        self.address = ReleaseAddress(f"http://{WEB}/{made.path.name}", made.sha256, build, version)
        self._thread = threading.Thread(target=self._web.serve_forever, daemon=True)

    def __enter__(self) -> DemoRelease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._web.shutdown()
        self._web.server_close()
        self._thread.join()
