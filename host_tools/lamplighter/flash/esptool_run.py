"""Firmware onto a chip by an esptool process: what is right is skipped, baud descends, each end has its word."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..boards.board_file import Board
from ..boards.chips import CHIPS
from ..device import ports
from ..image.build import Segment
from ..problems import CablePulled, FlashFailed, FlashTooSmall, NodeSilent, Problem, WrongBootMode, WrongChip

BAUDS = (921600, 460800, 115200)
PIECE = 128 * 1024  # after an interruption the work is resumed at the last whole piece
STALLED_S = 45.0
GONE = re.compile(
    r"Input/output error|No such device|disconnected|returned no data|write failed|Errno (5|6|19)\b"
    r"|ClearCommError failed|GetOverlappedResult failed|WriteFile failed"  # as pyserial says it on Windows
)
OPENING = re.compile(r"Could not open|could not open port")
CONNECTING = re.compile(r"Failed to connect|Unable to verify|no sync reply|No serial data")

Progress = Callable[[int, str], None]


@dataclass
class Outcome:
    """The result of flashing; sizes in bytes."""

    total: int
    written: int = 0
    skipped: int = 0
    baud: int = 0
    seconds: float = 0.0
    chip: str = ""
    mac: str = ""
    port: str = ""  # under which it was last seen
    writing_s: float = 0.0  # of the seconds: comparing, writing and verifying, without esptool's start and its stub


@dataclass
class Run:
    """One run of esptool, as far as its output told. `expected` -- the MAC of the board that was there before."""

    pieces: list[Segment]
    expected: str = ""
    connected: bool = False
    done: int = 0
    text: list[str] = field(default_factory=list)
    chip: str = ""
    mac: str = ""
    flash_size: int = 0  # of the chip; 0 where it is not known
    written: int = 0
    skipped: int = 0
    began: float = 0.0
    ended: float = 0.0

    @property
    def another(self) -> bool:
        return bool(self.expected and self.mac and self.mac != self.expected)

    def heard(self, line: str, progress: Progress) -> None:
        self.text.append(line)
        if line.startswith(("Writing '", "Comparing", "Flash will be erased")):
            self.began = self.began or time.monotonic()
        elif line.startswith("Hash of data verified"):
            self.ended = time.monotonic()
        if found := re.match(r"Chip type:\s+(.+)", line):
            self.connected, self.chip = True, found[1].strip()
        elif found := re.match(r"MAC:\s+([0-9a-f:]+)", line):
            self.mac = found[1]
        elif found := re.match(r"Detected flash size:\s+(\d+)MB", line):
            self.flash_size = int(found[1]) << 20
        elif found := re.match(r"Writing at 0x([0-9a-f]+)", line):
            self._at(int(found[1], 16), progress)
        elif found := re.match(r"Wrote (\d+) bytes.* at 0x([0-9a-f]+)", line):
            self._finished(int(found[2], 16), progress, "written")
        elif found := re.search(r"at 0x([0-9a-f]+) already in flash", line):
            self._finished(int(found[1], 16), progress, "skipped")

    def _at(self, address: int, progress: Progress) -> None:
        before = 0
        for piece in self.pieces:
            if piece.offset <= address <= piece.offset + len(piece.data):
                self.done = before + address - piece.offset
                progress(self.done, f"writing {piece.name}")
                return
            before += len(piece.data)

    def _finished(self, address: int, progress: Progress, word: str) -> None:
        before = 0
        for piece in self.pieces:
            before += len(piece.data)
            if piece.offset == address:
                setattr(self, word, getattr(self, word) + len(piece.data))
                self.done = before
                what = f"{piece.name} is already correct" if word == "skipped" else f"writing {piece.name}"
                progress(self.done, what)
                return


def flash(
    device: str,
    board: Board,
    segments: tuple[Segment, ...],
    *,
    baud: int = BAUDS[0],
    force: bool = False,
    patience_s: float = 0,
    seen: Run | None = None,
    progress: Progress = lambda done, what: None,
    say: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """Write the segments, each verified by its MD5, and start the program. `force` writes what is right already too.

    `seen`: what identify() returned, where it has been called. A cable that is pulled is waited for as long as
    `patience_s`, under whatever name the port comes back. Raises WrongChip and FlashTooSmall before anything is
    written, WrongBootMode, NodeSilent, CablePulled, FlashFailed.
    """
    pieces = cut_pieces(segments)
    total = sum(len(piece.data) for piece in pieces)
    started = time.monotonic()
    port, speeds, writing = ports.named(device), _descent(baud), 0.0
    measured, mac = seen is not None, seen.mac if seen else ""
    with tempfile.TemporaryDirectory(prefix="lamplighter-") as folder:
        files = written_files(pieces, Path(folder))
        while True:
            run, code = Run(pieces, mac), 0
            if not measured:
                code = esptool_command(device, _asking(device, board), run, progress)
            if code == 0 and not measured:
                _refuse_smaller(device, board, run)
                say(_seen_sentence(board, run))
                measured, mac = True, run.mac
                run = Run(pieces, mac)
            if code == 0:
                code = esptool_command(device, esptool_arguments(device, board, speeds[0], files, force), run, progress)
            writing += max(0.0, (run.ended or time.monotonic()) - run.began) if run.began else 0.0
            if code == 0:
                took = time.monotonic() - started
                return Outcome(total, run.written, run.skipped, speeds[0], took, run.chip, run.mac, device, writing)
            trouble = diagnose(device, board, run, total)
            force = force and not measured  # what this run has written is kept
            mac = mac or run.mac
            if isinstance(trouble, CablePulled) and patience_s:
                say(f"{trouble.cause} Waiting {patience_s:.0f} s: reconnect the cable.")
                device = ports.back(port, patience_s) or _give_up(trouble)
                say(f"{device} is back: resuming.")
            elif isinstance(trouble, FlashFailed) and speeds[1:]:
                speeds = speeds[1:]
                say(f"{trouble.cause} Continuing at {speeds[0]} baud.")
            else:
                raise trouble


def _give_up(trouble: Problem) -> str:
    raise trouble


def _descent(baud: int) -> list[int]:
    return [baud, *(speed for speed in BAUDS if speed < baud)]


def cut_pieces(segments: tuple[Segment, ...]) -> list[Segment]:
    """Each is deflated by itself. One that does not shrink goes with the next: esptool deflates nothing after it."""
    found = []
    for segment in segments:
        begin = 0
        for end in [*range(PIECE, len(segment.data), PIECE), len(segment.data)]:
            data = segment.data[begin:end]
            if end < len(segment.data) and len(zlib.compress(data, 1)) >= len(data):
                continue
            found.append(Segment(segment.name, segment.offset + begin, data))
            begin = end
    return found


def written_files(pieces: list[Segment], folder: Path) -> list[str]:
    arguments = []
    for piece in pieces:
        path = folder / f"{piece.offset:08x}-{piece.name}.bin"
        path.write_bytes(piece.data)
        arguments += [f"0x{piece.offset:x}", str(path)]
    return arguments


def _asking(device: str, board: Board) -> list[str]:
    """Chip, MAC and flash size; at the speed that every cable carries."""
    return [*_connection(device, board), "--after", "no-reset", "flash-id"]


def identify(device: str, board: Board, say: Callable[[str], None] = lambda text: None) -> Run:
    """Ask the chip for its type, MAC and flash size. Raises like flash(); nothing is written."""
    run = Run([])
    if esptool_command(device, _asking(device, board), run, lambda done, what: None):
        raise diagnose(device, board, run, 0)
    _refuse_smaller(device, board, run)
    say(_seen_sentence(board, run))
    return run


def read(device: str, board: Board, offset: int, size: int, baud: int, mac: str) -> bytes:
    """A stretch of the flash chip of the board with this MAC. Raises like flash(); lowers the baud like it."""
    with tempfile.TemporaryDirectory(prefix="lamplighter-") as folder:
        file = Path(folder) / "read.bin"
        speeds = _descent(baud)
        while True:
            run, speed = Run([], mac), speeds.pop(0)
            words = ["--baud", str(speed), "--after", "no-reset", "read-flash", str(offset), str(size), str(file)]
            code = esptool_command(device, [*_connection(device, board), *words], run, lambda done, what: None)
            if code == 0 and file.is_file() and file.stat().st_size == size:
                return file.read_bytes()
            trouble = diagnose(device, board, run, 0)
            if not isinstance(trouble, FlashFailed) or not speeds:
                raise trouble


def _seen_sentence(board: Board, run: Run) -> str:
    size = f", {run.flash_size >> 20} MB of flash" if run.flash_size else ""
    return f"found {run.chip} {run.mac}{size}: fits {board.name}"


def _refuse_smaller(device: str, board: Board, run: Run) -> None:
    if 0 < run.flash_size < board.flash_size:
        raise FlashTooSmall(
            f"The module on {device} has {run.flash_size >> 20} MB of flash; {board.name} needs "
            f"{board.flash_size >> 20} MB."
        )


def _connection(device: str, board: Board) -> list[str]:
    # default-reset finds out by itself whether the port is a bridge with transistors or the chip's own USB
    before = "no-reset" if board.reset == "none" else "default-reset"
    return ["--chip", board.chip, "--port", device, "--before", before]


def esptool_arguments(device: str, board: Board, baud: int, files: list[str], force: bool) -> list[str]:
    after = "no-reset" if board.reset == "none" else "hard-reset"
    return [
        *_connection(device, board), "--baud", str(baud), "--after", after,
        "write-flash",
        *("--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep"),
        *(() if force else ("--skip-flashed",)),
        *files,
    ]  # fmt: skip


def esptool_command(device: str, arguments: list[str], run: Run, progress: Progress) -> int:
    """The process's exit code; its output goes line by line to the run. Ends it when the port is gone or it stalls."""
    environment = {**os.environ, "COLUMNS": "400", "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "TERM": "dumb"}
    # an esptool.cfg lying about, or a port in the environment, must not change what we do
    environment = {key: value for key, value in environment.items() if not key.startswith("ESPTOOL_")}
    command = [sys.executable, "-m", "esptool", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment
    )
    try:
        for line in _lines(process, lambda: run.done and not ports.is_there(device)):
            run.heard(line, progress)
            if run.another:
                process.kill()  # it has not begun to write
        return process.wait(timeout=10)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _lines(process: subprocess.Popen, hopeless: Callable[[], object]) -> Iterator[str]:
    pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_hand_on, args=(process.stdout, pieces), name="esptool", daemon=True).start()
    text, heard = b"", time.monotonic()
    while True:
        try:
            piece = pieces.get(timeout=0.5)
        except queue.Empty:
            if hopeless() or time.monotonic() > heard + STALLED_S:
                process.kill()
                return
            continue
        heard = time.monotonic()
        *whole, text = re.split(rb"[\r\n]+", text + piece)
        yield from (line.decode(errors="replace").strip() for line in whole if line.strip())
        if not piece:
            if text.strip():
                yield text.decode(errors="replace").strip()
            return


def _hand_on(output: Any, pieces: queue.SimpleQueue[bytes]) -> None:
    """Until the end, which is an empty piece. A thread, since Windows cannot wait for a pipe with a time-out."""
    with contextlib.suppress(ValueError, OSError):  # it was closed: nobody listens any more
        while piece := output.read1(4096):
            pieces.put(piece)
    pieces.put(b"")


def diagnose(device: str, board: Board, run: Run, total: int) -> Problem:
    """esptool's last words as a Problem; FlashFailed stands for what a slower line may cure."""
    text = "\n".join(run.text)
    percent = 100 * run.done // max(total, 1)
    if run.another:
        return WrongChip(
            f"Another board was connected: {run.mac}, not {run.expected}.",
            "Nothing was written to it. Connect the first board and run the same command again.",
        )
    if found := re.search(r"This chip is ([\w-]+), not ([\w-]+)", text):
        return WrongChip(
            f"The chip on {device} is an {found[1]}; {board.name} has an {CHIPS[board.chip].title}.",
            "Nothing was written. " + WrongChip.remedy,
        )
    if not ports.is_there(device) or (run.connected and GONE.search(text)):
        if run.connected:
            return CablePulled(f"{device} was disconnected at {percent} %.")
        return CablePulled(f"{device} was disconnected while waiting for the chip.")
    if "Wrong boot mode" in text:
        return WrongBootMode(f"The chip on {device} runs its firmware and did not enter the boot loader.")
    if not run.connected and OPENING.search(text):
        return ports.unopened(device)
    if not run.connected and (CONNECTING.search(text) or "error" not in text.lower()):
        return NodeSilent(
            f"No chip answers on {device}.",
            "Check cable and power; then hold BOOT, press and release EN, release BOOT, and run the command again.",
        )
    return FlashFailed(f"{device}: error at {percent} %: {_last_words(run.text)}")


def _last_words(lines: list[str]) -> str:
    for line in reversed(lines):
        if found := re.match(r".*(?:fatal error occurred|ERROR|Error): *([^(]+)", line):
            return found[1].strip(" .") + "."
    return "esptool stopped responding."
