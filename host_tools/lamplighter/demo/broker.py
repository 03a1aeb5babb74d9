"""The demo's broker: iotcore (rumqttd in a wheel) on 127.0.0.1, with settings of ours, gone when the demo ends.

It knows no access lists and loses its sessions when it is killed: it is for the demo and for trying things, never
for a street. There, use Mosquitto or another broker of that kind (docs/integrate/brokers.md).
"""

from __future__ import annotations

import os
import socket
from types import TracebackType

from ..problems import BrokerRefused, ToolMissing

CONNECTIONS = 64
PAYLOAD = 16 * 1024  # bytes; the longest message of a lamppost is info, about 2 kB
IN_FLIGHT = 100
PATIENCE_MS = 5000  # until a connection must have said CONNECT
_QUIET = {"IOTCORE_LOG_LEVEL": "CRITICAL"}  # its child would write between the lines of the live screen


class DemoBroker:
    """`with DemoBroker() as broker:` listens on broker.host, broker.port. MQTT 3.1.1, no password.

    port -- 0: any free one. The broker is a child process of iotcore's: it has no way to stop in ours.
    Raises ToolMissing without iotcore, BrokerRefused where it cannot listen.
    """

    host = "127.0.0.1"

    def __init__(self, port: int = 0) -> None:
        self._wanted = port
        self.port = port
        self._broker = None

    def __enter__(self) -> DemoBroker:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. Returns when connections are taken."""
        try:
            from iotcore import Broker
        except ImportError:
            raise ToolMissing("The demo's broker needs iotcore.", "Run `pip install 'iotcore>=0.4'`.") from None
        before = {name: os.environ.get(name) for name in _QUIET}
        os.environ.update(_QUIET)
        try:
            # a free port may be taken by somebody else between the look and the start
            for last in (False, False, True):
                self.port = self._wanted or _free_port(self.host)
                self._broker = Broker(
                    listen=self.host,
                    port=self.port,
                    max_connections=CONNECTIONS,
                    max_payload_size=PAYLOAD,
                    max_inflight_count=IN_FLIGHT,
                    connection_timeout_ms=PATIENCE_MS,
                )
                try:
                    self._broker.start()
                    return
                except (OSError, RuntimeError) as wrong:
                    self.stop()
                    if last or self._wanted:
                        cause = f"The demo's broker cannot listen on {self.host}:{self.port}: {wrong}."
                        raise BrokerRefused(cause, "Free the port, or let lamplighter choose one.") from None
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def stop(self) -> None:
        """Stop and release the port. Twice is no harm."""
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.stop()


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]
