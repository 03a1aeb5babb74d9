"""How long each report takes over a simulated month of 1,000 lampposts, beside a plain read of the same rows."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from lamplighter.fleet import month
from lamplighter.store.databases import target

NODES, DAYS = 1000, 30
FIRST, LAST = "2026-11-01", "2026-11-30"
KINDS = {"energy": "tele_energy", "carbon": "tele_energy", "parking": "tele_parking", "air": "tele_air", "street": ""}
BASELINES = """
[retrofit]
kind = "old-lamps"
watts = 72
source = "bench"
[dimming]
kind = "full-power"
watts = 38
standby_w = 0.6
source = "bench"
"""


def measure() -> dict[str, Any]:
    """Seconds of the whole command, from its start to its last file; of the read in a process that is warm.

    cpu_s -- of all its threads: on a computer that is busy with other work, the seconds say little, and these stay
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "month.duckdb"
        database = target(str(path))
        database.open()
        began = time.monotonic()
        records = month.write(database, NODES, date.fromisoformat(FIRST), DAYS)
        wrote = time.monotonic() - began
        database.close()
        (Path(folder) / "street.toml").write_text(BASELINES)
        figures = {}
        for report, kind in KINDS.items():
            more = {
                "energy": ["--baselines", f"{folder}/street.toml"],
                "carbon": ["--factor", "0.2", "--factor-source", "bench"],
            }.get(report, [])
            seconds, cpu = _run(report, path, Path(folder) / "out", more)
            figures[report] = {
                "seconds": round(seconds, 2),
                "cpu_s": round(cpu, 2),
                "ratio_to_read": round(seconds / _read(path, kind), 1),
            }
    return {"records": records, "write_s": round(wrote, 1), "reports": figures}


def _run(report: str, store: Path, out: Path, more: list[str]) -> tuple[float, float]:
    """(seconds, CPU seconds)"""
    words = ["report", report, "--store", store, "--from", FIRST, "--to", LAST, "--out", out, *more]
    began, used = time.monotonic(), _children_s()
    subprocess.run([sys.executable, "-m", "lamplighter", *map(str, words)], check=True, capture_output=True)
    return time.monotonic() - began, _children_s() - used


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read(store: Path, kind: str) -> float:
    where = f"WHERE kind = '{kind}'" if kind else ""
    with target(str(store)).reader() as rows:
        began = time.monotonic()
        list(rows(f"SELECT count(ts), sum(length(CAST(body AS VARCHAR))) FROM record {where}"))
        return time.monotonic() - began


def table(figures: dict[str, Any]) -> str:
    head = f"reports over {figures['records']:,} records of {NODES} simulated lampposts, {DAYS} days"
    rows = [
        f"  {name:<10} {row['seconds']:>6.1f} s   {row['cpu_s']:>5.1f} s of CPU   "
        f"{row['ratio_to_read']:>6.1f} times a plain read of its rows"
        for name, row in figures["reports"].items()
    ]
    return "\n".join([head, *rows])
