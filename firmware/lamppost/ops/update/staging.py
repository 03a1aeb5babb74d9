"""Fills the idle slot with the files of a release: from what the node has, and from the web server.

What an earlier attempt brought stays and counts, so an update goes on after a dawn where it was. The files of a slot
are small: one is fetched into memory in pieces, and written when its hash is right.
"""

import asyncio
import hashlib
import io
import json
import os
from binascii import hexlify, unhexlify

import deflate

from ...core.faults import UpdateFault
from . import slot_files

_WINDOW = 12  # bits: `lamplighter release` deflates with this window, so that unpacking takes 4 kB
_BLOCK = 4096
_SPARE = 8 * _BLOCK  # for directories and state.json
_MAX_FILE = 65536
_MAX_LIST = 65536


def inflate(data, limit):
    """Raises ValueError for what is not a deflate stream, or unpacks to more than `limit` bytes."""
    try:
        text = deflate.DeflateIO(io.BytesIO(data), deflate.RAW, _WINDOW).read(limit + 1)
    except (OSError, EOFError):
        raise ValueError("not deflated")
    if len(text) > limit:
        raise ValueError("too long")
    return text


def running_files(slot):
    """{path: SHA-256 in hex} by the manifest of the slot that runs; {} if it has none."""
    try:
        with open("/%s/%s" % (slot, slot_files.MANIFEST)) as file:
            return dict(json.load(file)["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def listed(data, release, here):
    """({path: SHA-256 in hex}, {path: (bytes, bytes on the way)}) from the server's list; ValueError if it is wrong.

    data -- deflated: {"files": {path: [hash, bytes, bytes on the way]}, "gone": [path]}; what it does not name is as in
        `here`. It is not signed: its outcome must have the hash that the release promises.
    """
    doc = json.loads(inflate(data, _MAX_LIST))
    try:
        files, sizes = dict(here), {}
        for path in doc["gone"]:
            files.pop(path, None)
        for path, row in doc["files"].items():
            files[path] = row[0]
            sizes[path] = (int(row[1]), int(row[2]))
        text = slot_files.manifest_text(release["build"], release["version"], files)
    except (KeyError, TypeError, IndexError, AttributeError):
        raise ValueError("not a list of files")
    if hexlify(hashlib.sha256(text.encode()).digest()).decode() != release["manifest"]:
        raise ValueError("another hash than the release promises")
    return files, sizes


class Staging:
    """Brings a release into the slot that does not run.

    fetch(name, most, is_right) -- a coroutine: the bytes of a file beside the release for which is_right(bytes) holds
    progress(done, total) -- bytes of files that had to be fetched
    """

    def __init__(self, slot, fetch, progress):
        self._slot = slot
        self._folder = "/" + slot_files.other(slot)
        self._fetch = fetch
        self._progress = progress

    async def list_files(self, release, build):
        """What the slot must hold: only what changed since the running build, if the server knows that, or all."""
        found = []

        def is_right(here):
            def check(data):
                try:
                    found[:] = [listed(data, release, here)]
                    return True
                except ValueError:
                    return False

            return check

        here = running_files(self._slot)
        name = "lists/%s-%s" % (build, release["build"])
        if not here or await self._fetch(name, _MAX_LIST, is_right(here), True) is None:
            await self._fetch("lists/" + release["build"], _MAX_LIST, is_right({}))
        return found[0]

    async def fill(self, files, sizes):
        """Complete the slot; its manifest is not there yet. Raises UpdateFault: full."""
        folder, source = self._folder, "/" + self._slot
        slot_files.open_slot(folder, files)
        lacking, copies = [], []
        for path in sorted(files):
            sha = unhexlify(files[path])
            if slot_files.hash_of(folder + "/" + path) != sha:
                (copies if slot_files.hash_of(source + "/" + path) == sha else lacking).append(path)
            await asyncio.sleep_ms(0)
        need = [os.stat(source + "/" + path)[6] for path in copies]
        self._room(need + [sizes.get(path, (_BLOCK, 0))[0] for path in lacking])
        for path in copies:
            slot_files.copy(source + "/" + path, folder + "/" + path)
            await asyncio.sleep_ms(0)
        total = sum([sizes.get(path, (0, 0))[1] for path in lacking])
        done = 0
        self._progress(done, total)
        for path in lacking:
            await self._bring(path, files[path])
            done += sizes.get(path, (0, 0))[1]
            self._progress(done, total)

    async def _bring(self, path, sha):
        text = []

        def is_right(data):
            try:
                text[:] = [inflate(data, _MAX_FILE)]
            except ValueError:
                return False
            return hexlify(hashlib.sha256(text[0]).digest()).decode() == sha

        await self._fetch("files/" + sha[:16], _MAX_FILE, is_right)
        with slot_files.create(self._folder + "/" + path) as file:
            file.write(text[0])

    def _room(self, sizes):
        found = os.statvfs("/")
        need = _SPARE + sum([(size + _BLOCK - 1) // _BLOCK * _BLOCK for size in sizes])
        if need > found[0] * found[3]:
            raise UpdateFault("full", "%d bytes are needed, and %d are free" % (need, found[0] * found[3]))

    async def complete(self, release, files):
        """Read the slot back and write its manifest; False if a file is not as it was written."""
        for path in sorted(files):
            if slot_files.hash_of(self._folder + "/" + path) != unhexlify(files[path]):
                return False
            await asyncio.sleep_ms(0)
        return slot_files.close_slot(self._folder, release["build"], release["version"], release["manifest"], files)
