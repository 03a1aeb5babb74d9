"""`make unplug`: lampposts unplugged at a random moment of commissioning; the same command must finish each.

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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / name) for name in ("device", "interop")]

from guarded_street import GuardedStreet  # noqa: E402

AT_ONCE = 3
ADVANCE_S = 0.3  # before that the command has not begun


@dataclass
class Unplugged:
    """What became of one lamppost."""

    asset: str
    after_s: float
    step: str = ""  # in which it was unplugged; "record" after the last
    code: int = 0  # the exit code of the interrupted command
    recovered: bool = False
    again_s: float = 0.0
    said: list[str] = field(default_factory=list)  # where it did not recover


def straight(street: GuardedStreet, asset: str) -> float:
    """Seconds of a commissioning that nobody interrupts, MicroPython being on the chip."""
    lamp = street.lamp(asset)
    started = time.monotonic()
    done = street.commission(asset, "--yes", port=asset)
    assert done.returncode == 0, done.stderr
    took = time.monotonic() - started
    lamp.stop()
    return took


def unplug(street: GuardedStreet, asset: str, after_s: float) -> Unplugged:
    """Pull cable and plug so long after the start, put both back, and run the same command again."""
    found = Unplugged(asset, round(after_s, 2))
    lamp = street.lamp(asset)
    words = street.command("commission", asset, "--roster", "street.csv", "--engineer", "ana", "--yes", "--port", asset)
    pulled = threading.Timer(after_s, lamp.stop)
    pulled.start()
    first = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=street.folder,
                           env=street.environment, stdin=subprocess.DEVNULL)  # fmt: skip
    pulled.join()
    steps = re.findall(r"^(\d+/\d+ .*?)(?:: done already)?$", first.stderr, re.MULTILINE)
    found.step, found.code = (steps[-1] if steps else "looking"), first.returncode
    if first.returncode == 0:
        found.step = "record"
    street.lamp(asset)
    started = time.monotonic()
    again = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=street.folder,
                           env=street.environment, stdin=subprocess.DEVNULL)  # fmt: skip
    found.again_s = round(time.monotonic() - started, 1)
    said = first.stderr + again.stderr
    found.recovered = (
        again.returncode == 0 and first.returncode != 1 and "Traceback" not in said
        and street.results()[asset]["state"] == "commissioned"
        and street.tool("verify", street.results()[asset]["record"]).returncode == 0
    )  # fmt: skip
    if not found.recovered:
        found.said = [*first.stderr.splitlines()[-4:], f"-- again, exit code {again.returncode}:",
                      *again.stderr.splitlines()[-4:]]  # fmt: skip
    street.lamps[-1].stop()
    return found


def run(count: int, seed: int, at_once: int = AT_ONCE) -> dict[str, Any]:
    """Figures: seconds of an uninterrupted one, how many recovered, where they were interrupted."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="unplugged-") as folder:
        street = GuardedStreet(Path(folder), count + 1)
        street.broker.start()
        try:
            took = straight(street, "LP-0001")
            moments = [rng.uniform(ADVANCE_S, took) for _ in range(count)]
            assets = [f"LP-{n:04d}" for n in range(2, count + 2)]
            with ThreadPoolExecutor(at_once) as pool:
                found = list(pool.map(lambda each: unplug(street, *each), zip(assets, moments, strict=True)))
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
