"""A street with one virtual lamppost, a Mosquitto, the bridge, and a real Home Assistant core that reads all of it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench.node import Flash
from home_assistant.core_process import Core
from home_assistant.paper import Paper
from home_assistant.run_page import automations
from interop.brokers import Mosquitto, Subscriber, free_port
from lamplighter.boards import board_file
from lamplighter.demo import demo_street
from lamplighter.virtual.lamppost import VirtualLamppost

PROGRAM = os.environ.get("LAMPLIGHTER_HASS")
LOG = Path(__file__).parents[2] / "build" / "home-assistant.log"
CITY, NODE = "lisbon", "lp-0001"
_TOOL = [sys.executable, "-m", "lamplighter"]


class Street:
    """broker, lamp, core, heard: everything on its own folder, ports and processes."""

    def __init__(self, folder: Path, program: Path, pages: bool = False) -> None:
        board = board_file.load(demo_street.CITIES[CITY])
        self.config = demo_street.configuration(CITY, NODE, board)
        del self.config["mqtt"]["version"]  # this broker speaks MQTT 5.0
        self._folder = folder
        self.broker = Mosquitto(folder / "broker")
        # its parts with their recorded series; what happens to it is the tests' to decide
        scenario = dataclasses.replace(demo_street.scenario(CITY, board.name), events=[])
        self.lamp = VirtualLamppost(board, workdir=folder / "lamp", scenario=scenario)
        self.lamp.flash_image(Flash(board, self.config).segments)
        self.lamp.network.hosts[demo_street.BROKER] = ("127.0.0.1", self.broker.port)
        self.core = Core(program, folder / "core", self.broker.port, free_port(), pages, automations())
        self._bridge: subprocess.Popen[bytes] | None = None
        self._heard: Subscriber | None = None

    @property
    def heard(self) -> Subscriber:
        assert self._heard
        return self._heard

    def start(self) -> None:
        self.began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.broker.start()
        self._heard = Subscriber(self.broker.port, "#")
        self.begin_bridge()
        self.lamp.start()
        self.core.start()

    def stop(self) -> None:
        self.core.stop()
        self.lamp.stop()
        self.end_bridge()
        if self._heard is not None:
            self._heard.close()
        self.broker.stop()

    def paper(self, site: str, node: str, boot: int = 7) -> Paper:
        """A lamppost of which the tests publish every message."""
        return Paper(lambda topic, payload, retain: self.heard.publish(topic, payload, retain=retain), site, node, boot)

    def begin_bridge(self) -> None:
        command = [*_TOOL, "bridge", "home-assistant", *self._at_broker]
        self._bridge = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def end_bridge(self) -> None:
        bridge, self._bridge = self._bridge, None
        if bridge is not None:
            bridge.terminate()
            bridge.wait(20)

    def configure(self) -> None:
        """Give the lamppost its configuration as `config` is now, by the cable."""
        file = self._folder / "config.json"
        file.write_text(json.dumps(self.config))
        _run("configure", "--port", self.lamp.port, str(file))

    def tool(self, *words: str) -> None:
        """A command of the tool at this street's broker."""
        _run(*words, *self._at_broker)

    @property
    def _at_broker(self) -> list[str]:
        return ["--host", "127.0.0.1", "--port", str(self.broker.port)]


def _run(*words: str) -> None:
    done = subprocess.run([*_TOOL, *words], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr


PASSED: list[str] = []  # names of tests


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        PASSED.append(report.nodeid.rpartition("::")[2])


@pytest.fixture
def passed() -> list[str]:
    """The tests before this one."""
    return PASSED


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    if not PROGRAM:
        pytest.skip("needs a Home Assistant core: `make home-assistant` installs one and runs these tests")
    street = Street(tmp_path_factory.mktemp("street"), Path(PROGRAM))
    try:
        street.start()
        yield street
    finally:
        street.stop()
        LOG.parent.mkdir(exist_ok=True)
        LOG.write_text("\n".join(street.core.log()) + "\n")
