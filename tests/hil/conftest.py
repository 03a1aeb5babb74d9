"""A lamppost, flashed and configured by the real command line once, with a real broker and a subscriber of its own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hearing import Hearing
from interop.brokers import Mosquitto
from posts import WIFI, CablePost, Post, VirtualPost

FAST = 8  # how much faster than real the time of a virtual lamppost passes, where no tool talks to it


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--node") == "virtual":
        return
    skip = pytest.mark.skip(reason="a cable cannot steer parts, power or network")
    for item in items:
        if item.get_closest_marker("virtual_only"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def virtual(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--node") == "virtual"


@pytest.fixture
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mosquitto]:
    """A real Mosquitto, on loopback unless a lamppost on a cable must reach it."""
    address: str | None = request.config.getoption("--broker")
    if address:
        host, _, port = address.rpartition(":")
        broker = Mosquitto(tmp_path / "broker", host=host, port=int(port))
    else:
        broker = Mosquitto(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def heard(broker: Mosquitto) -> Iterator[Hearing]:
    hearing = Hearing(broker)
    yield hearing
    hearing.close()


@pytest.fixture(scope="session")
def document(request: pytest.FixtureRequest, virtual: bool) -> Callable[..., dict[str, Any]]:
    """document(board) -> the node's configuration, with windows short enough to wait for."""

    def make(board: Any, **changes: Any) -> dict[str, Any]:
        wifi = dict(WIFI)
        mqtt: dict[str, Any] = {"host": "broker.lan", "keepalive_s": 5, "spread_s": 0, "drain_spread_s": 0}
        if not virtual:
            wifi = {"ssid": str(request.config.getoption("--ssid"))}
            if password := os.environ.get("LAMPLIGHTER_WIFI_PASSWORD"):
                wifi["password"] = password
            address = request.config.getoption("--broker")
            if not address:
                pytest.exit("A lamppost on a cable needs --broker HOST:PORT, an address of this machine.", 2)
            host, _, port = address.rpartition(":")
            mqtt = {**mqtt, "host": host, "port": int(port)}
        return {
            "v": 1, "site": "hil", "node": "lp-hil", "wifi": wifi, "mqtt": mqtt,
            "parts": board.node_document()["fitted"],
            "energy": {"part": "meter", "window_s": 1, "every_ms": 250},
            "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "hold_s": 30, "every_ms": 250}],
            "air": {"parts": ["dust", "climate"], "window_s": 2, "every_ms": 1000},
            **changes,
        }  # fmt: skip

    return make


@pytest.fixture(scope="session")
def configure(document: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """configure(post, **changes): give it the suite's configuration, changed, by the command line."""

    def run(post: Post, **changes: Any) -> None:
        file = tmp_path_factory.mktemp("configuration") / "lp-hil.json"
        file.write_text(json.dumps(document(post.board, **changes), indent=1))
        configured = post.tool("configure", file)
        assert configured.returncode == 0, configured.stderr

    return run


@pytest.fixture(scope="session")
def prepare(configure: Callable[..., None]) -> Callable[[Post], None]:
    """prepare(post): firmware and configuration by the command line, as at the foot of a lamppost."""

    def run(post: Post) -> None:
        flashed = post.tool("flash", "--board", post.board.name)
        assert flashed.returncode == 0, flashed.stderr
        configure(post)

    return run


@pytest.fixture(scope="session")
def prepared(prepare: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """prepared(board) -> the flash of a virtual lamppost that has been prepared, to be copied."""
    ready: dict[str, Path] = {}

    def flash(board: str) -> Path:
        if board not in ready:
            folder = tmp_path_factory.mktemp(board)
            post = VirtualPost(board, folder)
            with post.lamp:
                prepare(post)
            ready[board] = folder / "flash.bin"
        return ready[board]

    return flash


@pytest.fixture
def virtual_post(
    prepared: Callable[[str], Path], broker: Mosquitto, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., VirtualPost]]:
    """virtual_post(board, blank=False, on=True, **options of VirtualLamppost); all are stopped at the test's end."""
    posts: list[VirtualPost] = []
    flash = tmp_path / "flash.bin"

    def make(board: str | None = None, blank: bool = False, on: bool = True, **options: Any) -> VirtualPost:
        board = board or str(request.config.getoption("--board"))
        if not blank and not flash.exists():
            shutil.copyfile(prepared(board), flash)
        post = VirtualPost(board, tmp_path / f"post-{len(posts)}", broker.port, flash=flash, **options)
        posts.append(post)
        if on:
            post.lamp.start()
        return post

    yield make
    for post in posts:
        post.lamp.stop()


@pytest.fixture
def node(request: pytest.FixtureRequest, virtual: bool, broker: Mosquitto, heard: Hearing) -> Iterator[Any]:
    """The lamppost at work: prepared, just started, on its way to the broker. A Post."""
    if virtual:
        slow = request.node.get_closest_marker("real_time")
        yield request.getfixturevalue("virtual_post")(speed=None if slow else FAST)
        return
    post = request.getfixturevalue("cable")
    request.getfixturevalue("prepare")(post)  # nothing is written where all is right, and it starts anew
    yield post


@pytest.fixture
def cable(request: pytest.FixtureRequest) -> Iterator[CablePost]:
    post = CablePost(str(request.config.getoption("--board")), str(request.config.getoption("--node")))
    post.open()
    yield post
    post.close()
