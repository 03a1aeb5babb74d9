"""The demo's street in a browser: a page on 127.0.0.1 that is opened where this computer has a screen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..contract import ROOT
from ..telemetry.subscriber import Subscriber
from ..web import browser
from ..web.web_access import WebAccess
from ..web.web_app import WebApp
from ..web.web_server import WebServer


@contextlib.contextmanager
def served(broker_host: str, broker_port: int) -> Iterator[str]:
    """`with served(...) as address:`; the page ends with the block."""
    access = WebAccess()
    with Subscriber(broker_host, broker_port, [f"{ROOT}/#"]) as subscriber:
        page = WebApp(subscriber, access)
        with WebServer(page.app, "127.0.0.1", 0, access, page.stop) as server:
            browser.show(server.address)
            yield server.address
