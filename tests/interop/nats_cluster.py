"""Three NATS servers on this computer that keep every stream threefold, and of which one may be away."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from pathlib import Path

from brokers import free_port
from nats_server import NatsServer

REPLICAS = 3


class NatsCluster:
    """kill() takes one server after the other; start() brings it back."""

    def __init__(self, folder: Path) -> None:
        routes = [free_port() for _ in range(REPLICAS)]
        others = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
        self.servers = [
            NatsServer(
                folder / str(number), name=f"street-{number}",
                more=f'cluster {{ name: city, listen: "127.0.0.1:{port}", routes: [{others}] }}',
            )
            for number, port in enumerate(routes)
        ]  # fmt: skip
        self._turn = itertools.cycle(self.servers)
        self._away: NatsServer | None = None

    @property
    def source(self) -> str:
        """As --from takes it."""
        return "nats://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    @property
    def mqtt_ports(self) -> list[int]:
        return [server.mqtt_port for server in self.servers]

    def start(self) -> None:
        """All, until the cluster has a leader; or the one that was killed, until it listens."""
        if self._away:
            self._away.start()
            self._away = None
            return
        for server in self.servers:
            server.launch()
        for server in self.servers:
            server.wait()
        end = time.monotonic() + 60
        while not asyncio.run(self._has_leader()):
            assert time.monotonic() < end, "the cluster has no leader"
            time.sleep(0.05)

    def kill(self) -> None:
        self._away = next(self._turn)
        self._away.kill()

    def stop(self) -> None:
        for server in self.servers:
            server.kill()

    async def _has_leader(self) -> bool:
        import nats
        from nats.errors import Error

        client = await nats.connect(self.servers[0].source)
        try:
            answer = await client.request("$JS.API.INFO", b"", timeout=2)
        except (Error, TimeoutError):
            return False
        finally:
            await client.close()
        return "error" not in json.loads(answer.data)
