"""Throws cases at every target, in CPython on all processors and in real MicroPython, and counts what is unexpected.

Each case is drawn from its number. Unexpected is every exception but the documented ones, a broken rule, an endless
loop, memory that grows.
"""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.pool
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from lamplighter import paths

paths.importable()
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import cases  # noqa: E402 (needs the firmware to be importable)
import targets  # noqa: E402

MICROPYTHON = Path(sys.executable).parent / "micropython"
CASES = 1_000_000  # of the target with the largest share, MQTT 3.1.1
ON_MICROPYTHON = 20  # one case of so many,
WHOLE = ("sequences",)  # and of these all: what a command does must be proven on the node's own interpreter
SLICE = 20_000
CASE_S = 5  # a case takes less than a thousandth of it
HEAP = "640wK"  # a simulated flash, all captures or all drivers lie in it
GROWN = 4096  # bytes of live heap that may come and go


class TooLong(BaseException):
    """A case does not end. No `except Exception` may see it."""


def _too_long(_signal: int, _frame: object) -> None:
    raise TooLong


def _slice(job: tuple[str, int, int]) -> dict[str, Any]:
    """Some cases in this process, one of a pool."""
    name, first, last = job
    began = time.monotonic()
    case = first - 1

    def guard() -> None:
        nonlocal case
        case += 1
        signal.setitimer(signal.ITIMER_REAL, CASE_S)

    signal.signal(signal.SIGALRM, _too_long)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FUZZ_FOLDER"] = folder
        try:
            done = cases.run(name, first, last, guard)
        except TooLong:
            done = {"cases": case - first + 1, "passed": 0, "unexpected": 1,
                    "notes": [f"{name} case {case}: took more than {CASE_S} s"]}  # fmt: skip
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return {"name": name, "seconds": time.monotonic() - began, **done}


def _on_micropython(name: str, first: int, last: int) -> dict[str, Any]:
    """Some cases in real MicroPython; it says how far it is, so that silence is an endless loop."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [MICROPYTHON, "-X", f"heapsize={HEAP}", HERE / "cases.py", name, str(first), str(last)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "FUZZ_FOLDER": folder},
        )  # fmt: skip
        assert process.stdout
        silence = threading.Timer(0, process.kill)
        said: list[str] = []
        for line in process.stdout:
            silence.cancel()
            silence = threading.Timer(120, process.kill)
            silence.daemon = True
            silence.start()
            said.append(line)
        silence.cancel()
        process.stdout.close()
        code = process.wait()
    try:
        done = json.loads(said[-1])
    except (ValueError, IndexError):
        wrong = f"{name} in MicroPython ended with {code}: {''.join(said[-6:])}"
        done = {"cases": 0, "passed": 0, "unexpected": 1, "notes": [wrong], "grown": 0, "per_s": 0}
    if done["grown"] > GROWN:
        done["unexpected"] += 1
        done["notes"].append(f"{name} in MicroPython: {done['grown']} bytes of heap more after {done['cases']} cases")
    return {"name": name, **done}


def fuzz(count: int = CASES, processes: int = 0, names: tuple[str, ...] = (), offset: int = 0, tell=lambda text: None):
    """{target: {"cases", "passed", "unexpected", "per_s", "micropython": {...}}}, and {"notes": [...]}.

    count -- cases of the largest target; offset -- number of the first, to fuzz what was not fuzzed before
    """
    chosen = {name: max(1, count * targets.TARGETS[name][1] // 1000) for name in names or targets.TARGETS}
    jobs = []
    for name, of in chosen.items():
        size = max(1, SLICE * targets.TARGETS[name][1] // 1000)
        jobs += [(name, at, min(at + size, offset + of)) for at in range(offset, offset + of, size)]
    figures: dict[str, dict[str, Any]] = {
        name: {"cases": 0, "passed": 0, "unexpected": 0, "seconds": 0.0} for name in chosen
    }
    notes: list[str] = []
    processes = processes or os.cpu_count() or 1
    began = time.monotonic()
    with multiprocessing.Pool(processes) as pool:
        for part in pool.imap_unordered(_slice, jobs):
            row = figures[part["name"]]
            for key in ("cases", "passed", "unexpected", "seconds"):
                row[key] += part[key]
            notes += part["notes"]
            tell(f"{sum(row['cases'] for row in figures.values()):,} cases")
    with multiprocessing.pool.ThreadPool(processes) as threads:
        # other cases than those above
        start = offset + count
        jobs = [(name, start, start + _there(name, of)) for name, of in chosen.items()]
        for part in threads.imap_unordered(lambda job: _on_micropython(*job), jobs):
            figures[part["name"]]["micropython"] = part
            notes += part["notes"]
            tell(f"{part['name']} in MicroPython")
    for row in figures.values():
        row["per_s"] = round(row["cases"] / row["seconds"]) if row["seconds"] else 0
    return {"targets": figures, "notes": notes, "seconds": time.monotonic() - began, "processes": processes}


def _there(name: str, of: int) -> int:
    """How many of a target's cases run in MicroPython."""
    return of if name in WHOLE else max(min(of, 300), of // ON_MICROPYTHON)


def total(figures: dict[str, Any]) -> tuple[int, int]:
    """(cases, unexpected) of both interpreters."""
    rows = list(figures["targets"].values())
    both = rows + [row["micropython"] for row in rows]
    return sum(row["cases"] for row in both), sum(row["unexpected"] for row in both)


def table(figures: dict[str, Any]) -> str:
    rows = ["             cases  accepted  cases/s | in MicroPython: cases  cases/s  heap grown, bytes"]
    for name, row in figures["targets"].items():
        there = row["micropython"]
        rows.append(
            f"{name:<10} {row['cases']:>9,} {row['passed']:>9,} {row['per_s']:>8,} | {there['cases']:>20,}"
            f" {there['per_s']:>8,} {there['grown']:>18,}"
        )
    cases_, unexpected = total(figures)
    rows += figures["notes"][:20]
    per_s = cases_ / figures["seconds"]
    rows.append(f"{figures['seconds']:.0f} s, {per_s:,.0f} cases/s on {figures['processes']} processors")
    rows.append(f"fuzz: {cases_} cases, {unexpected} unexpected")
    return "\n".join(rows)
