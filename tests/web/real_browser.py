"""A real Chromium, driven by Selenium: opens a page, waits for what a person would see, and hears its console."""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
DRIVER = shutil.which("chromedriver") or ""
DESKTOP, PHONE = (1440, 900), (360, 780)


class Browser:
    """`with Browser() as browser:`; see() and until() wait, so that a busy machine only takes longer."""

    def __init__(self, size: tuple[int, int] = DESKTOP, dark: bool = False, scale: float = 1.0) -> None:
        options = Options()
        options.binary_location = CHROMIUM
        for word in (
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
            "--no-first-run", "--disable-background-networking", "--ignore-certificate-errors",
        ):  # fmt: skip
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, Service(DRIVER))
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": scale, "mobile": size[0] < 600}
        self.cdp("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = "dark" if dark else "light"
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def cdp(self, command: str, **parameters: Any) -> dict[str, Any]:
        return self.driver.execute_cdp_cmd(command, parameters)

    def open(self, address: str) -> None:
        self.driver.get(address)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def count(self, selector: str) -> int:
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def text(self, selector: str) -> str:
        """What a person reads there; empty where nothing is."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText).join('\\n')"
        return self.run(script, selector)

    def click(self, selector: str) -> None:
        def clicked() -> bool:
            found = self.all(selector)
            if found:
                found[0].click()
            return bool(found)

        self.until(clicked, f"{selector} to click on")

    def type(self, selector: str, *keys: str) -> None:
        self.all(selector)[0].send_keys(*keys)

    def press(self, key: str) -> None:
        """A key, where the keyboard is."""
        self.cdp("Input.dispatchKeyEvent", type="keyDown", key=key)
        self.cdp("Input.dispatchKeyEvent", type="keyUp", key=key)

    def until(self, true: Callable[[], Any], what: str = "", seconds: float = 30) -> Any:
        """Wait until true() is; its value."""
        end = time.monotonic() + seconds
        while True:
            try:
                if found := true():
                    return found
            except StaleElementReferenceException:
                pass
            said = f"not seen in {seconds:g} s: {what or true}; the page says: "
            assert time.monotonic() < end, said + self.text("body")
            time.sleep(0.05)

    def see(self, words: str, selector: str = "body", seconds: float = 30) -> None:
        """Wait until a person reads these words there."""
        self.until(lambda: words in self.text(selector), f"{words!r} in {selector}", seconds)

    def state(self, node: str) -> str | None:
        """data-state of the lamppost SITE/NODE; None where it is not on the page."""
        found = self.all(f'[data-node="{node}"]')
        return found[0].get_attribute("data-state") if found else None

    def console(self) -> list[str]:
        """What the browser complained of since the last call."""
        return [row["message"] for row in self.driver.get_log("browser") if row["level"] in ("SEVERE", "WARNING")]

    def picture(self, file: Path) -> None:
        """What is on the screen, in the format that the file's name ends with: png or webp."""
        kind = {"format": "webp", "quality": 90} if file.suffix == ".webp" else {"format": "png"}
        file.write_bytes(base64.b64decode(self.cdp("Page.captureScreenshot", **kind)["data"]))
