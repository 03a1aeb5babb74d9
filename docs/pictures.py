"""`make pictures`: the pictures that show a screen, from the demo, a lamppost with six parts and a simulated street."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lamplighter.boards import board_file
from lamplighter.demo.broker import DemoBroker
from lamplighter.image import build
from lamplighter.virtual.lamppost import VirtualLamppost

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures"
SIX = DOCS / "field/six-parts"
TOOL = [sys.executable, "-m", "lamplighter"]


def demo() -> None:
    """Three lampposts of the demo, one plug pulled."""
    subprocess.run([*TOOL, "demo", "--seconds", "45", "--svg", str(PICTURES / "demo.svg")], check=True)


def six_parts() -> None:
    """`lamplighter watch` beside the lamppost of docs/field/six-parts.md, with windows short enough to wait for."""
    document = json.loads((SIX / "lp-0066.json").read_text(encoding="utf-8"))
    document["energy"]["window_s"] = document["light"]["window_s"] = 10
    document["air"]["window_s"] = 20
    board = board_file.load("lamppost-six", SIX)
    with tempfile.TemporaryDirectory() as folder, DemoBroker() as broker:
        lamp = VirtualLamppost(board, workdir=Path(folder) / "lamp")
        lamp.flash_image(build.build(board, build.standin(board)))
        lamp.network.hosts[document["mqtt"]["host"]] = (broker.host, broker.port)
        with lamp:
            lamp.network.ssid = None  # it takes any name and password
            configure = [*TOOL, "configure", "--port", lamp.port, "-"]
            subprocess.run(configure, input=json.dumps(document), text=True, check=True)
            watch = [*TOOL, "watch", "--host", broker.host, "--port", str(broker.port), "--seconds", "45"]
            subprocess.run([*watch, "--svg", str(PICTURES / "six-parts.svg")], check=True)


def programme() -> None:
    """`lamplighter programme show` of the page on programmes."""
    night = ["--night", "2026-12-21", "--lat", "38.72", "--lon", "-9.14", "--tz", "Europe/Lisbon"]
    show = [*TOOL, "programme", "show", str(DOCS / "field/late.json"), *night]
    subprocess.run([*show, "--svg", str(PICTURES / "programme.svg")], check=True)


def reports() -> None:
    """The first screen of two reports on ten days of a simulated street."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        raise SystemExit("pictures: the reports need Chromium: apt-get install chromium")
    days = ["--from", "2026-11-01", "--to", "2026-11-10"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = str(folder / "simulated.duckdb")
        subprocess.run([*TOOL, "report", "simulate", "--store", store, *days], check=True)
        for report, height in (("energy", 1180), ("parking", 1030)):
            words = ["report", report, *days, "--zone", "Europe/Lisbon", "--store", store, "--out", name]
            subprocess.run([*TOOL, *words], check=True)
            picture = PICTURES / f"report-{report}.png"
            subprocess.run(
                [browser, "--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size=1000,{height}",
                 f"--screenshot={picture}", (folder / f"{report}.html").as_uri()],
                check=True, capture_output=True,
            )  # fmt: skip


if __name__ == "__main__":
    programme()
    demo()
    six_parts()
    reports()
