"""Throws spoiled files and options at all that `lamplighter` reads: no case may end with exit code 1, "a bug".

Most cases call a reader alone, a share runs whole commands. A case is drawn from its number.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from typing import Any

import tool_commands
import tool_readers

CASES = 600_000
COMMANDS = 100  # one case of so many is a whole command
SLICE = 2_000
CASE_S = 20
MEMORY = Path("/dev/shm")  # files come and go by the million
COMMAND = "command"


class TooLong(BaseException):
    """A case does not end. No `except Exception` may see it."""


def _too_long(_signal: int, _frame: object) -> None:
    raise TooLong


def one(name: str, readers: tool_readers.Readers, commands: tool_commands.Commands, case: int) -> tuple[bool, str]:
    """(accepted, what is unexpected)."""
    rng = Random(f"{name} {case}")
    try:
        if name == COMMAND:
            code, said = commands.case(rng)
            wrong = code == 1 or isinstance(code, str) or "Traceback" in said
            return code == 0, f"exit code {code}: {said[-300:]}" if wrong else ""
        getattr(readers, name)(rng)
    except tool_readers.REFUSALS as refused:
        return False, f"{refused!r} has exit code 1" if refused.exit_code == 1 else ""
    except TooLong:
        return False, f"took more than {CASE_S} s"
    except Exception:  # noqa: BLE001 -- whatever it is, it is what is looked for
        return False, traceback.format_exc()[-600:]
    return True, ""


def _slice(job: tuple[str, int, int]) -> dict[str, Any]:
    name, first, last = job
    began, passed, unexpected, notes = time.monotonic(), 0, 0, []
    signal.signal(signal.SIGALRM, _too_long)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        furnished, room = Path(folder) / "furnished", Path(folder) / "room"
        for each in (furnished, room):
            each.mkdir()
        tool_readers.furnish(furnished)
        os.environ["SECRET"] = "street-secret"
        readers, commands = tool_readers.Readers(furnished), tool_commands.Commands(furnished, room)
        for case in range(first, last):
            signal.setitimer(signal.ITIMER_REAL, CASE_S)
            accepted, wrong = one(name, readers, commands, case)
            passed += accepted
            if wrong:
                unexpected += 1
                if len(notes) < 5:
                    notes.append(f"{name} case {case}: {wrong}")
        signal.setitimer(signal.ITIMER_REAL, 0)
    return {"name": name, "cases": last - first, "passed": passed, "unexpected": unexpected, "notes": notes,
            "seconds": time.monotonic() - began}  # fmt: skip


def shares(count: int) -> dict[str, int]:
    of_readers = count - count // COMMANDS
    whole = sum(tool_readers.SHARES.values())
    found = {name: max(1, of_readers * share // whole) for name, share in tool_readers.SHARES.items()}
    return {COMMAND: count - sum(found.values()), **found}


def fuzz(count: int = CASES, processes: int = 0, offset: int = 0, tell=lambda text: None) -> dict[str, Any]:
    """{"targets": {name: {"cases", "passed", "unexpected", "seconds"}}, "notes", "seconds", "processes"}."""
    jobs = []
    for name, of in shares(count).items():
        size = SLICE // 20 if name == COMMAND else SLICE
        jobs += [(name, at, min(at + size, offset + of)) for at in range(offset, offset + of, size)]
    rows: dict[str, dict[str, Any]] = {}
    notes: list[str] = []
    processes = processes or os.cpu_count() or 1
    began = time.monotonic()
    # each begins anew: what a test's own process has loaded or holds open must not come along
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=20) as pool:
        for part in pool.imap_unordered(_slice, jobs):
            row = rows.setdefault(part["name"], dict.fromkeys(("cases", "passed", "unexpected", "seconds"), 0))
            for key in row:
                row[key] += part[key]
            notes += part["notes"]
            tell(f"{sum(row['cases'] for row in rows.values()):,} cases")
    return {"targets": rows, "notes": notes, "seconds": time.monotonic() - began, "processes": processes}


def total(figures: dict[str, Any]) -> tuple[int, int]:
    """(cases, unexpected)."""
    rows = figures["targets"].values()
    return sum(row["cases"] for row in rows), sum(row["unexpected"] for row in rows)


def table(figures: dict[str, Any]) -> str:
    rows = ["the tool        cases  accepted  cases/s"]
    for name, row in sorted(figures["targets"].items()):
        rows.append(
            f"{name:<12} {row['cases']:>8,} {row['passed']:>9,} {row['cases'] / max(row['seconds'], 1e-9):>8,.0f}"
        )
    cases, unexpected = total(figures)
    rows += figures["notes"][:20]
    rows.append(f"{figures['seconds']:.0f} s on {figures['processes']} processors")
    rows.append(f"fuzz of the tool: {cases} cases, {unexpected} with exit code 1 or without an end")
    return "\n".join(rows)
