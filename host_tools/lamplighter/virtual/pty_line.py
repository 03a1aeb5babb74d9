"""The serial port that the host opens: a pseudo terminal behind a symlink."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import time
from collections.abc import Callable
from pathlib import Path

from ..problems import NoPseudoTerminal

_LOOK_S = 0.01  # how often to look whether somebody opened the port
_HELD = 4 << 20  # bytes for a host that does not read
_SLICE_S = 0.005  # a paced line hands on what has crossed so often
_AT_ONCE_S = 0.0005  # less is not worth a timer: it is counted, and whoever follows waits
_LATE_S = 0.02  # by so much a timer may be late without the line being taken for idle meanwhile


class Pace:
    """One direction of a wire: bytes follow each other at its speed, however late this program's timers are."""

    def __init__(self) -> None:
        self._free = 0.0  # when the last byte has crossed

    def crossing(self, count: int, rate: float, waited: bool) -> float:
        """Seconds until so many bytes have crossed; waited -- they stood in line while others crossed."""
        now = time.monotonic()
        begins = self._free if waited and now - self._free < _LATE_S else max(now, self._free)
        self._free = begins + count / rate
        return self._free - now


class Line:
    """Bytes to and from whoever has the port open.

    link -- where the symlink goes; an old symlink is replaced, anything else is not.
    heard(data) -- bytes of the host; hung_up() -- the last program closed the port.
    Must be made inside the running event loop.
    """

    def __init__(self, link: Path, heard: Callable[[bytes], None], hung_up: Callable[[], None]):
        self._heard, self._hung_up = heard, hung_up
        self._loop = asyncio.get_running_loop()
        self._master, slave = _raw_pair()
        name = os.ttyname(slave)
        os.close(slave)
        if link.is_symlink():
            link.unlink()
        os.symlink(name, link)
        self.link, self._name = link, name
        self.open = False
        self._out = bytearray()
        self._writing = False
        self._closed = False
        self._there, self._back = Pace(), Pace()
        self.bytes_per_second: float | None = None  # None: as fast as it goes
        self.crossed = 0  # bytes so far, both ways
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

    def _readable(self, waited: bool = False) -> None:
        while not self._closed:
            rate = self.bytes_per_second
            try:
                data = os.read(self._master, max(1, int(rate * _SLICE_S)) if rate else 65536)
            except BlockingIOError:
                self._loop.add_reader(self._master, self._readable)
                return
            except OSError:
                data = b""  # EIO: nobody has the port open
            if not data:
                break
            self.crossed += len(data)
            delay = self._there.crossing(len(data), rate, waited) if rate else 0
            if delay > _AT_ONCE_S:
                self._loop.remove_reader(self._master)
                self._loop.call_later(delay, self._crossed, data)
                return
            self._heard(data)
            if not rate:
                return
            waited = True
        if self._closed:
            return
        self._loop.remove_reader(self._master)
        self.open = False
        self._out.clear()
        self._stop_writing()
        self._loop.call_later(_LOOK_S, self._look)
        self._hung_up()

    def _crossed(self, data: bytes) -> None:
        if not self._closed:
            self._heard(data)
            if self.open and not self._closed:
                self._loop.add_reader(self._master, self._readable)
                self._readable(waited=True)

    def say(self, data: bytes) -> None:
        """Send to the host; lost when nobody has the port open, as on a wire."""
        if not self.open or self._closed or not data:
            return
        self.crossed += len(data)
        self._out += data
        del self._out[: max(0, len(self._out) - _HELD)]
        if self._writing:
            return
        if self.bytes_per_second:
            self._say_slowly(self.bytes_per_second)
        else:
            self._write()

    def _say_slowly(self, rate: float, waited: bool = False) -> None:
        while self._out and self.open and not self._closed:
            count = min(len(self._out), max(1, int(rate * _SLICE_S)))
            delay = self._back.crossing(count, rate, waited)
            if delay > _AT_ONCE_S:
                self._writing = True
                self._loop.call_later(delay, self._crossed_back, count, rate)
                return
            self._pass_on(count)
            waited = True

    def _crossed_back(self, count: int, rate: float) -> None:
        if self._writing and not self._closed:
            self._writing = False
            self._pass_on(count)
            self._say_slowly(rate, waited=True)

    def _pass_on(self, count: int) -> None:
        with contextlib.suppress(OSError):  # a host that does not read: the same bytes again a little later
            del self._out[: os.write(self._master, self._out[:count])]

    def _write(self) -> None:
        if self._closed or not self.open:
            return
        try:
            count = os.write(self._master, self._out)
        except BlockingIOError:
            count = 0
        except OSError:
            return
        del self._out[:count]
        if self._out and not self._writing:
            self._writing = True
            self._loop.add_writer(self._master, self._write)
        elif not self._out:
            self._stop_writing()

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
    import termios

    master, slave = _raw_pair()
    mode = termios.tcgetattr(slave)
    mode[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    return master, slave


def require_pseudo_terminals() -> None:
    """Raises NoPseudoTerminal on Windows."""
    try:
        import termios  # noqa: F401  # every system with pseudo terminals has it
    except ModuleNotFoundError:
        cause = "The port of a virtual lamppost is a pseudo terminal, and Windows has none."
        raise NoPseudoTerminal(cause) from None


def _raw_pair() -> tuple[int, int]:
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    return master, slave
