"""The node's raw REPL as a conversation that ends: entered by a ladder, every wait bounded, the node left running."""

from __future__ import annotations

import contextlib
import functools
import io
import re
import select
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

from ..problems import CablePulled, NodeSaidNo, NodeSilent, Problem
from . import no_prompt, ports

BAUD = 115200
ANSWERED_S = 10.0
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
INTERRUPT, ENTER_RAW, LEAVE_RAW, EXECUTE = b"\x03", b"\x01", b"\x02", b"\x04"

STAY_OPEN = b"""
import machine
_m=bytes(machine.RTC().memory())
if _m[3:4]==b'u': machine.RTC().memory(_m[:3]+b'U')

"""

# rung: (what the user is told, seconds for an answer)
LADDER = {
    "plain": ("", 1.0),
    "interrupt": ("no answer yet: interrupting the program", 2.5),
    "soft reset": ("no answer yet: soft reset", 3.0),
    "hard reset": ("no answer yet: hard reset", 5.0),
}


class Repl:
    """`with Repl(port) as node:` enters the raw REPL and at the end restarts the node.

    `say` is told in a few words when entering takes longer. `gently` leaves out the rungs that reset the node.
    All failures are Problems.
    """

    def __init__(self, device: str, say: Callable[[str], None] = lambda text: None, gently: bool = False):
        self.device = device
        self.port = ports.named(device)
        self._say = say
        self._gently = gently
        self._rungs = list(LADDER)[:2] if gently else list(LADDER)
        self._heard = b""
        self._line: Any = None
        self._running = False

    def __enter__(self) -> Repl:
        self._open()
        try:
            with self._wire():
                self._enter()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind, trouble, trace) -> None:
        try:
            if isinstance(trouble, NodeSilent):
                self._pulse()  # it listens no more
            elif not self._running and not isinstance(trouble, CablePulled):
                with contextlib.suppress(Problem):
                    self.restart()
        finally:
            self._close()

    @property
    def heard(self) -> bytes:
        """The last that the node said before it gave its prompt."""
        return self._heard

    # -- the line ----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        from mpremote.transport import TransportError
        from mpremote.transport_serial import SerialTransport

        ports.check(self.device)
        try:
            # opened with DTR and RTS both asserted, which the board's two transistors take as neither
            self._line = SerialTransport(self.device, baudrate=BAUD, timeout=5)
            # a chip that is reset again and again talks without end: no answer takes longer than this
            self._line.read_until = functools.partial(self._line.read_until, timeout_overall=ANSWERED_S)
        except (TransportError, OSError):
            raise ports.unopened(self.device) from None

    def _close(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        with contextlib.suppress(OSError):
            line.close()  # drops RTS before DTR: the chip is neither reset nor left with BOOT held
        with contextlib.suppress(OSError):
            line.serial.close()

    @contextlib.contextmanager
    def _wire(self) -> Iterator[None]:
        """Turn exceptions of mpremote and pyserial into a Problem."""
        from mpremote.transport import TransportError

        try:
            yield
        except (OSError, struct.error) as error:
            if isinstance(error, OSError) and (not ports.is_there(self.device) or error.errno in (5, 6, 19)):
                raise CablePulled(f"{self.device} was disconnected during the operation.") from None
            raise NodeSilent(f"The node on {self.device} stopped answering.") from None
        except TransportError as error:
            raise NodeSilent(f"The node on {self.device} stopped answering ({error}).") from None

    def _write(self, data: bytes) -> None:
        self._line.serial.write(data)

    def _listen(self, ending: bytes, within: float, again: bytes = b"", every: float = 0.25) -> bool:
        """True when `ending` was heard in time; `again` is sent `every` so many seconds meanwhile."""
        wire, text = self._line.serial, b""
        start = asked = time.monotonic()
        while (now := time.monotonic()) < start + within:
            waiting = wire.in_waiting
            if waiting:
                piece = wire.read(waiting)
                text += piece
                self._heard = (self._heard + piece)[-8192:]
                if ending in text:
                    return True
                continue
            if again and now >= asked + every:
                self._write(again)
                asked = now
            _await(wire)
        return False

    # -- entering ----------------------------------------------------------------------------------------------

    def _enter(self) -> None:
        for rung in self._rungs:
            words, seconds = LADDER[rung]
            if words:
                self._say(words)
            if rung == "soft reset":
                # out of a raw REPL or half a paste first, or Ctrl-D would be taken as the end of its input
                self._write(b"\r" + INTERRUPT + LEAVE_RAW + INTERRUPT + EXECUTE)
            elif rung == "hard reset":
                self._pulse()
            self._write(b"\r" + INTERRUPT + b"\r" + ENTER_RAW)
            again = b"" if rung == "plain" else INTERRUPT + b"\r" + ENTER_RAW
            if self._listen(PROMPT, seconds, again):
                self._settle()
                if no_prompt.boot_interrupted(self._heard):
                    self.clean()
                return
            told = no_prompt.state(self._heard)
            if told == "locked" or (told and self._gently):
                break  # asking on would not change it
        raise no_prompt.explain(self.device, self._heard)

    def _settle(self) -> None:
        """Swallow the answers to repeated requests, then ask once more: exactly one prompt waits after this."""
        end = time.monotonic() + 3.0
        while self._listen(b"\r\n>", 0.2):
            if time.monotonic() > end:  # it is reset again and again, and greets each time
                raise no_prompt.explain(self.device, self._heard)
        self._write(ENTER_RAW)
        if not self._line.read_until(1, PROMPT[:-1], timeout=5).endswith(PROMPT[:-1]):
            raise NodeSilent(f"The node on {self.device} sent its prompt once and stopped responding.")

    def _pulse(self) -> None:
        """Reset by the line that esptool uses: EN low for 100 ms while BOOT stays high."""
        if self._line is None or ports.is_pty(self.device):
            return
        with contextlib.suppress(OSError):
            wire = self._line.serial
            wire.dtr = False
            wire.rts = True
            time.sleep(0.1)
            wire.rts = False

    # -- talking -----------------------------------------------------------------------------------------------

    def run(self, code: str | bytes, within: float = 10.0, on_line: Callable[[str], None] | None = None) -> str:
        """The output of the code. `within` bounds the silence between two pieces of output, in seconds.

        Raises NodeSaidNo with the last line of the node's traceback, NodeSilent when it takes too long.
        """
        with self._wire():
            try:
                self._begin(code)
                printed = self._until_end(within, on_line)
                failed = self._until_end(within, None)
            except KeyboardInterrupt:
                self._write(INTERRUPT)
                raise
        self._failed(failed)
        return printed

    @contextlib.contextmanager
    def talk(self, code: str | bytes) -> Iterator[Talk]:
        """Start code that takes bytes from the console and prints lines; at the end it has ended, or is interrupted."""
        with self._wire():
            self._begin(code)
            talk = Talk(self._line.serial)
            try:
                yield talk
            except BaseException:
                if not talk.ended:
                    self._write(INTERRUPT)
                    self._to_the_end(talk)
                    raise
                self._failed(self._until_end(3.0, None))
                raise
            self._to_the_end(talk)

    def _to_the_end(self, talk: Talk) -> None:
        while talk.line(3.0) is not None:
            pass
        if talk.ended:
            self._until_end(3.0, None)

    @staticmethod
    def _failed(text: str) -> None:
        if text:
            raise NodeSaidNo(f"The node reported: {text.strip().splitlines()[-1]}", details=_traceback(text))

    def _begin(self, code: str | bytes) -> None:
        # mpremote prints what it did not expect: kept off the screen
        with contextlib.redirect_stdout(io.StringIO()):
            self._line.exec_raw_no_follow(code)

    def _until_end(self, within: float, on_line: Callable[[str], None] | None) -> str:
        wire, got, told = self._line.serial, bytearray(), 0
        heard = time.monotonic()
        while True:
            waiting = wire.in_waiting
            if not waiting:
                if time.monotonic() > heard + within:
                    self._write(INTERRUPT)
                    raise NodeSilent(f"The node on {self.device} stopped responding during an operation.")
                _await(wire)
                continue
            # one byte at a time near the end mark: what follows it belongs to the next reader
            got += wire.read(1)
            heard = time.monotonic()
            if got.endswith(EXECUTE):
                return got[:-1].decode(errors="replace").replace("\r\n", "\n")
            if got.endswith(b"\n") and no_prompt.starts_anew(bytes(got[-80:])):
                # a node whose supply dips would go on printing for ever
                raise no_prompt.explain(self.device, bytes(got))
            if on_line and got.endswith(b"\n"):
                on_line(got[told:].decode(errors="replace").strip())
                told = len(got)

    # -- leaving -----------------------------------------------------------------------------------------------

    def fresh(self) -> None:
        """Reset, and stop the boot in its rescue window: a clean heap, idle buses, no watchdog."""
        self.restart()
        with self._wire():
            # not before: an interrupt amid boot.py would leave the app unmounted; some firmware has no such window
            self._listen(b" gives the REPL", 3.0)
            if not self._listen(PROMPT, 8.0, INTERRUPT + b"\r" + ENTER_RAW):
                raise no_prompt.explain(self.device, self._heard)
            self._settle()
        self._running = False

    def clean(self) -> None:
        """A soft reset: a clean heap; a watchdog that runs is looked after for a quarter of an hour."""
        with self._wire():
            self._line.read_until(1, b">", timeout=2)
            self._write(EXECUTE)
            if not self._listen(PROMPT, 8.0):
                raise no_prompt.explain(self.device, self._heard)
            self._settle()

    def restart(self) -> None:
        """A real reset, so that the node comes up as after power-on; a console that was unlocked stays so."""
        with self._wire():
            self._line.read_until(1, b">", timeout=2)
            # plainly, not by mpremote's paste mode: nothing acknowledges the end of a paste that resets the chip
            self._write(STAY_OPEN + b"import machine\nmachine.reset()" + EXECUTE)
        self._running = True

    def boot_line(self, pattern: str, within: float = 15.0) -> str | None:
        """The first console line that matches, after restart(); None when none came in time."""
        text, end = b"", time.monotonic() + within
        while time.monotonic() < end:
            try:
                piece = self._line.serial.read(self._line.serial.in_waiting or 0)
            except OSError:
                self._come_back(end)
                continue
            text += piece
            for line in text.split(b"\n")[:-1]:
                if re.search(pattern.encode(), line):
                    return line.decode(errors="replace").strip()
            time.sleep(0.02 if not piece else 0)
        return None

    def _come_back(self, end: float) -> None:
        """A chip with USB of its own takes its port along in a reset: open it again where it comes up."""
        self._close()
        while time.monotonic() < end:
            device = ports.follow(self.port)
            with contextlib.suppress(Problem):
                if device:
                    self.device = device
                    self._open()
                    return
            time.sleep(0.1)
        raise CablePulled(f"{self.device} did not come back after the reset.")


class Talk:
    """Input and output of code that runs on the node."""

    def __init__(self, wire: Any):
        self._wire = wire
        self._text = b""
        self.ended = False

    def send(self, data: bytes) -> None:
        self._wire.write(data)

    def take(self, count: int, within: float) -> bytes:
        """So many bytes as they are; fewer when no more came in time."""
        end, got = time.monotonic() + within, b""
        while len(got) < count and time.monotonic() < end:
            waiting = self._wire.in_waiting
            if waiting:
                got += self._wire.read(min(waiting, count - len(got)))
            else:
                _await(self._wire)
        self.ended |= count == 1 and got == EXECUTE
        return got

    def line(self, within: float) -> str | None:
        """The next line that it prints; None when none came in time or the code has ended."""
        end = time.monotonic() + within
        while not self.ended and time.monotonic() < end:
            if not self._wire.in_waiting:
                _await(self._wire)
                continue
            byte = self._wire.read(1)
            if byte == EXECUTE:
                self.ended = True
            elif byte == b"\n":
                line, self._text = self._text.strip(), b""
                return line.decode(errors="replace")
            else:
                self._text += byte
        return None


def _await(wire: Any) -> None:
    """Until a byte comes, or a hundredth of a second; a line of another kind than a file is looked at more often."""
    try:
        if not select.select([wire], [], [], 0.01)[0] or wire.in_waiting:
            return
    except (AttributeError, ValueError, OSError):
        pass
    time.sleep(0.002)


def _traceback(text: str) -> list[str]:
    """The node's traceback without its last line, which is the cause already."""
    return ["  node: " + line.strip() for line in text.strip().splitlines()[1:-1]][-3:]
