"""`make pictures`: the pages in a real browser, beside a made street: desktop, dark, phone, one lamppost, the steps."""

from __future__ import annotations

import contextlib
import math
import sys
import tempfile
import time
from pathlib import Path

from lamplighter.web.steps_page import StepsPage

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures"
sys.path[:0] = [str(DOCS.parent / "tests/web"), str(DOCS.parent / "tests/interop")]

from brokers import Mosquitto  # noqa: E402
from made_street import MadeStreet  # noqa: E402
from page_process import PageProcess  # noqa: E402
from real_browser import DESKTOP, PHONE, Browser  # noqa: E402

STREET = [f"lisbon/lp-{number:04d}" for number in range(1, 53)]
SHOWN = STREET[11]  # with three bays and an alarm
VIEWS = (
    ("street", DESKTOP, False, "street"), ("dark", DESKTOP, True, "street"),
    ("lamppost", DESKTOP, False, f"lamppost/{SHOWN}"), ("phone", PHONE, False, "street"),
)  # fmt: skip


def street() -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ends:
        broker = Mosquitto(Path(folder) / "broker", survives_kill=False)
        broker.start()
        ends.callback(broker.stop)
        made = MadeStreet(broker.port)
        ends.callback(made.close)
        page = PageProcess("--host", "127.0.0.1", "--port", str(broker.port))
        ends.callback(page.close)
        made.whole(STREET)
        evening(made)
        for name, size, dark, view in VIEWS:
            with Browser(size, dark, scale=1.5 if size == PHONE else 1) as browser:
                browser.open(f"{page.address}#/{view}")
                browser.until(lambda browser=browser: browser.count("[data-node]") == len(STREET), "the street")
                browser.see("live", "#link")
                time.sleep(2)  # the figures are drawn a moment after the plan
                browser.picture(PICTURES / f"web-{name}.webp")


def evening(made: MadeStreet) -> None:
    """The last minutes of one lamppost."""
    for moment in range(80):
        made.energy(SHOWN, 74 + 9 * math.sin(moment / 9) + moment % 3)
        made.air(SHOWN, 11 + 4 * math.sin(moment / 14), 2, 16 + moment / 60)
        made.light(SHOWN, 4 + 3 * math.cos(moment / 11))
        time.sleep(0.05)
    made.diag(SHOWN)


def steps() -> None:
    """`lamplighter commission --web` in the middle of a commissioning."""
    names = ["supply", "flash", "register", "identity", "configuration", "self-test", "lock", "broker"]
    with StepsPage("LP-0018 · lisbon/lp-0018", names, "127.0.0.1") as page, Browser(PHONE, scale=1.5) as browser:
        browser.open(page.address)
        for number in range(1, 7):
            page.begin(number)
        page.say("meter: 230.4 V, 61.5 W")
        browser.see("61.5 W")
        browser.picture(PICTURES / "web-steps.webp")


if __name__ == "__main__":
    street()
    steps()
