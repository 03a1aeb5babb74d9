"""A street at a real Mosquitto, `lamplighter web` as a process, and a real browser."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / "interop")]

from brokers import Mosquitto  # noqa: E402
from made_street import MadeStreet  # noqa: E402
from page_process import PageProcess  # noqa: E402
from real_browser import CHROMIUM, DRIVER, Browser  # noqa: E402


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path / "broker", survives_kill=False)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def street(broker):
    street = MadeStreet(broker.port)
    yield street
    street.close()


@pytest.fixture
def web(broker):
    """web(*options) -> a PageProcess; all that were started are ended."""
    pages: list[PageProcess] = []

    def _web(*options: str, **more) -> PageProcess:
        pages.append(PageProcess("--host", "127.0.0.1", "--port", str(broker.port), *options, **more))
        return pages[-1]

    yield _web
    for page in pages:
        page.close()


@pytest.fixture(scope="session")
def chromium():
    if not (CHROMIUM and DRIVER):
        pytest.skip("no Chromium with its driver here: apt-get install chromium chromium-driver")
    with Browser() as browser:
        yield browser


@pytest.fixture
def browser(chromium):
    """A browser whose console must be empty at the end of the test."""
    chromium.run("try { localStorage.clear() } catch {}")
    chromium.console()
    yield chromium
    assert chromium.console() == []
    chromium.open("about:blank")
