"""What answers at a port and is no broker, or one that says no."""

from __future__ import annotations

import socket
import threading


class FalseBroker:
    """Answers every connection with the same bytes, whatever was asked."""

    def __init__(self, answer: bytes):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._answer = answer
        self._near: list[socket.socket] = []
        self.heard: list[bytes] = []  # the first bytes of each connection
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._near.append(near)
            self.heard.append(near.recv(1000))
            near.sendall(self._answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for near in self._near:
            near.close()
        self._thread.join(5)
