"""A lamppost, flashed and configured by the real command line once, with a real broker and a subscriber of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hearing import Hearing
from interop.brokers import Mosquitto
from lamplighter.bench import memory_of_ports, power
from lamplighter.bench.bench_file import Place
from lamplighter.bench.lampposts import CablePost, Post, VirtualPost
from lamplighter.bench.plugin import listen, places

FAST = 8  # how much faster than real the time of a virtual lamppost passes, where no tool talks to it


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if places(config)[0].virtual:
        return
    skip = pytest.mark.skip(reason="a cable cannot steer parts, power or network")
    for item in items:
        if item.get_closest_marker("virtual_only"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def virtual(bench_place: Place) -> bool:
    return bench_place.virtual


@pytest.fixture
def broker(bench_place: Place, tmp_path: Path) -> Iterator[Mosquitto]:
    """A real Mosquitto, on loopback unless a lamppost on a cable must reach it."""
    if bench_place.broker:
        host, port = bench_place.broker
        broker = Mosquitto(tmp_path / "broker", host=host, port=port)
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
def document(bench_place: Place) -> Callable[..., dict[str, Any]]:
    """document(board) -> the node's configuration, with windows short enough to wait for."""
    if not bench_place.virtual and not bench_place.broker:
        pytest.exit("A lamppost on a cable needs --broker HOST:PORT, an address of this machine.", 2)
    return lambda board, **changes: memory_of_ports.document(bench_place, board, **changes)


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
    prepared: Callable[[str], Path], broker: Mosquitto, tmp_path: Path, bench_place: Place,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., VirtualPost]]:
    """virtual_post(board, blank=False, on=True, **options of VirtualLamppost); all are stopped at the test's end."""
    posts: list[VirtualPost] = []
    flash = tmp_path / "flash.bin"

    def make(board: str | None = None, blank: bool = False, on: bool = True, **options: Any) -> VirtualPost:
        board = board or bench_place.board
        if not blank and not flash.exists():
            shutil.copyfile(prepared(board), flash)
        post = VirtualPost(board, tmp_path / f"post-{len(posts)}", broker.port, flash=flash, **options)
        posts.append(post)
        listen(request.node, post)
        if on:
            post.lamp.start()
        return post

    yield make
    for post in posts:
        post.lamp.stop()


@pytest.fixture
def node(request: pytest.FixtureRequest, virtual: bool, broker: Mosquitto, heard: Hearing) -> Iterator[Any]:
    """The lamppost at work: prepared, just started, connecting to the broker. A Post."""
    if virtual:
        slow = request.node.get_closest_marker("real_time")
        yield request.getfixturevalue("virtual_post")(speed=None if slow else FAST)
        return
    post = request.getfixturevalue("cable")
    request.getfixturevalue("prepare")(post)  # nothing is written where all is right, and it starts anew
    yield post


@pytest.fixture
def cable(request: pytest.FixtureRequest, bench_place: Place) -> Iterator[CablePost]:
    ask = power.at_the_terminal(request.config.pluginmanager.getplugin("capturemanager"))
    post = CablePost(bench_place.board, bench_place.port, power.of(bench_place.power, bench_place.name, ask))
    post.open()
    listen(request.node, post)
    yield post
    post.close()
