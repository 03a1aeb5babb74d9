"""The brokers of the matrix, each run with the settings that docs/integrate/brokers.md tells."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import page
from brokers import free_port
from certificates import Authority
from lamplighter.demo.broker import DemoBroker
from lamplighter.pki.trial_broker import find_mosquitto
from served import NODES, READER, Served, key_of

FETCHED = Path(__file__).resolve().parents[2] / ".cache" / "interop"  # by .ci/other-brokers
ABSENT = "not fetched: .ci/other-brokers says why"


def _said(command: list[str | Path]) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


class Mosquitto(Served):
    name = "Mosquitto"
    guarded = True

    def __init__(self, folder: Path):
        self._program = find_mosquitto()
        super().__init__(folder)

    def missing(self) -> str:
        return "" if self._program else "Mosquitto is missing: apt-get install mosquitto"

    def version(self) -> str:
        return _said([str(self._program), "-h"]).split("\n")[0].split()[-1]

    def listener(self) -> str:
        return f"listener {self.port} 127.0.0.1\n"

    def prepare(self) -> None:
        told = page.settings("Mosquitto")
        for place in ("/var/lib/mosquitto", "/etc/mosquitto"):
            assert place in told
            told = told.replace(place, str(self.folder))
        # started by root it would become a user who may not read this folder
        user = "user root\n" if os.geteuid() == 0 else ""
        (self.folder / "mosquitto.conf").write_text(self.listener() + user + told)
        self._private("acl").write_text(page.settings("Mosquitto", 1))
        passwords = self._private("passwords")
        passwords.write_text("".join(f"{user}:{key_of(user)}\n" for user in [*NODES, READER]))
        subprocess.run(["mosquitto_passwd", "-U", passwords], check=True, capture_output=True)

    def _private(self, name: str) -> Path:
        file = self.folder / name
        file.touch(mode=0o600)
        return file

    def commands(self) -> list[list[str | Path]]:
        return [[str(self._program), "-c", self.folder / "mosquitto.conf"]]


class Mosquitto5(Mosquitto):
    speaks = "MQTT 5.0"
    version_flag = ("-V", "5")

    def mqtt(self, node: str) -> dict:
        return {**super().mqtt(node), "version": 5}


class MosquittoTls(Mosquitto5):
    """Lampposts come with a certificate instead of a password; who reads comes from within, with a password."""

    speaks = "MQTT 5.0, TLS with client certificates"
    enciphered = True

    def listener(self) -> str:
        self.indoors = free_port()
        self._street = Authority(self.folder / "street", "street")
        self._other = Authority(self.folder / "other", "another street")
        told = page.settings("Mosquitto", 2)
        for file in ("ca.pem", "broker.pem", "broker.key"):
            assert f"/etc/mosquitto/{file}" in told
        broker = self._street.issue("broker", "broker.lan")
        for name, file in (("ca.pem", self._street.pem), ("broker.pem", broker.crt), ("broker.key", broker.key)):
            shutil.copy(file, self.folder / name)
        told = told.replace("listener 8883", f"listener {self.port} 127.0.0.1")
        told = told.replace("listener 1883 127.0.0.1", f"listener {self.indoors} 127.0.0.1")
        return told.replace("/etc/mosquitto", str(self.folder))

    def mqtt(self, node: str) -> dict:
        return self._shows(self._street, node)

    def impostor(self, node: str) -> dict | None:
        return self._shows(self._other, node)

    def _shows(self, authority: Authority, node: str) -> dict:
        own = authority.issue(node, node)
        files = {"ca": self._street.der, "cert": own.der, "key": own.key_der}
        tls = {name: str(file) for name, file in files.items()}
        return {"host": "127.0.0.1", "port": self.port, "version": 5, "tls": {**tls, "server_name": "broker.lan"}}


class Fetched(Served):
    """A broker that is one program."""

    program = FETCHED

    def missing(self) -> str:
        return "" if self.program.exists() else ABSENT


class Nats(Fetched):
    name = "NATS server"
    program = FETCHED / "venv" / "bin" / "nats-server"
    guarded = True

    def version(self) -> str:
        return _said([self.program, "--version"]).split("v")[-1]

    def prepare(self) -> None:
        told = page.settings("NATS server").replace("0.0.0.0:1883", f"127.0.0.1:{self.port}")
        told = told.replace("127.0.0.1:4222", "127.0.0.1:-1").replace("/var/lib/nats", str(self.folder))
        (one,) = (line for line in told.splitlines() if "lp-0042" in line)
        told = told.replace(one, "\n".join(one.replace("lp-0042", node) for node in NODES))
        told = re.sub('user: "(.*?)", password: ".*?"', lambda m: f'user: "{m[1]}", password: "{key_of(m[1])}"', told)
        (self.folder / "nats.conf").write_text(told)

    def commands(self) -> list[list[str | Path]]:
        return [[self.program, "-c", self.folder / "nats.conf"]]


class RabbitMq(Served):
    """Debian's packages, unpacked: broker, Erlang and epmd see this folder, this loopback and nothing else."""

    name = "RabbitMQ"
    guarded = True
    patience = 60.0
    _root = FETCHED / "rabbitmq" / "root" / "usr" / "lib"

    def missing(self) -> str:
        return "" if (FETCHED / "rabbitmq" / "unpacked").exists() else ABSENT

    def _server(self) -> Path:
        return next((self._root / "rabbitmq" / "lib").glob("rabbitmq_server-*"))

    def version(self) -> str:
        return self._server().name.split("-")[1]

    def prepare(self) -> None:
        if self.missing():
            return
        told = page.settings("RabbitMQ").replace("1883", f"127.0.0.1:{self.port}")
        told = told.replace("/etc/rabbitmq", str(self.folder))
        (self.folder / "rabbitmq.conf").write_text("listeners.tcp = none\n" + told)
        (self.folder / "plugins").write_text("[rabbitmq_mqtt].\n")
        (self.folder / "definitions.json").write_text(json.dumps(self._definitions()))
        self._epmd, self._distribution = free_port(), free_port()
        erts = next((self._root / "erlang").glob("erts-*")) / "bin"
        erl = self.folder / "bin" / "erl"
        erl.parent.mkdir()
        # Debian's own script has the place written into it that an installation would have
        variables = f"ROOTDIR={self._root}/erlang BINDIR={erts} EMU=beam PROGNAME=erl"
        erl.write_text(f'#!/bin/sh\nexport {variables}\nexec {erts}/erlexec "$@"\n')
        erl.chmod(0o755)
        self._epmd_program = erts / "epmd"

    def _definitions(self) -> dict:
        """The page's topic permissions for every user, with the users themselves."""
        told = json.loads(page.settings("RabbitMQ", 1))
        of_node, of_reader = told["topic_permissions"]
        everybody = [*NODES, READER]
        rights = [{**(of_reader if user == READER else of_node), "user": user} for user in everybody]
        everything = {"vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
        return {
            "vhosts": [{"name": "/"}],
            "users": [{"name": user, "password_hash": _hash(key_of(user)), "tags": ""} for user in everybody],
            "permissions": [{"user": user, **everything} for user in everybody],
            "topic_permissions": rights,
        }

    def environment(self) -> dict[str, str]:
        folder = str(self.folder)
        return {
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "HOME": folder,  # of the Erlang cookie
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "1",  # its script becomes the server: the process id is the server's
            "RABBITMQ_NODENAME": f"lamplighter-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/none",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/db",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
        }

    def commands(self) -> list[list[str | Path]]:
        epmd: list[str | Path] = [self._epmd_program, "-port", str(self._epmd), "-address", "127.0.0.1"]
        return [epmd, [self._server() / "sbin" / "rabbitmq-server"]]


def _hash(password: str) -> str:
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


class Amqtt(Fetched):
    name = "amqtt"
    program = FETCHED / "venv" / "bin" / "amqtt"

    def version(self) -> str:
        return _said([self.program, "--version"]).split()[-1]

    def prepare(self) -> None:
        plugin = "amqtt.plugins.authentication.AnonymousAuthPlugin"
        listener = {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}}
        told = {"listeners": listener, "plugins": {plugin: {"allow_anonymous": True}}}
        (self.folder / "amqtt.yaml").write_text(json.dumps(told))  # JSON is YAML

    def commands(self) -> list[list[str | Path]]:
        return [[self.program, "-c", self.folder / "amqtt.yaml"]]


class Iotcore(Served):
    """As `make demo` runs it."""

    name = "iotcore"
    _broker: DemoBroker | None = None

    def version(self) -> str:
        return version("iotcore")

    def start(self) -> None:
        self._broker = DemoBroker(self.port)
        self._broker.start()

    def kill(self) -> None:
        if self._broker and self._broker._broker:
            child = self._broker._broker._process
            assert child
            child.kill()
            child.wait(5)
        self.stop()

    def stop(self) -> None:
        if self._broker:
            self._broker.stop()
            self._broker = None


CONTENDERS = [Mosquitto, Mosquitto5, MosquittoTls, Nats, RabbitMq, Amqtt, Iotcore]
