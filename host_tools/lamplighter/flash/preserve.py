"""Keeps a node's configuration and certificates over a flashing that writes its file system anew.

They are read before, from the node or else from its flash chip, kept in a file of this user, and put back after.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..device import identify, node_files
from ..device.repl import Repl
from ..documents import atomic_file, json_source
from ..pki import certificates
from ..problems import ConfigNotKept, ConsoleLocked, NodeSaidNo, Problem, WeakSupply
from . import esptool_run, files_on_chip

if TYPE_CHECKING:
    from ..boards.board_file import Board
    from ..image.build import Segment

REMEDY = "Nothing was written to the board. Make its folder writable, or set XDG_STATE_HOME to one that is."
KEPT_S = 86400  # an interrupted flashing resumes within a day
# the node changes these itself
OWN = ("/state.json",)
RELEASE_KEYS = "/keys.json"


@dataclass
class Before:
    """A node's state before flashing: `whole` if it already has every file of the new firmware."""

    mac: str
    node: str
    configuration: bytes | None
    whole: bool
    certificates: dict[str, bytes] = field(default_factory=dict)  # by their path on the node
    browned_out: bool = False  # its last reset came from a supply that dipped
    ours: bool = True  # the file system that it runs from is the one that is about to be written


MAC = "import machine,binascii;print(binascii.hexlify(machine.unique_id()).decode())"
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
            found = {path: node_files.read(node, path) for path in files_on_chip.CONFIGURATIONS}
            configuration = _usable(found, say)
            there = node_files.checksums(node, sorted(files))
            # an update over the air that is on trial would go back after this visit, to the app or image before
            on_trial = "trial" in (node_files.document(node, OWN[0]) or {})
            read = {path: node_files.read(node, path) for path in _beside(configuration)}
            kept = {path: data for path, data in read.items() if data}
    except ConsoleLocked:
        raise
    except Problem as trouble:
        if broke_off(talk, trouble):
            raise weak(device) from None
        return None
    ours = "/board.json" in there
    return Before(mac, name(configuration), configuration, there == files and not on_trial, kept, dipped, ours)


def look_on_chip(
    device: str, board: Board, segments: tuple[Segment, ...], baud: int, mac: str, say: Callable[[str], None]
) -> Before | None:
    """Read what the flash chip of a node holds that does not answer; None where no configuration is there.

    Raises FilesUnreadable, and like esptool_run.flash().
    """
    found = files_on_chip.find(
        board, segments, _beside,
        lambda offset, size: esptool_run.read(device, board, offset, size, baud, mac), say,
    )  # fmt: skip
    configuration = _usable(found, say)
    if configuration is None:
        return None
    kept = {path: found[path] for path in _beside(configuration) if path in found}
    return Before(mac, name(configuration), configuration, False, kept)


def chip(node: Repl, board: Board) -> tuple[str, bool]:
    """Its MAC, and whether its last reset came from a supply that dipped."""
    # MicroPython calls a brown-out a power-on; the chip's register knows better
    mac, dipped = node.run(WHO.format(register=board.silicon.reset_state)).split()
    return mac, dipped == "1"


def broke_off(talk: Repl, trouble: Problem) -> bool:
    """True if a dip of the supply ended the conversation; the node may report it only later."""
    return trouble.state == identify.BROWN_OUT or bool(talk.heard and not trouble.state and identify.dips(talk.device))


def weak(device: str) -> WeakSupply:
    return WeakSupply(f"The supply voltage on {device} dips: the brown-out detector caused the last reset.")


def name(configuration: bytes | None) -> str:
    """SITE/NODE."""
    try:
        doc = json_source.value_of(configuration or b"")
        return f"{doc['site']}/{doc['node']}"
    except (ValueError, KeyError, TypeError):
        return "an unconfigured node"


def _usable(found: Mapping[str, bytes | None], say: Callable[[str], None]) -> bytes | None:
    """The configuration that the node starts with: /config.json, or the one before where that cannot be used."""
    for path in files_on_chip.CONFIGURATIONS:
        configuration = found.get(path)
        if not configuration:
            continue
        try:
            doc = json_source.value_of(configuration)
            if all((doc["site"], doc["node"], doc["wifi"]["ssid"], doc["mqtt"]["host"])):
                return configuration
        except (ValueError, KeyError, TypeError):
            pass
        say(f"{path} on the node is not a configuration that it can start with; it is not carried over")
    return None


def _beside(configuration: bytes | None) -> list[str]:
    """Files that belong to a configuration: the certificates that it names, and the keys of trusted releases."""
    try:
        return [*certificates.named(json_source.value_of(configuration or b"")), RELEASE_KEYS]
    except (ValueError, AttributeError, TypeError):
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

    return user_state_path("lamplighter") / f"{what}-{mac.replace(':', '')}.json"


def keep(before: Before) -> None:
    """Lay the configuration aside, readable for this user only: should the cable be pulled now, it is not lost.

    Raises FileRefused where this computer has no place for it; nothing was written to the board then.
    """
    if before.configuration is None:
        return
    forget(before.mac)
    packed = {path: base64.b64encode(data).decode() for path, data in before.certificates.items()}
    # the configuration last: it is what says that all of it is there
    for what, content in (("certificates", json.dumps(packed).encode()), ("configuration", before.configuration)):
        atomic_file.write(aside(before.mac, what), content, REMEDY, mode=0o600, folder_mode=0o700)


def forget(mac: str) -> None:
    """Delete the stored configuration and certificates: they are no longer needed, and contain secrets."""
    for what in ("configuration", "certificates"):
        with contextlib.suppress(NotADirectoryError):
            aside(mac, what).unlink(missing_ok=True)


def kept_for(mac: str) -> str:
    """The name of the node whose configuration an interrupted flashing left on this computer, or an empty text."""
    path = aside(mac)
    try:
        return name(path.read_bytes()) if time.time() - path.stat().st_mtime <= KEPT_S else ""
    except OSError:
        return ""


def no_configuration(mac: str) -> NodeSaidNo:
    """The Problem of an unconfigured node; its remedy is the interrupted flashing again, or `configure`."""
    if kept := kept_for(mac):
        return NodeSaidNo(
            f"The node has no configuration: an interrupted flashing left that of {kept} on this computer.",
            "Run the same `lamplighter flash` again: it restores the configuration.",
        )
    return NodeSaidNo("The node has no configuration yet.", "Configure it with `lamplighter configure`.")


def put_back(device: str, mac: str, say: Callable[[str], None]) -> str:
    """Give the node what was kept for it; its name, or an empty text when there was nothing that it takes."""
    path = aside(mac)
    if not kept_for(mac):
        forget(mac)
        return ""
    configuration = path.read_bytes()
    packed = aside(mac, "certificates")
    kept = json_source.value_of(packed.read_bytes()) if packed.exists() else {}
    try:
        with Repl(device, say) as node:
            if kept:
                node_files.bring(node, {path: base64.b64decode(data) for path, data in kept.items()})
            node_files.adopt(node, configuration)
    except ConfigNotKept as refused:
        # kept under its old name it would be refused after each further flashing
        beside = aside(mac, "refused-configuration")
        path.replace(beside)
        forget(mac)
        say(f"{refused.cause} What it had is in {beside}; give it another one with `lamplighter configure`.")
        return ""
    forget(mac)
    return name(configuration)
