"""pytest on lampposts: options, fixtures and reports. Comes with the package, and loads nothing until it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .bench_file import Place
    from .lampposts import CablePost, Post
    from .measurements import Measured
    from .power import Power
    from .wiring import Wiring

DEAD_IN_A_ROW = 3  # after so many nobody will answer: the run ends instead of waiting for each test's time-out
PLACES = pytest.StashKey[list["Place"]]()
LISTENED = pytest.StashKey[list[tuple[Any, int]]]()
_LOG_LINES = 60


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lamppost", "lampposts to test on (docs/reference/hil.md)")
    group.addoption("--node", action="append", default=[], metavar="virtual|PORT|rfc2217://HOST:PORT",
                    help="port of a lamppost; repeat for several. [default: one virtual lamppost]")  # fmt: skip
    group.addoption("--bench", metavar="FILE", help="bench file that lists the lampposts")
    group.addoption("--place", metavar="NAME", help="test only this place of the bench file")
    group.addoption("--board", default="lamppost-esp32", metavar="NAME", help="board of --node (lamppost-esp32)")
    group.addoption("--broker", metavar="HOST:PORT", help="address of this computer for lampposts on a cable")
    group.addoption("--ssid", default="lamplighter", help="its WiFi; the password comes from LAMPLIGHTER_WIFI_PASSWORD")
    group.addoption("--bench-report", metavar="FILE", help="write one self-contained HTML page")
    group.addoption("--bench-json", metavar="FILE", help="write outcomes and measured values as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual_only: steers power, network or parts, which a cable cannot")
    config.addinivalue_line("markers", "real_time: a tool talks to the node: their times pass alike")
    if config.getoption("--node") or config.getoption("--bench"):
        places(config)
    if config.getoption("--bench-report") or config.getoption("--bench-json"):
        from .report import Report

        config.pluginmanager.register(Report(config, places(config)[0]), "lamppost-report")


def places(config: pytest.Config) -> list[Place]:
    """The lampposts that the options name; raises all errors at once as pytest's usage error."""
    if PLACES not in config.stash:
        from ..problems import Problem
        from . import bench_file

        try:
            config.stash[PLACES] = _places(config, bench_file)
        except Problem as trouble:
            raise pytest.UsageError("\n".join([*trouble.details, trouble.cause, trouble.remedy])) from None
    return config.stash[PLACES]


def _places(config: pytest.Config, bench_file: Any) -> list[Place]:
    from ..problems import BenchInvalid, Problem

    options = config.option
    if options.bench:
        if options.node:
            raise BenchInvalid("--node and --bench exclude each other.", "Add the lamppost to the bench file.")
        found = bench_file.load(Path(options.bench))
        chosen = [place for place in found if options.place in (None, place.name)]
        if not chosen:
            names = ", ".join(place.name for place in found)
            raise BenchInvalid(f"The bench has no place {options.place}.", f"It has {names}.")
        return chosen
    found, faults = [], []
    for port in options.node or [bench_file.VIRTUAL]:
        try:
            found.append(bench_file.named(port, options.board, options.broker, options.ssid))
        except Problem as trouble:
            faults.append(trouble)
    if faults:
        raise BenchInvalid(f"{len(faults)} of the lampposts cannot be used.", faults[0].remedy,
                           [trouble.cause for trouble in faults])  # fmt: skip
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    option = config.option
    if option.help or option.version or not (option.bench or len(option.node) > 1) or len(places(config)) < 2:
        return None
    from . import board_processes

    return board_processes.run(config, places(config))


# fixtures


@pytest.fixture(scope="session")
def bench_place(pytestconfig: pytest.Config) -> Place:
    """The lamppost of this run: name, port, board, limits. Several have a process each."""
    return places(pytestconfig)[0]


@pytest.fixture(scope="session")
def wiring(bench_place: Place) -> Wiring:
    """wiring.pin("lamp_relay"): what is where, so that no test names a pin."""
    return bench_place.wiring


@pytest.fixture(scope="session")
def bench_document(bench_place: Place) -> Callable[..., dict[str, Any]]:
    """bench_document(**changes) -> the configuration that a clean node has, changed."""
    from ..boards import board_file
    from . import memory_of_ports

    return lambda **changes: memory_of_ports.document(bench_place, board_file.load(bench_place.board), **changes)


@pytest.fixture(scope="session")
def _prepared(bench_place: Place, bench_document: Callable[..., dict[str, Any]], tmp_path_factory: Any) -> Path:
    """The flash of a virtual lamppost that has been brought to the known state, to be copied."""
    from . import memory_of_ports
    from .lampposts import VirtualPost

    folder = tmp_path_factory.mktemp("prepared")
    post = VirtualPost(bench_place.board, folder)
    with post.lamp:
        memory_of_ports.bring(post, bench_document())
    return folder / "flash.bin"


@pytest.fixture(scope="session")
def _cable(bench_place: Place, bench_document: Any, pytestconfig: pytest.Config) -> Iterator[CablePost]:
    from . import memory_of_ports, power
    from .lampposts import CablePost

    ask = power.at_the_terminal(pytestconfig.pluginmanager.getplugin("capturemanager"))
    post = CablePost(bench_place.board, bench_place.port, power.of(bench_place.power, bench_place.name, ask))
    post.open()
    try:
        memory_of_ports.bring(post, bench_document(), bench_place.simulated)
        yield post
    finally:
        post.close()


@pytest.fixture(scope="session")
def lamppost(request: pytest.FixtureRequest, bench_place: Place, tmp_path_factory: Any) -> Iterator[Post]:
    """The lamppost, brought to the known state once and left to the tests of the session as each leaves it."""
    if not bench_place.virtual:
        yield request.getfixturevalue("_cable")
        return
    with _virtual(request, bench_place, tmp_path_factory.mktemp("lamppost")) as post:
        yield post


@pytest.fixture
def node(request: pytest.FixtureRequest, bench_place: Place, tmp_path: Path) -> Iterator[Post]:
    """A clean lamppost for this test: firmware and configuration of the bench, just started."""
    if bench_place.virtual:
        with _virtual(request, bench_place, tmp_path / "lamppost") as post:
            listen(request.node, post)
            yield post
        return
    from . import memory_of_ports

    post = request.getfixturevalue("_cable")
    listen(request.node, post)
    memory_of_ports.bring(post, request.getfixturevalue("bench_document")(), bench_place.simulated)
    yield post


def _virtual(request: pytest.FixtureRequest, place: Place, folder: Path) -> Any:
    import contextlib
    import shutil

    from .lampposts import VirtualPost

    @contextlib.contextmanager
    def started() -> Iterator[VirtualPost]:
        folder.mkdir(exist_ok=True)
        shutil.copyfile(request.getfixturevalue("_prepared"), folder / "flash.bin")
        post = VirtualPost(place.board, folder)
        with post.lamp:
            yield post

    return started()


@pytest.fixture
def power(node: Post) -> Power:
    """power.off(), power.on(): by relay, by hand, or of a virtual lamppost; skipped where nothing can switch it."""
    from .lampposts import Switch

    return Switch(node)


@pytest.fixture
def measured(request: pytest.FixtureRequest, bench_place: Place) -> Measured:
    """measured("lamp.current", 0.43, "A", low=0.4, high=0.5): in all reports, and a failure where it is outside."""
    from .measurements import Measured

    return Measured(request.node, bench_place.limits)


# what a failure shows, and when to give up


def listen(item: Any, post: Post) -> None:
    """Show what this lamppost says during the test, should it fail."""
    item.stash.setdefault(LISTENED, []).append((post.console, len(post.console.text)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report: pytest.TestReport = yield
    if report.failed:
        for console, start in item.stash.get(LISTENED, []):
            report.sections.append(("what the lamppost said", _said(console.text[start:])))
    _count_dead(item, call, report)
    return report


def _said(text: str) -> str:
    return "\n".join(text.replace("\r", "").splitlines()[-_LOG_LINES:])


_DEAD = pytest.StashKey[int]()


def _count_dead(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    stash = item.config.stash
    if report.failed and call.excinfo and _is_dead(call.excinfo.value):
        stash[_DEAD] = stash.get(_DEAD, 0) + 1
        if stash[_DEAD] == DEAD_IN_A_ROW:
            item.session.shouldstop = f"the lamppost did not answer {DEAD_IN_A_ROW} times in a row"
    elif report.when == "call":
        stash[_DEAD] = 0


def _is_dead(error: BaseException) -> bool:
    from .. import problems

    dead = (problems.PortAbsent, problems.PortBusy, problems.NodeSilent, problems.CablePulled, problems.WrongBootMode)
    return isinstance(error, dead)
