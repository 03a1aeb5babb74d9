"""A virtual lamppost's serial line on loopback: as RFC 2217, as a lab's port server offers it, or as bare bytes."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from types import TracebackType
from typing import Any

import serial
from serial import rfc2217


class _Line(serial.Serial):
    """A pseudo terminal takes the place of a bridge: it has no modem lines, and takes every speed."""

    def _update_dtr_state(self) -> None:
        pass

    _update_rts_state = _update_break_state = _update_dtr_state

    @property
    def cts(self) -> bool:
        return True

    dsr = cd = cts

    @property
    def ri(self) -> bool:
        return False


class Served:
    """`with Served(lamppost.port) as address:` -- one connection at a time, as a port server does it.

    kind -- "rfc2217" or "socket"; the address begins with it
    """

    def __init__(self, port: str, kind: str = "rfc2217"):
        self._port, self._kind = port, kind
        self._server = socket.create_server(("127.0.0.1", 0))
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="served line", daemon=True)

    @property
    def address(self) -> str:
        return f"{self._kind}://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> str:
        self._thread.start()
        return self.address

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.write(self._end, b"x")
        self._thread.join(5)
        self._server.close()
        os.close(self._end)
        os.close(self._ended)

    def _serve(self) -> None:
        while self._ended not in select.select([self._server, self._ended], [], [])[0]:
            peer, _ = self._server.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with peer, contextlib.suppress(OSError, serial.SerialException):
                self._pass_on(peer)

    def _pass_on(self, peer: socket.socket) -> None:
        with _Line(self._port, 115200, timeout=0, exclusive=True) as line:
            port: Any = line
            far: Any = _Peer(peer)
            manager = rfc2217.PortManager(port, far) if self._kind == "rfc2217" else None
            while True:
                ready = select.select([peer, line, self._ended], [], [])[0]
                if self._ended in ready:
                    return
                if peer in ready:
                    data = peer.recv(4096)
                    if not data:
                        return
                    line.write(b"".join(manager.filter(data)) if manager else data)
                if line in ready:
                    data = line.read(4096)
                    peer.sendall(b"".join(manager.escape(data)) if manager else data)


class _Peer:
    def __init__(self, peer: socket.socket):
        self.write = peer.sendall
