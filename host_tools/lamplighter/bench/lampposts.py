"""The lamppost that a test runs on, virtual or on a cable: one face for both, as far as a cable reaches."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..boards import board_file
from ..virtual.console_text import ConsoleText
from ..virtual.lamppost import VirtualLamppost
from .power import Fixed, NoPower, Power

BIN = Path(sys.executable).parent
WIFI = {"ssid": "lamplighter", "password": "street-secret"}  # in a virtual lamppost's air
STARTED = r"app: \S+, boot \d+"


class Post:
    """port, board, console; tool() and mpremote() as an engineer runs them; reset(), and power where there is a switch.

    speed -- how much faster than real its time passes
    """

    port: str
    console: ConsoleText
    speed = 1.0

    def __init__(self, board: str | board_file.Board) -> None:
        self.board = board_file.load(board) if isinstance(board, str) else board

    def within(self, seconds: float) -> float:
        """Real seconds to wait at most for what takes the node so many; generous, as nothing waits for their end."""
        return seconds / self.speed + 60

    @contextlib.contextmanager
    def port_for_others(self) -> Iterator[str]:
        """The serial port while another program may open it."""
        yield self.port

    def tool(self, *words: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """`lamplighter WORDS --port ...`"""
        with self.port_for_others() as port:
            command = [sys.executable, "-m", "lamplighter", *map(str, words), "--port", port]
            done = subprocess.run(command, capture_output=True, text=True, timeout=110, input=stdin)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def mpremote(self, *words: str) -> str:
        """`mpremote connect PORT WORDS` as it comes from the registry; what it prints."""
        with self.port_for_others() as port:
            done = subprocess.run(
                [BIN / "mpremote", "connect", port, *words], capture_output=True, text=True, timeout=60
            )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def started(self) -> None:
        """Wait until the app runs."""
        self.console.wait_for(STARTED, self.within(30))

    def reset(self) -> None:
        """Press EN."""
        raise NotImplementedError

    def power_off(self) -> None:
        raise NotImplementedError

    def power_on(self) -> None:
        raise NotImplementedError


class VirtualPost(Post):
    """With everything that can be steered: .lamp is the VirtualLamppost."""

    def __init__(self, board: str | board_file.Board, workdir: Path, broker: int = 1, **options: Any) -> None:
        super().__init__(board)
        self.lamp = VirtualLamppost(self.board, workdir=workdir, **options)
        self.speed = options.get("speed") or 1.0
        self.lamp.network.hosts["broker.lan"] = ("127.0.0.1", broker)
        self.lamp.network.ssid, self.lamp.network.password = WIFI["ssid"], WIFI["password"]
        self.console = self.lamp.console
        self.port = self.lamp.port

    def reset(self) -> None:
        self.lamp.press_reset()

    def power_off(self) -> None:
        self.lamp.power_off()

    def power_on(self) -> None:
        self.lamp.power_on()


class CablePost(Post):
    """Its console is listened to all the time, except while another program has the port; so with a port server's."""

    def __init__(self, board: str, port: str, power: Power | None = None) -> None:
        super().__init__(board)
        self.port = port
        self.power = power or Fixed()
        self.console = ConsoleText()
        self._line: Any = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        import serial

        from ..device import ports

        ports.check(self.port)
        try:
            self._line = serial.serial_for_url(self.port, baudrate=115200, timeout=0.05)
        except OSError:
            raise ports.unopened(self.port) from None
        self._thread = threading.Thread(target=self._listen, args=(self._line,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        line, self._line = self._line, None
        if self._thread is not None:
            self._thread.join(2)
            self._thread = None
        if line is not None:
            with contextlib.suppress(OSError):  # a pty has no such lines
                line.rts = False  # before DTR: neither reset nor BOOT
                line.dtr = False
            line.close()

    def _listen(self, line: Any) -> None:
        with contextlib.suppress(OSError):  # the cable was pulled: whoever talks next says so
            while self._line is line:
                self.console.take(line.read(4096))

    @contextlib.contextmanager
    def port_for_others(self) -> Iterator[str]:
        self.close()
        try:
            yield self.port
        finally:
            self.open()

    def reset(self) -> None:
        from ..device import ports

        if ports.is_pty(self.port):
            # a virtual one behind a port has no DTR and RTS: its REPL does it
            self._line.write(b"\r\x03\x03import machine\rmachine.reset()\r")
            return
        self._line.dtr = False
        self._line.rts = True
        time.sleep(0.1)  # how long EN is held down
        self._line.rts = False

    def power_off(self) -> None:
        self._switch(self.power.off)

    def power_on(self) -> None:
        self._switch(self.power.on)

    def _switch(self, act: Callable[[], None]) -> None:
        try:
            act()
        except NoPower as nobody:
            pytest.skip(str(nobody))


class Switch:
    """A post's power alone, as the fixture gives it."""

    def __init__(self, post: Post):
        self.off, self.on = post.power_off, post.power_on
