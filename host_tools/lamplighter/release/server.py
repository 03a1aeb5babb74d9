"""A web server for the releases in a folder, good for a laptop and a street: ranges, open connections, HTTPS."""

from __future__ import annotations

import contextlib
import re
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from . import release_folder

_IDLE_S = 60  # a connection on which nothing was asked for so long is closed


class Server(ThreadingHTTPServer):
    """Serves the files of one folder; seen(path, bytes) is called after each answer. tls -- None: plain HTTP."""

    daemon_threads = True

    def __init__(
        self, folder: Path, host: str, port: int, seen=lambda path, count: None, tls: ssl.SSLContext | None = None
    ):
        self.folder = folder
        self.seen = seen
        self._tls = tls
        super().__init__((host, port), Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: a handshake that hangs holds up nobody else."""
        if self._tls:
            request.settimeout(_IDLE_S)
            try:
                request = self._tls.wrap_socket(request, server_side=True)
            except OSError:
                return
        super().finish_request(request, client_address)

    @property
    def port(self) -> int:
        return self.server_address[1]


class Handler(BaseHTTPRequestHandler):
    """GET and HEAD of whole files and single ranges."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    server: Server

    def handle(self) -> None:
        """A node that restarts leaves its connection without a word: that is no error of the server."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def do_GET(self) -> None:
        data = self.content()
        if data is None:
            self.answer("404 Not Found", b"")
            return
        asked = re.fullmatch(r"bytes=(\d{1,12})-(\d{0,12})", self.headers.get("Range", ""))
        if asked is None:
            self.answer("200 OK", data)
            return
        first, last = int(asked[1]), int(asked[2] or len(data))
        piece = data[first : last + 1]
        if not piece:
            self.answer("416 Range Not Satisfiable", b"", f"bytes */{len(data)}")
            return
        self.answer("206 Partial Content", piece, f"bytes {first}-{first + len(piece) - 1}/{len(data)}")

    do_HEAD = do_GET

    def content(self) -> bytes | None:
        """The file that is asked for; None if there is none of that name."""
        return release_folder.content(self.server.folder, unquote(self.path.partition("?")[0]))

    def answer(self, status: str, body: bytes, span: str = "") -> None:
        """Only the fields that a node reads: they are sent with each piece."""
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n" + (f"Content-Range: {span}\r\n" if span else "")
        message = head.encode() + b"\r\n" + (b"" if self.command == "HEAD" else body)
        self.wfile.write(message)
        self.server.seen(self.path, len(message))

    def log_message(self, format: str, *args: object) -> None:
        pass
