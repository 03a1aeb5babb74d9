"""One board, looked at, flashed, seen to start, and given back what it must not lose."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ..boards.board_file import Board
from ..device import no_prompt, ports, psram
from ..device.console import ConsoleLine
from ..device.repl import Repl
from ..image.build import Segment
from ..problems import ConsoleLocked, FilesUnreadable, NodeSilent, WrongChip
from . import esptool_run, preserve

STARTS = r"lamppost|\[ *\d+\.\d{3}\]"


@dataclass(frozen=True)
class Work:
    """The work for every board. `files` -- preserve.files_of(segments); `what` -- the firmware in words."""

    board: Board
    segments: tuple[Segment, ...]
    files: dict[str, tuple[int, int]]
    what: str
    baud: int = esptool_run.BAUDS[0]
    force: bool = False
    force_supply: bool = False
    erase: bool = False
    patience_s: float = 0

    @property
    def total(self) -> int:
        if not self.erase:
            return sum(len(segment.data) for segment in self.segments)
        others = sum(len(segment.data) for segment in self.segments if segment.name != "vfs")
        return others + self.board.partition("vfs").size


def bring(
    port: str, work: Work, progress: esptool_run.Progress, say: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """All of it, the port held from the first step to the last; what was done, for --json."""
    with ports.claim(port):
        before, seen = _before(port, work, say)
        phase = "nothing written"

        def wrote(done: int, what: str) -> None:
            nonlocal phase
            phase = "half written"
            progress(done, what)

        try:
            done = esptool_run.flash(
                port, work.board, _segments(work, before), baud=work.baud, force=work.force,
                patience_s=work.patience_s, seen=seen, progress=wrote, say=say,
            )  # fmt: skip
            phase = "written"
            if before and not done.written and not preserve.kept_for(done.mac):
                line = "as before"  # nothing is another than when it answered a moment ago
            else:
                line = started(done.port, say)
                if restored := preserve.put_back(done.port, done.mac, say):
                    say(f"the configuration of {restored} was restored")
        except WrongChip:
            if before:
                preserve.forget(before.mac)
            raise
        except KeyboardInterrupt:
            mac = before.mac if before else seen.mac if seen else ""
            raise KeyboardInterrupt(_interrupted(port, mac, phase)) from None
    told = asdict(done)
    return {
        **{key: told[key] for key in ("port", "chip", "mac", "baud", "written", "skipped")},
        "board": work.board.name, "firmware": work.what, "seconds": round(done.seconds, 1),
        "writing_s": round(done.writing_s, 1), "boot": line,
    }  # fmt: skip


def _before(
    port: str, work: Work, say: Callable[[str], None]
) -> tuple[preserve.Before | None, esptool_run.Run | None]:
    """Who is there, its configuration kept where its file system is written anew; what esptool told, if it was asked.

    Raises WeakSupply, ConsoleLocked, FilesUnreadable.
    """
    before = seen = None
    try:
        before = preserve.look(port, work.board, work.files, say)
    except ConsoleLocked:
        if not work.erase:
            raise ConsoleLocked(
                f"The console of the lamppost on {port} is locked, and its configuration would be lost.",
                f"{ConsoleLocked.remedy} If its key is lost, --erase erases its configuration.",
            ) from None
        say("its console is locked: its configuration is erased")
    except preserve.WeakSupply:
        if not work.force_supply:
            raise
    if before and before.browned_out and not work.force_supply:
        raise preserve.weak(port)
    if not work.erase and not (before and before.ours):
        before, seen = _from_chip(port, work, before, say)
    if before is None:
        return None, seen
    say(f"this is {before.node}")
    if before.configuration is not None or work.erase:
        preserve.forget(before.mac)  # what an earlier run kept is older than what the node has
    if not work.erase and (work.force or not before.whole):
        preserve.keep(before)
    return before, seen


def _from_chip(
    port: str, work: Work, before: preserve.Before | None, say: Callable[[str], None]
) -> tuple[preserve.Before | None, esptool_run.Run | None]:
    """What the flash holds of a node that does not answer, or runs another firmware than this one.

    Where an interrupted run of this command has its configuration, a damaged file system loses nothing.
    """
    seen = esptool_run.identify(port, work.board, say)
    try:
        found = preserve.look_on_chip(port, work.board, work.segments, work.baud, seen.mac, say)
    except FilesUnreadable:
        if not preserve.kept_for(seen.mac):
            raise
        found = None
    return found or before, seen


def _interrupted(port: str, mac: str, phase: str) -> str:
    """What is half done, and which command resumes."""
    if phase == "nothing written":
        return f"Nothing was written to {port}."
    left = "is half written" if phase == "half written" else "is written, but was not seen to start"
    said = f"The firmware on {port} {left}. Run the same `lamplighter flash` again: it skips what is right."
    if mac and (name := preserve.kept_for(mac)):
        said += f" This computer holds the configuration of {name}, and restores it then."
    return said


def _segments(work: Work, before: preserve.Before | None) -> tuple[Segment, ...]:
    if work.erase:
        vfs = work.board.partition("vfs")
        whole = bytearray(b"\xff") * vfs.size
        for segment in work.segments:
            if segment.name == "vfs":
                at = segment.offset - vfs.offset
                whole[at : at + len(segment.data)] = segment.data
        others = tuple(segment for segment in work.segments if segment.name != "vfs")
        return (*others, Segment("vfs", vfs.offset, bytes(whole)))
    if before and before.whole and not work.force:
        # the files are right, and the configuration beside them is the node's own
        return tuple(segment for segment in work.segments if segment.name != "vfs")
    return work.segments


def started(port: str, say: Callable[[str], None]) -> str:
    """The first line of the program that runs now; where it said it before the port was open, its REPL answers.

    Raises NodeSilent when there is neither, WithoutPsram when the module is not one that the app can run on.
    """
    end = time.monotonic() + 4
    with ConsoleLine(port, say) as console:
        while time.monotonic() < end:
            for line in console.lines(0.2):
                if no_prompt.state(line.encode()) == no_prompt.WITHOUT_PSRAM:
                    raise no_prompt.explain(port, line.encode())
                if re.search(STARTS, line):
                    return line
    try:
        with Repl(port, gently=True) as node:
            psram.require(node)
            return node.run("import sys;print('MicroPython', sys.version)").strip()
    except NodeSilent:
        raise NodeSilent(
            f"The firmware is on the chip and verified, but it sends nothing on {port}.",
            "Press EN once and read `lamplighter log`.",
        ) from None
