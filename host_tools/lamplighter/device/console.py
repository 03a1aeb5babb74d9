"""The node's serial output as lines, listened to without resetting the board, across unplugging and plugging in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from ..problems import CablePulled, Problem
from . import ports

BAUD = 115200


class ConsoleLine:
    """`with ConsoleLine(port, say) as console: console.lines(0.1)` gives the lines heard within 0.1 s."""

    def __init__(self, device: str, say: Callable[[str], None] = lambda text: None):
        self._port = ports.named(device)
        self._say = say
        self._wire: Any = None
        self._partial = b""

    def __enter__(self) -> ConsoleLine:
        ports.check(self._port.device)
        self._open(self._port.device)
        return self

    def __exit__(self, *exc) -> None:
        self._close()

    def _open(self, device: str) -> None:
        import serial

        try:
            # DTR and RTS stay as the system sets them on opening: both asserted, which resets nothing
            self._wire = serial.serial_for_url(device, baudrate=BAUD, timeout=0, exclusive=True)
        except (OSError, ValueError):
            raise ports.unopened(device) from None

    def _close(self) -> None:
        wire, self._wire = self._wire, None
        if wire is None:
            return
        for step in ("rts", "dtr"):
            # RTS first: DTR alone holds BOOT for an instant and resets nothing, RTS alone would reset
            with contextlib.suppress(OSError):
                setattr(wire, step, False)
        with contextlib.suppress(OSError):
            wire.close()

    def write(self, data: bytes) -> None:
        """Say something to the node."""
        with self._pulled():
            self._wire.write(data)

    def read(self, within: float) -> bytes:
        """The bytes that come in this time, at once when there are any; none when none did."""
        end = time.monotonic() + within
        with self._pulled():
            while not (piece := self._wire.read(4096)) and time.monotonic() < end:
                time.sleep(0.01)
        return piece

    @contextlib.contextmanager
    def _pulled(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            raise CablePulled(f"{self._port.device} was disconnected during the operation.") from None

    def lines(self, within: float) -> list[str]:
        """The whole lines that came in this time; an empty list when none did."""
        end = time.monotonic() + within
        found: list[str] = []
        while time.monotonic() < end:
            if self._wire is None:
                self._come_back()
                time.sleep(0.05)
                continue
            try:
                piece = self._wire.read(4096)
            except OSError:
                self._close()
                self._say(f"-- {self._port.device} was disconnected: waiting for it")
                continue
            if not piece:
                time.sleep(0.01)
                continue
            *whole, self._partial = (self._partial + piece).split(b"\n")
            found += [_text(line) for line in whole]
        return found

    def rest(self) -> list[str]:
        """The line that had no end yet."""
        rest, self._partial = self._partial, b""
        return [_text(rest)] if rest.strip() else []

    def _come_back(self) -> None:
        device = ports.follow(self._port)
        if device is None:
            return
        with contextlib.suppress(Problem):
            ports.check(device)
            self._open(device)
            self._say(f"-- {device} is back")


def _text(line: bytes) -> str:
    """Readable text: control characters of the boot loader and of noise are shown, not obeyed."""
    text = line.rstrip(b"\r").decode(errors="replace")
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)
