"""The serial port that the host opens: a pseudo terminal behind a symlink."""

from __future__ import annotations

import asyncio
import os
import select
import termios
import tty
from collections.abc import Callable
from pathlib import Path

_LOOK_S = 0.01  # how often to look whether somebody opened the port
_HELD = 4 << 20  # bytes for a host that does not read


class Line:
    """Bytes to and from whoever has the port open.

    link -- where the symlink goes; an old symlink is replaced, anything else is not.
    heard(data) -- bytes of the host; hung_up() -- the last program closed the port.
    Must be made inside the running event loop.
    """

    def __init__(self, link: Path, heard: Callable[[bytes], None], hung_up: Callable[[], None]):
        self._heard, self._hung_up = heard, hung_up
        self._loop = asyncio.get_running_loop()
        self._master, slave = os.openpty()
        tty.setraw(slave)
        name = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        if link.is_symlink():
            link.unlink()
        os.symlink(name, link)
        self.link, self._name = link, name
        self.open = False
        self._out = bytearray()
        self._writing = False
        self._closed = False
        self.bytes_per_second: float | None = None  # None: as fast as it goes
        self._look()

    def _look(self) -> None:
        """A pseudo terminal whose other side nobody has open says POLLHUP; there is no event for the change."""
        if self._closed:
            return
        poller = select.poll()
        poller.register(self._master, select.POLLIN)
        events = dict(poller.poll(0)).get(self._master, 0)
        if events & select.POLLIN or not events & select.POLLHUP:
            self.open = True
            self._loop.add_reader(self._master, self._readable)
        else:
            self._loop.call_later(_LOOK_S, self._look)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # EIO: nobody has the port open
        if data:
            if self.bytes_per_second:
                self._loop.remove_reader(self._master)
                self._loop.call_later(len(data) / self.bytes_per_second, self._heard_slowly, data)
            else:
                self._heard(data)
            return
        self._loop.remove_reader(self._master)
        self.open = False
        self._out.clear()
        self._stop_writing()
        self._loop.call_later(_LOOK_S, self._look)
        self._hung_up()

    def _heard_slowly(self, data: bytes) -> None:
        if not self._closed:
            self._heard(data)
            self._loop.add_reader(self._master, self._readable)

    def say(self, data: bytes) -> None:
        """Send to the host; lost when nobody has the port open, as on a wire."""
        if not self.open or self._closed or not data:
            return
        self._out += data
        del self._out[: max(0, len(self._out) - _HELD)]
        if not self._writing:
            self._write()

    def _write(self) -> None:
        if self._closed or not self.open:
            return
        piece = self._out
        if self.bytes_per_second:
            piece = self._out[: max(1, int(self.bytes_per_second * 0.005))]
        try:
            count = os.write(self._master, piece)
        except BlockingIOError:
            count = 0
        except OSError:
            return
        del self._out[:count]
        if self.bytes_per_second and self._out:
            self._writing = True
            self._loop.call_later(0.005, self._write_on)
        elif self._out and not self._writing:
            self._writing = True
            self._loop.add_writer(self._master, self._write_on)
        elif not self._out:
            self._stop_writing()

    def _write_on(self) -> None:
        if self.bytes_per_second:
            self._writing = False
        self._write()

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._master)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._master)
        self._stop_writing()
        try:
            if os.readlink(self.link) == self._name:
                self.link.unlink()
        except OSError:
            pass  # somebody removed it, or put another there: not ours any more
        os.close(self._master)


def inner_pair() -> tuple[int, int]:
    """(master, slave) for the interpreter: raw, nothing changed on the way, no signals from characters."""
    master, slave = os.openpty()
    tty.setraw(slave)
    mode = termios.tcgetattr(slave)
    mode[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    os.set_blocking(master, False)
    return master, slave
