"""The services of docs/integrate/container run without containers: by their own commands, variables and files.

Only addresses and places differ: ports that are free, folders below a temporary one, PostgreSQL by a socket. The
broker's entry point needs root, as it has in its container.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import container_files
from empty_place import EmptyPlace, Running, StepFailed

sys.path[:0] = [str(Path(__file__).parents[1] / "interop")]

from context_broker import ContextBroker  # noqa: E402
from postgres_cluster import PostgresCluster  # noqa: E402

STREET = ("--nodes", "5", "--every", "1", "--spread", "1", "--seconds", "6")
# the places of a container's files, not what only ends like one
_PLACE = re.compile(r"(?<![\w$/.-])/(lampposts/|broker\.key|services\.|etc/mosquitto/lamplighter|mosquitto/data/)")


class Services:
    """`with services.running(): services.prove()`; each has passed its own health check by then."""

    def __init__(self, place: EmptyPlace) -> None:
        self._place = place
        self._folder = place.folder / "services"
        self._folder.mkdir()
        self._context_broker = ContextBroker()
        self._port, tls, self._web, self._metrics, bridge = _free_ports(5)
        self._environment = {**container_files.example(), "FOR_THE_BROKER": "", "BROKER_KEY": ""}
        self._database = PostgresCluster()
        self._moved = {
            "listener 1883": f"listener {self._port} 127.0.0.1",
            "listener 8883": f"listener {tls} 127.0.0.1",
            "postgresql://lamps@database/lamps": f"postgresql://lamps@/lamps?host={self._database.folder}",
            "0.0.0.0:8090": f"127.0.0.1:{self._web}",
            "127.0.0.1', 8090": f"127.0.0.1', {self._web}",
            "9464": str(self._metrics),
            "/data/ngsi-ld.sqlite": str(self._folder / "ngsi-ld.sqlite"),
        }
        self._of_the_bridge = {str(self._metrics): str(bridge)}

    @contextmanager
    def running(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.callback(self._context_broker.stop)
            self._start_broker(stack)
            self._start_database(stack)
            self._environment["NGSI_LD_BROKER"] = self._context_broker.url
            for name in container_files.TOOL:
                stack.enter_context(self._start(name))
                self._healthy(name)
            yield

    def prove(self) -> str:
        """Simulated lampposts publish; each service has taken what it is for."""
        where = ("--host", "127.0.0.1", "--port", str(self._port))
        self._place.run("lamplighter", "street", *where, "--user", "trial", *STREET,
                        LAMPLIGHTER_MQTT_PASSWORD=self._environment["TRIAL_PASSWORD"])  # fmt: skip
        count = self._waited(lambda: int(self._psql("SELECT count(*) FROM energy") or 0))
        try:
            self._psql("DELETE FROM node")
        except StepFailed:
            pass
        else:
            raise StepFailed("Grafana's account may write")
        login = base64.b64encode(f"any:{self._environment['WEB_PASSWORD']}".encode()).decode()
        request = urllib.request.Request(f"http://127.0.0.1:{self._web}/", headers={"Authorization": f"Basic {login}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            page = answer.status
        entities = self._waited(lambda: len(self._context_broker.entities.get("", {})))
        self._waited(self._announced, "an announcement to Home Assistant")
        return f"{count} windows seen by Grafana's account, page {page}, {entities} entities, all healthy"

    def _start_broker(self, stack: ExitStack) -> None:
        for words in (("init", "Lisbon", "--no-passphrase"), ("issue", "--broker", "localhost")):
            self._place.run("lamplighter", "identity", *words)
        self._place.run("lamplighter", "identity", "export", "for-the-broker", "--broker", "localhost")
        files = {"broker.key": self._place.work / "identity/brokers/localhost.key"}
        files |= {f"lampposts/{path.name}": path for path in (self._place.work / "for-the-broker").iterdir()}
        files |= {name: container_files.FOLDER / name for name in ("broker.sh", "services.conf", "services.acl")}
        for name, path in files.items():
            text = _PLACE.sub(rf"{self._folder}/\1", self._here(path.read_text(encoding="utf-8")))
            (self._folder / name).parent.mkdir(exist_ok=True)
            (self._folder / name).write_text(text, encoding="utf-8")
        (self._folder / "mosquitto/data").mkdir(parents=True)
        for folder in (self._place.folder, self._folder, self._folder / "mosquitto/data"):
            folder.chmod(0o777)
        self._place.folder.parent.chmod(0o755)
        broker = self._running(["sh", str(self._folder / "broker.sh")], self._service("broker")["environment"])
        stack.enter_context(broker)
        self._healthy("broker")

    def _start_database(self, stack: ExitStack) -> None:
        stack.callback(self._database.remove)
        self._database.start()
        self._database.execute("CREATE DATABASE lamps")
        environment = {**self._service("database")["environment"], "PGHOST": str(self._database.folder)}
        script = container_files.FOLDER / "grafana-user.sh"
        done = subprocess.run(["sh", script], env={**os.environ, **environment}, capture_output=True, text=True)
        if done.returncode:
            raise StepFailed(done.stderr)

    def _start(self, name: str) -> Running:
        service = self._service(name)
        command = [self._here(word) for word in service["command"]]
        command[command.index("broker")] = "127.0.0.1"
        command += ["--port", str(self._port)]
        return self._running(["lamplighter", *command], service["environment"], name)

    def _running(self, command: list[str], environment: dict[str, str], name: str = "") -> Running:
        if name == "ngsi-ld":
            command = [self._replaced(word, self._of_the_bridge) for word in command]
        program = self._place.program(command[0])
        return Running([program, *command[1:]], self._folder, {**self._place.environment, **environment})

    def _healthy(self, name: str) -> None:
        """Its own health check, tried as often as Compose would, but more often in a second."""
        service = self._service(name)
        kind, *test = service.get("healthcheck", {"test": ["NONE"]})["test"]
        if kind == "NONE":
            return
        test = [self._here(word).replace("mosquitto_sub", f"mosquitto_sub -p {self._port}") for word in test]
        if name == "ngsi-ld":
            test = [self._replaced(word, self._of_the_bridge) for word in test]
        command = ["sh", "-c", *test] if kind == "CMD-SHELL" else [self._place.program(test[0]), *test[1:]]
        environment = {**self._place.environment, **service["environment"]}
        self._waited(lambda: not subprocess.run(command, env=environment, capture_output=True).returncode, name)

    def _announced(self) -> str:
        """A lamppost that Home Assistant's user finds."""
        words = ["mosquitto_sub", "-p", str(self._port), "-u", "home-assistant", "-t", "homeassistant/#", "-C", "1"]
        password = self._environment["HOME_ASSISTANT_PASSWORD"]
        done = subprocess.run([*words, "-P", password, "-W", "5"], capture_output=True, text=True)
        return done.stdout if "simulated" in done.stdout else ""

    def _psql(self, query: str) -> str:
        """What Grafana's account gets."""
        words = ["psql", "-h", str(self._database.folder), "-U", "grafana", "-d", "lamps", "-Atc", query]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            raise StepFailed(done.stderr)
        return done.stdout.strip()

    def _service(self, name: str):
        return container_files.services({**self._environment, "FOR_THE_BROKER": "/x", "BROKER_KEY": "/y"})[name]

    def _here(self, text: str) -> str:
        return self._replaced(text, self._moved)

    @staticmethod
    def _replaced(text: str, moved: dict[str, str]) -> str:
        for there, here in moved.items():
            text = text.replace(there, here)
        return text

    @staticmethod
    def _waited(holds, what: str = "what was expected", within: float = 60):
        end = time.monotonic() + within
        while not (found := holds()):
            if time.monotonic() > end:
                raise StepFailed(f"{what} did not come within {within:.0f} s")
            time.sleep(0.2)
        return found


def _free_ports(count: int) -> list[int]:
    """Different ones: they are held together until all are known."""
    with ExitStack() as stack:
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]
