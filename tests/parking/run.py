"""`make parking`: hundreds of hard bay-days through the node's own sensing under MicroPython, beside a plain threshold.

Writes docs/reference/parking.md and its pictures; --days N changes how many of each hardship and kind of sensor.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "host_tools")]

import evaluation_page as page  # noqa: E402
import threshold as plain  # noqa: E402
from bay_days import HARDSHIPS, SENSES, day  # noqa: E402
from lamplighter.replay import parking  # noqa: E402
from lamplighter.replay.scores import Score, compare  # noqa: E402

TUNING, JUDGED = 1000, 0  # seeds from here on: the threshold is tuned on days that nobody is judged by
WAYS = ("lamplighter", "threshold", "threshold that waits 8 s")


def judged(job: tuple[int, str, str, bool, tuple[plain.Plain, plain.Plain]]) -> tuple[str, str, dict[str, Score]]:
    """One day, by each way."""
    seed, hardship, senses, first, plains = job
    one = day(seed, hardship, senses)
    told = [(change.t_s, change.state) for change in parking.replay(one.trace, kept=None if first else one.known())]
    ways = {WAYS[0]: told}
    if not first:
        ways |= {name: plain.states(one, each) for name, each in zip(WAYS[1:], plains, strict=True)}
    return hardship, senses, {name: compare(one.truth, states, 0, one.seconds) for name, states in ways.items()}


def tuned(hold_s: int) -> plain.Plain:
    return plain.tuned([day(TUNING + i, h, s) for i, h in enumerate(HARDSHIPS) for s in ("range", "field")], hold_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=12, help="of each hardship and kind of sensor (%(default)s)")
    parser.add_argument("--page", action="store_true", help="write docs/reference/parking.md")
    options = parser.parse_args()
    begun = time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        plains = tuple(pool.map(tuned, (0, 8)))
        kinds = [(h, s) for h in HARDSHIPS for s in SENSES]
        jobs = [(JUDGED + n, h, s, False, plains) for n in range(options.days) for h, s in kinds]
        jobs += [(JUDGED + n, h, s, True, plains) for n in range(max(1, options.days // 6)) for h, s in kinds]
        scores: dict[tuple[str, str, str], Score] = {}
        for job, (hardship, senses, found) in zip(jobs, pool.map(judged, jobs), strict=True):
            for way, score in found.items():
                key = ("first day" if job[3] else way, hardship, senses)
                scores[key] = scores.get(key, Score()) + score
            if job[0] == 0 and job[2] == "both":
                print(f"{time.monotonic() - begun:.0f} s: {hardship}", file=sys.stderr, flush=True)
    took_s = time.monotonic() - begun
    text = page.tables(scores, plains, options.days)
    print(text)
    print(f"{took_s:.0f} s")
    if options.page:
        page.write(ROOT / "docs", text, scores)
    return 0


if __name__ == "__main__":
    sys.exit(main())
