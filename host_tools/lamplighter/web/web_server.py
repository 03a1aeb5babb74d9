"""A page served in a thread: binds the address first, and ends when it is told to."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from .. import hosts, this_system
from ..problems import WebAddressRefused
from .web_access import WebAccess

_READY_S = 20.0


class WebServer:
    """`with WebServer(app, host, port, access) as server:` serves at server.address until the block ends.

    port -- 0: any that is free; stopping -- called before connections are closed, in the server's loop
    Raises WebAddressRefused, and what access.check() raises.
    """

    def __init__(
        self, app: ASGIApp, host: str, port: int, access: WebAccess, stopping: Callable[[], None] = lambda: None
    ) -> None:
        access.check(host)
        self.host, self.port, self._access = host, port, access
        self._stopping = stopping
        self._socket = self._bound()
        config = uvicorn.Config(
            app, log_config=None, log_level="critical", access_log=False, server_header=False, date_header=False,
            timeout_graceful_shutdown=2, timeout_keep_alive=20, ws="none", lifespan="on", http="h11",
            **access.for_uvicorn(),
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._ready, self._ended = threading.Event(), threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def address(self) -> str:
        place = f"{'https' if self._access.https else 'http'}://{hosts.joined(self.host, self.port)}/"
        return f"{place}{self._access.secret}/" if self._access.secret else place

    def __enter__(self) -> WebServer:
        # connections wait in the socket's queue until the server takes them
        self._thread.start()
        self._ready.wait(_READY_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self._stop)
        self._thread.join(_READY_S)
        self._socket.close()

    def wait(self) -> None:
        """Until the server ends, which it does not by itself; Ctrl-C raises KeyboardInterrupt."""
        while not self._ended.wait(0.5):
            pass

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Have the server's loop call a function soon."""
        if self._loop and not self._ended.is_set():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _stop(self) -> None:
        self._stopping()
        self._server.should_exit = True

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            if not this_system.is_windows():  # there it would share a port with whoever has it already
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self.host, self.port))
            bound.listen(256)
        except OSError as wrong:
            bound.close()
            where = hosts.joined(self.host, self.port)
            raise WebAddressRefused(f"The page cannot listen on {where}: {wrong.strerror or wrong}.") from None
        self.port = bound.getsockname()[1]
        return bound

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._ready.set()
            await self._server.serve(sockets=[self._socket])

        try:
            asyncio.run(serve())
        finally:
            self._ended.set()
            self._ready.set()


