"""Lampposts unplugged at a random moment of commissioning; the same command must finish each.

python tests/bench/unplugged.py [COUNT] [--seed N] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / name) for name in ("host", "interop")]

from guarded_street import GuardedStreet  # noqa: E402

AT_ONCE = 2
ADVANCE_S = 0.3  # before that the command has not begun
BEGINNING = "looking"
STEP = re.compile(r"\d+/\d+ [a-z-]+")


@dataclass
class Unplugged:
    """What became of one lamppost."""

    asset: str
    step: str  # in which it was unplugged
    after_s: float  # since that step began
    code: int = 0  # the exit code of the interrupted command
    recovered: bool = False
    again_s: float = 0.0
    said: list[str] = field(default_factory=list)  # where it did not recover


class Command:
    """`lamplighter commission` of one asset, heard while it runs; steps -- [(title, seconds after the start)]."""

    def __init__(self, street: GuardedStreet, asset: str, at: Callable[[str], None] = lambda title: None) -> None:
        words = ("commission", asset, "--roster", "street.csv", "--engineer", "crew-1", "--yes", "--port", asset)
        self.said: list[str] = []
        self.steps: list[tuple[str, float]] = []
        started = time.monotonic()
        with subprocess.Popen(
            street.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, cwd=street.folder, env=street.environment,
        ) as process:  # fmt: skip
            assert process.stderr
            for line in process.stderr:
                self.said.append(line.rstrip())
                if title := STEP.match(line):
                    self.steps.append((title[0], time.monotonic() - started))
                    at(title[0])
        self.code, self.took = process.returncode, time.monotonic() - started
        assert not any("Traceback" in line for line in self.said), self.said


def unplug(street: GuardedStreet, asset: str, step: str, after_s: float) -> Unplugged:
    """Pull cable and plug so long after a step's start, put both back, and run the same command again."""
    found = Unplugged(asset, step, round(after_s, 2))
    lamp = street.lamp(asset)
    pulled = threading.Timer(after_s, lamp.stop)
    if step == BEGINNING:
        pulled.start()
    first = Command(street, asset, lambda title: pulled.start() if title == step and not pulled.ident else None)
    if pulled.ident:
        pulled.join()
    else:
        lamp.stop()
    found.code = first.code
    lamp = street.lamp(asset)
    again = Command(street, asset)
    lamp.stop()
    found.again_s = round(again.took, 1)
    row = street.results()[asset]
    proven = again.code == 0 and street.tool("verify", row["record"]).returncode == 0
    found.recovered = proven and row["state"] == "commissioned" and first.code != 1
    if not found.recovered:
        found.said = [*first.said[-4:], f"-- again, exit code {again.code}:", *again.said[-4:]]
    return found


def moments(street: GuardedStreet, count: int, rng: random.Random) -> tuple[float, list[tuple[str, float]]]:
    """(seconds of a commissioning that nobody interrupts, [(step, seconds after its start)] spread evenly over it)."""
    lamp = street.lamp("LP-0001")
    done = Command(street, "LP-0001")
    lamp.stop()
    assert done.code == 0, done.said
    steps = [(BEGINNING, 0.0), *done.steps]
    chosen = []
    for _ in range(count):
        at = rng.uniform(ADVANCE_S, done.took)
        title, began = [one for one in steps if one[1] <= at][-1]
        chosen.append((title, at - began))
    return done.took, chosen


def run(count: int, seed: int, at_once: int = AT_ONCE) -> dict[str, Any]:
    """Figures: seconds of an uninterrupted one, how many recovered, where they were interrupted."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="unplugged-") as folder:
        street = GuardedStreet(Path(folder), count + 1)
        street.broker.start()
        try:
            took, chosen = moments(street, count, rng)
            work = [(f"LP-{n:04d}", *moment) for n, moment in enumerate(chosen, 2)]
            with ThreadPoolExecutor(at_once) as pool:
                found = list(pool.map(lambda each: unplug(street, *each), work))
        finally:
            street.close()
    return {
        "commission_s": round(took, 1), "unplugged": count, "seed": seed,
        "recovered": sum(one.recovered for one in found),
        "steps": dict(sorted(Counter(one.step for one in found).items())),
        "codes": dict(sorted(Counter(one.code for one in found).items())),
        "again_s": sorted(one.again_s for one in found)[count // 2],
        "lost": [asdict(one) for one in found if not one.recovered],
    }  # fmt: skip


def lines(figures: dict[str, Any]) -> list[str]:
    said = [
        f"commissioning a virtual lamppost with MicroPython on it: {figures['commission_s']} s (to reach: 60)",
        f"unplugged at a random moment: {figures['recovered']} of {figures['unplugged']} recovered by the same command "
        f"in {figures['again_s']} s (median; seed {figures['seed']})",
        "interrupted in: " + ", ".join(f"{step} {count}" for step, count in figures["steps"].items()),
    ]
    for one in figures["lost"]:
        said.append(f"LOST {one['asset']} after {one['after_s']} s in {one['step']}:")
        said += [f"  {line}" for line in one["said"]]
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = run(options.count, options.seed)
    print(json.dumps(figures) if options.json else "\n".join(lines(figures)))
    return 0 if figures["recovered"] == figures["unplugged"] else 1


if __name__ == "__main__":
    sys.exit(main())
