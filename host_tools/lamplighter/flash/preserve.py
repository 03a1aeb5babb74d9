"""What a node must not lose when its file system is written anew: looked at before, kept aside, put back after."""

from __future__ import annotations

import base64
import json
import os
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..device import identify, node_files
from ..device.repl import Repl
from ..documents import json_source
from ..pki import certificates
from ..problems import ConsoleLocked, Problem, WeakSupply

if TYPE_CHECKING:
    from ..boards.board_file import Board
    from ..image.build import Segment

KEPT_S = 86400  # an interrupted flashing is gone on with the same day
# the node changes these itself
OWN = ("/state.json",)


@dataclass
class Before:
    """What a node was before: `whole` when every file of the new firmware is on it already."""

    mac: str
    node: str
    configuration: bytes | None
    whole: bool
    certificates: dict[str, bytes] = field(default_factory=dict)  # by their path on the node
    browned_out: bool = False  # its last reset came from a supply that dipped


WHO = """
import machine,binascii
print(binascii.hexlify(machine.unique_id()).decode())
print(int(machine.reset_cause()==machine.PWRON_RESET and machine.mem32[{register}]&63 not in (0,1)))
"""


def look(
    device: str, board: Board, files: dict[str, tuple[int, int]], say: Callable[[str], None]
) -> Before | None:
    """Ask a node that runs; None for one that does not answer. `files`: path -> (size, CRC-32) of the new firmware.

    Raises ConsoleLocked, and WeakSupply for one that its brown-out detector resets again and again.
    """
    talk = Repl(device, say, gently=True)
    try:
        with talk as node:
            mac, dipped = chip(node, board)
            configuration = node_files.read(node, "/config.json")
            there = node_files.checksums(node, sorted(files))
            read = {path: node_files.read(node, path) for path in _certificates(configuration)}
            kept = {path: data for path, data in read.items() if data}
    except ConsoleLocked:
        raise
    except Problem as trouble:
        if broke_off(talk, trouble):
            raise weak(device) from None
        return None
    return Before(mac, _name(configuration), configuration, there == files, kept, dipped)


def chip(node: Repl, board: Board) -> tuple[str, bool]:
    """Its MAC, and whether its last reset came from a supply that dipped."""
    # MicroPython calls a brown-out a power-on; the chip's register knows better
    mac, dipped = node.run(WHO.format(register=board.silicon.reset_state)).split()
    return mac, dipped == "1"


def broke_off(talk: Repl, trouble: Problem) -> bool:
    """Whether it was a dip of the supply that ended a conversation: it may tell only to who listens on."""
    return trouble.state == identify.BROWN_OUT or bool(talk.heard and not trouble.state and identify.dips(talk.device))


def weak(device: str) -> WeakSupply:
    return WeakSupply(f"The supply of the board on {device} dips: its last reset came from the brown-out detector.")


def _name(configuration: bytes | None) -> str:
    try:
        doc = json_source.value_of(configuration or b"")
        return f"{doc['site']}/{doc['node']}"
    except (ValueError, KeyError, TypeError):
        return "a node without configuration"


def _certificates(configuration: bytes | None) -> list[str]:
    try:
        return certificates.named(json_source.value_of(configuration or b""))
    except (ValueError, AttributeError):
        return []


def files_of(board: Board, segments: tuple[Segment, ...]) -> dict[str, tuple[int, int]]:
    """path -> (size, CRC-32) of each file in the file system that the segments hold."""
    from littlefs import LittleFS, UserContext

    vfs = board.partition("vfs")
    content = bytearray(b"\xff") * vfs.size
    for segment in segments:
        if segment.name == "vfs":
            content[segment.offset - vfs.offset : segment.offset - vfs.offset + len(segment.data)] = segment.data
    context = UserContext(vfs.size)
    context.buffer = content
    system = LittleFS(context=context, block_size=4096, block_count=vfs.size // 4096, mount=True)
    found = {}
    for folder, _, names in system.walk("/"):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            with system.open(path, "rb") as file:
                data = file.read()
            if path not in OWN:
                found[path] = (len(data), zlib.crc32(data))
    return found


def aside(mac: str, what: str = "configuration") -> Path:
    from platformdirs import user_state_path

    return user_state_path("lamplighter", ensure_exists=True) / f"{what}-{mac.replace(':', '')}.json"


def keep(before: Before) -> None:
    """Lay the configuration aside, readable for this user only: should the cable be pulled now, it is not lost."""
    if before.configuration is None:
        return
    forget(before.mac)
    packed = {path: base64.b64encode(data).decode() for path, data in before.certificates.items()}
    # the configuration last: it is what says that all of it is there
    for what, content in (("certificates", json.dumps(packed).encode()), ("configuration", before.configuration)):
        with os.fdopen(os.open(aside(before.mac, what), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)


def forget(mac: str) -> None:
    """What was laid aside is of no use any more, and holds secrets."""
    for what in ("configuration", "certificates"):
        aside(mac, what).unlink(missing_ok=True)


def put_back(device: str, mac: str, say: Callable[[str], None]) -> str:
    """Give the node what was laid aside for it; its name, or an empty text when there was nothing."""
    path = aside(mac)
    if not path.exists():
        return ""
    if time.time() - path.stat().st_mtime > KEPT_S:
        forget(mac)
        return ""
    configuration = path.read_bytes()
    packed = aside(mac, "certificates")
    kept = json_source.value_of(packed.read_bytes()) if packed.exists() else {}
    with Repl(device, say) as node:
        if kept:
            node_files.bring(node, {name: base64.b64decode(data) for name, data in kept.items()})
        node_files.adopt(node, configuration)
    forget(mac)
    return _name(configuration)
