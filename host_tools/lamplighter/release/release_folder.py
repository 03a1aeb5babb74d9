"""Writes a release: the app's files named by their hash, a list of them, and a signed document that names the list.

docs/design/updates.md has the format. A folder may hold many releases; each new one also gets a short list of what
changed since each earlier one, so that a node fetches that and not the list of all files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..boards import board_file
from ..documents import atomic_file
from ..image import littlefs
from ..image.compile import App
from ..pki import release_keys
from ..problems import ReleaseInvalid
from . import sbom
from .base_image import BaseImage

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

WINDOW = 12  # bits, as firmware/lamppost/ops/update/staging.py unpacks with
MOST = 4096  # bytes of the signed document with its signatures: the node fetches it in one piece
MPY = 6  # of the files that mpy-cross writes
_NAME = re.compile(r"/(?:files/|lists/|keys/)?[A-Za-z0-9][A-Za-z0-9._-]*")
_WRITABLE = "Name another folder with --out."


@dataclass(frozen=True)
class Release:
    """What was written. sent -- bytes of all files as they cross the air when a node has none of them."""

    path: Path
    sha256: str
    document: dict[str, Any]
    files: int
    sent: int


def write(
    folder: Path, app: App, signers: dict[str, RSAPrivateKey], floor: str = "0",
    keys: release_keys.ReleaseKeys | None = None,
    images: Sequence[BaseImage] = (), without_rollback: bool = False,
) -> Release:  # fmt: skip
    """Add a release of this app to the folder. The signed document comes last: without it nothing else counts.

    keys -- the list of trusted keys, which replaces an older one on the node
    signers -- the keys by id; floor -- a node that runs this release refuses older versions from then on
    images -- MicroPython for the machines that they name; without_rollback -- also where the boot loader cannot go back
    """
    slot = littlefs.slot(app)
    manifest = slot.pop("manifest.json")
    here, sent = {}, {}
    for path, data in slot.items():
        digest = hashlib.sha256(data).hexdigest()
        packed = deflated(data)
        here[path] = [digest, len(data), len(packed)]
        sent[digest[:16]] = packed
    for name, packed in sent.items():
        _write(folder / "files" / name, packed)
    earlier = {path.name: rows(path) for path in sorted((folder / "lists").glob("*")) if "-" not in path.name}
    for build, old in earlier.items():
        if build != app.build:
            changed = {path: row for path, row in here.items() if old.get(path, [""])[0] != row[0]}
            gone = [path for path in old if path not in here]
            _write(folder / "lists" / f"{build}-{app.build}", _list(changed, gone))
    _write(folder / "lists" / app.build, _list(here, []))
    for image in images:
        for name, data in image.files.items():
            _write(folder / "files" / name, data)
    document = _document(app, hashlib.sha256(manifest).hexdigest(), floor)
    if keys:
        trusted = keys.for_nodes()
        digest = hashlib.sha256(trusted).hexdigest()
        _write(folder / "keys" / digest[:16], trusted)
        document["keys"] = {"serial": keys.serial, "sha256": digest}
    if images:
        document["base"] = {image.machine: image.row for image in images}
        document["without_rollback"] = without_rollback
    line = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    text = line + b"\n"
    for name, key in signers.items():
        text += name.encode() + b" " + base64.b64encode(release_keys.sign(key, line)) + b"\n"
    if len(text) > MOST:
        raise ReleaseInvalid(
            f"The release's document has {len(text)} bytes; a lamppost takes {MOST}.",
            "Sign with fewer keys, or name fewer images.",
        )
    name = f"{app.version}-{app.build}"
    _write(folder / f"{name}.cdx.json", sbom.document(app, here))
    # the same app with another MicroPython is another release, and does not replace this one
    versions = sorted({image.version for image in images})
    path = folder / f"{'-'.join([name, *(f'mp{version}' for version in versions)])}.release"
    _write(path, text)
    total = sum(map(len, sent.values()))
    return Release(path, hashlib.sha256(text).hexdigest(), document, len(here), total)


def content(folder: Path, path: str) -> bytes | None:
    """A file of the folder by its place in it, as "/lists/BUILD"; None if there is none, or outside."""
    if not _NAME.fullmatch(path):
        return None
    try:
        return (folder / path[1:]).read_bytes()
    except OSError:
        return None


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -WINDOW)
    return packer.compress(data) + packer.flush()


def check_images(images: Sequence[BaseImage]) -> None:
    """Raises ReleaseInvalid: two images are for the same machine."""
    for number, image in enumerate(images):
        if image.machine in [other.machine for other in images[:number]]:
            raise ReleaseInvalid(
                f"Two images are for {image.machine}.", "Name one --base for each variant of MicroPython."
            )


def check_floor(floor: str, version: str) -> None:
    """Raises ReleaseInvalid: not a version, or newer than the release itself."""
    if not re.fullmatch(r"\d{1,5}(\.\d{1,5}){0,2}", floor):
        raise ReleaseInvalid(f"--floor {floor!r} is not a version.", "Write it like 1.4.0.")
    width = max(floor.count("."), version.count(".")) + 1
    if _padded(floor, width) > _padded(version, width):
        raise ReleaseInvalid(
            f"--floor {floor} is newer than this release, {version}.",
            "Name this version or an older one: the node would refuse the release itself.",
        )


def _padded(version: str, width: int) -> list[int]:
    """1.2 is the same as 1.2.0."""
    return (_numbers(version) + [0] * width)[:width]


def _numbers(version: str) -> list[int]:
    return [int(part) if part.isdigit() else 0 for part in version.split(".")]


def _document(app: App, manifest: str, floor: str) -> dict[str, Any]:
    boards = [board_file.load(name) for name in board_file.names()]
    ranges = [board.micropython.versions for board in boards]
    lowest = max((low for low, _ in ranges), key=_numbers)
    highest = min((high for _, high in ranges), key=_numbers)
    return {
        "v": 1, "version": app.version, "build": app.build, "boards": [board.name for board in boards],
        "micropython": [lowest, highest], "mpy": MPY, "floor": floor, "manifest": manifest,
    }  # fmt: skip


def _list(rows: dict[str, list], gone: list[str]) -> bytes:
    return deflated(json.dumps({"files": rows, "gone": gone}, separators=(",", ":"), sort_keys=True).encode())


def rows(path: Path) -> dict[str, list]:
    """A list of files: path -> [SHA-256, bytes, bytes on the way]. Raises ReleaseInvalid."""
    try:
        doc = json.loads(zlib.decompress(path.read_bytes(), -WINDOW))
        return {str(name): list(row) for name, row in doc["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error):
        raise ReleaseInvalid(
            f"{path} is not a list of a release.", "Remove it, or write the release into a new folder."
        ) from None


def _write(path: Path, content: bytes) -> None:
    atomic_file.write(path, content, _WRITABLE)
