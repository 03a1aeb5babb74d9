"""A broker's program on the loopback: started in a folder of its own, ended by its process id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from brokers import free_port

NODES = [f"lp-{number:04d}" for number in range(1, 31)]  # each check has one of its own
READER = "platform"


def key_of(user: str) -> str:
    """The password of a user of the guarded brokers."""
    return f"key-of-{user}"


class Served:
    """start() returns when the port is listened at; what the broker keeps in its folder outlives kill()."""

    name = ""
    speaks = "MQTT 3.1.1"
    guarded = False  # users and passwords, and each node writes its own topics only
    enciphered = False  # nobody can see what goes by
    patience = 60.0  # seconds to come up
    version_flag: tuple[str, ...] = ()  # of mosquitto_sub

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True)
        self.port = free_port()  # for lampposts
        self.indoors = self.port  # for those who read
        self._processes: list[subprocess.Popen[bytes]] = []
        self.prepare()

    def missing(self) -> str:
        """Why it cannot be run here; empty: it can."""
        return ""

    def version(self) -> str:
        raise NotImplementedError

    def mqtt(self, node: str) -> dict:
        """The mqtt section of a node's configuration."""
        login = {"user": node, "password": key_of(node)} if self.guarded else {}
        return {"host": "127.0.0.1", "port": self.port, "version": 4, **login}

    def impostor(self, node: str) -> dict | None:
        """What of it is other for who only claims to be that node; None: the broker asks nobody."""
        return {"password": "not-the-key"} if self.guarded else None

    def prepare(self) -> None:
        """Write what the program reads."""

    def commands(self) -> list[list[str | Path]]:
        """What is started, in this order; the last is the broker."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def start(self) -> None:
        assert not self._processes
        with (self.folder / "broker.log").open("ab") as log:
            for command in self.commands():
                self._processes.append(
                    subprocess.Popen(
                        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                        env={**os.environ, **self.environment()},
                    )
                )  # fmt: skip
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            # the broker that answers must be the one that was started here
            assert self._processes[-1].poll() is None, self.last_words()
            try:
                socket.create_connection(("127.0.0.1", self.indoors), 0.5).close()
                return
            except OSError:
                time.sleep(0.02)
        self.kill()
        raise AssertionError(f"{self.name} did not come up: {self.last_words()}")

    def last_words(self) -> str:
        return (self.folder / "broker.log").read_text(errors="replace")[-1000:]

    def kill(self) -> None:
        """As a power cut would: no goodbye to anybody."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: int) -> None:
        for process in reversed(self._processes):
            process.send_signal(how)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        self._processes.clear()
