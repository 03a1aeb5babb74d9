"""Mosquitto for trials at a desk, with TLS and the access list of a city; gone when it is stopped."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .. import hosts
from ..problems import BrokerRefused, IdentityMissing, ToolMissing
from . import mosquitto
from .city import City

# seldom on a user's PATH
_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", r"C:\Program Files\mosquitto")
START_S = 10.0


def find_mosquitto() -> str | None:
    """Path of the program, also where only root has its folder on the PATH; None where it is not installed."""
    return shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", ""), *_FOLDERS)))


class TrialBroker:
    """`with TrialBroker(city, name, address, port) as broker:` listens; broker.log has Mosquitto's words.

    The same configuration as `identity export` writes, in a scratch folder with a copy of the broker's key.
    Raises ToolMissing without Mosquitto, IdentityMissing, BrokerRefused where it cannot listen.
    """

    def __init__(self, city: City, name: str, address: str, port: int) -> None:
        found = find_mosquitto()
        if not found:
            remedy = "Install it: `sudo apt install mosquitto`, `brew install mosquitto`, `winget install mosquitto`."
            raise ToolMissing("Mosquitto is missing.", remedy)
        self._program, self._city, self._name = found, city, name
        self.address, self.port = address, port
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="lamplighter-broker-")
        self.log = Path(self._folder.name) / "mosquitto.log"

    def __enter__(self) -> TrialBroker:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
        self._folder.cleanup()

    def check(self) -> None:
        """Raises BrokerRefused when Mosquitto has ended by itself."""
        if self._process and self._process.poll() is not None:
            raise BrokerRefused(f"Mosquitto ended: {self._last_words()}", "Run the command again.")

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        why = next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else "no words")
        return why.partition("Error: ")[2] or why

    def _start(self) -> None:
        self._require_free_port()
        folder = Path(self._folder.name)
        mosquitto.export(self._city, folder, self._name, self.port, str(folder), self.address)
        key = folder / "broker.key"
        key.touch(mode=0o600)
        key.write_bytes(self._city.files("broker", self._name)[0].read_bytes())
        (folder / "access").chmod(0o600)
        file = folder / "lampposts.conf"
        own = f"persistence_location {folder}/\n" + ("user root\n" if os.name == "posix" and os.geteuid() == 0 else "")
        file.write_text(own + file.read_text(encoding="utf-8"), encoding="utf-8")
        with self.log.open("wb") as log:
            self._process = subprocess.Popen([self._program, "-c", file], stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise BrokerRefused(
                    f"Mosquitto does not listen on {self.address}:{self.port}: {self._last_words()}",
                    "Choose another --port or --listen address.",
                )
            time.sleep(0.02)

    def _require_free_port(self) -> None:
        """Before Mosquitto starts: whoever listens there already would answer in its place until it has ended."""
        try:
            socket.create_server((self.address, self.port), family=_family(self.address)).close()
        except OSError as wrong:
            raise BrokerRefused(
                f"{hosts.joined(self.address, self.port)} cannot be used: {os.strerror(wrong.errno or 0)}.",
                "Choose another --port or --listen address, or end the program that listens there.",
            ) from None

    def _listens(self) -> bool:
        # only our own process: what else may listen there has made ours end
        try:
            with socket.create_connection((self.address, self.port), 0.2):
                return self._process is not None and self._process.poll() is None
        except OSError:
            return False


def free_port(address: str) -> int:
    with socket.create_server((address, 0), family=_family(address)) as probe:
        return probe.getsockname()[1]


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def only_broker(city: City) -> str:
    """The name of the city's broker, where it has one that is valid. Raises IdentityMissing."""
    names = sorted({one.name for one in city.book.entries() if one.kind == "broker" and one.valid})
    if len(names) == 1:
        return names[0]
    if not names:
        raise IdentityMissing(
            f"{city.folder} has no valid broker certificate.",
            "Issue one with `lamplighter identity issue --broker localhost`.",
        )
    several = ", ".join(names)
    raise IdentityMissing(f"{city.folder} has certificates of several brokers: {several}.", "Name one with --broker.")
