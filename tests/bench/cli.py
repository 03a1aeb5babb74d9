"""How quickly `lamplighter` answers where no device is touched: nobody waits at a pole for an import."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LIMIT_MS = {"--help": 250.0, "roster check street.csv": 1500.0}  # two hundred rows; every other command OTHERS_MS
OTHERS_MS = 400.0
TIMES = 7
ROWS = 200  # of the roster that is checked
BOARD = "lamppost-esp32"


def commands(folder: Path) -> list[list[str]]:
    """Those that touch no device: help of each verb, and what they do with files alone."""
    from lamplighter.cli import VERBS

    page = (Path(__file__).resolve().parents[2] / "docs/reference/configuration.md").read_text(encoding="utf-8")
    example = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert example
    file = folder / "lp-0042.json"
    file.write_text(example[1], encoding="utf-8")
    rows = [f"LP-{n:04d},lisbon,lp-{n:04d},38.7,-9.14,{BOARD},city,$LAMP_WIFI,broker.lan" for n in range(1, ROWS + 1)]
    roster = folder / "street.csv"
    roster.write_text("\n".join(["asset,site,node,lat,lon,board,wifi,wifi_password,broker", *rows]), encoding="utf-8")
    return [
        ["--help"], *([verb, "--help"] for verb in VERBS),
        ["list", "--no-ask"], ["doctor"], ["completion", "bash"],
        ["configure", "--dry-run", "--board", BOARD, str(file)],
        ["roster", "check", str(roster)],
        ["decode", "tfmini", "595980 0C 6E 03 00 08 D0".replace(" ", "")],
    ]  # fmt: skip


def _once(words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from lamplighter.cli import main; main()", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return 1000 * (time.perf_counter() - began)


def measure() -> dict[str, Any]:
    """command -> {"best_ms", "median_ms", "limit_ms"}; beside it what Python alone takes, in the same run."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for words in commands(Path(folder)):
            times = [_once(words) for _ in range(TIMES)]
            name = " ".join(word if "/" not in word else Path(word).name for word in words)
            found[name] = {
                "best_ms": round(min(times), 1), "median_ms": round(statistics.median(times), 1),
                "limit_ms": LIMIT_MS.get(name, OTHERS_MS),
            }  # fmt: skip
    bare = [_bare() for _ in range(TIMES)]
    return {"python_ms": round(min(bare), 1), "commands": found}


def _bare() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"])
    return 1000 * (time.perf_counter() - began)


def lines(figures: dict[str, Any]) -> list[str]:
    said = [f"Commands that touch no device, {TIMES} runs each (Python alone: {figures['python_ms']:.0f} ms)",
            f"  {'command':58}{'best':>8}{'median':>9}{'limit':>8}"]  # fmt: skip
    for name, row in figures["commands"].items():
        late = "" if row["best_ms"] <= row["limit_ms"] else "  LATE"
        said.append(f"  {name:58}{row['best_ms']:5.0f} ms{row['median_ms']:6.0f} ms{row['limit_ms']:5.0f} ms{late}")
    return said


if __name__ == "__main__":
    figures = measure()
    print("\n".join(lines(figures)))
    print(json.dumps(figures))
