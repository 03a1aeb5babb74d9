"""`make home-assistant-picture`: a lamppost's page in a real Home Assistant, in a real browser."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent / "tests"), str(DOCS.parent / "tests/web")]

from home_assistant.conftest import Street  # noqa: E402
from home_assistant.core_process import CLIENT  # noqa: E402
from real_browser import Browser  # noqa: E402

LAMP, VOLTAGE, AIR = "light.lp_0001_lamp", "sensor.lp_0001_voltage", "sensor.lp_0001_pm2_5"


def main() -> None:
    program = Path(os.environ["LAMPLIGHTER_HASS"])
    with tempfile.TemporaryDirectory() as folder:
        street = Street(Path(folder), program, pages=True)
        try:
            street.start()
            street.core.finish_first_steps()
            known = lambda one: street.core.state(one) not in (None, "unknown", "unavailable")  # noqa: E731
            street.core.until(lambda: all(known(one) for one in (LAMP, VOLTAGE, AIR)), "values of the lamppost", 120)
            street.core.call("light.turn_on", entity_id=LAMP, brightness=179)
            street.core.until(lambda: street.core.state(LAMP) == "on", "the lamp is on")
            photograph(street)
        finally:
            street.stop()


def photograph(street: Street) -> None:
    device = street.core.rendered(f"device_id('{LAMP}')")
    tokens = {**street.core.tokens, "hassUrl": street.core.address, "clientId": CLIENT}
    tokens["expires"] = int(time.time() * 1000) + 1_000_000
    with Browser((1000, 1480)) as browser:
        browser.open(f"{street.core.address}/manifest.json")
        browser.run("localStorage.setItem('hassTokens', arguments[0])", json.dumps(tokens))
        browser.run("localStorage.setItem('dockedSidebar', '\"always_hidden\"')")
        browser.open(f"{street.core.address}/config/devices/device/{device}")
        time.sleep(10)  # its elements hide what they show from a query: nothing to wait for
        browser.picture(DOCS / "pictures" / "home-assistant.webp")


if __name__ == "__main__":
    main()
