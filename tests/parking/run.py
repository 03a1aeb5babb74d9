"""`make parking`: hundreds of hard bay-days through the node's own sensing under MicroPython, beside a plain threshold.

Writes docs/reference/parking.md and its pictures; --days N changes how many of each hardship and kind of sensor.
A third as many days again are held out: whoever changes the code or its constants looks at others (--seeds).
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

# Seeds from here on. The threshold is tuned on days that nobody is judged by, and Lamplighter on those from 2000 on.
JUDGED, TUNING, HELD_OUT = 0, 1000, 6000
WAYS = ("lamplighter", "threshold", "threshold that waits 8 s")


def judged(job: tuple[int, str, str, str, tuple[plain.Plain, plain.Plain]]) -> tuple[str, str, dict[str, Score]]:
    """One day, by each way."""
    seed, hardship, senses, way, plains = job
    one = day(seed, hardship, senses)
    kept = None if way == page.FIRST else one.known()
    ways = {way: [(change.t_s, change.state) for change in parking.replay(one.trace, kept=kept)]}
    if way == WAYS[0]:
        ways |= {name: plain.states(one, each) for name, each in zip(WAYS[1:], plains, strict=True)}
    return hardship, senses, {name: compare(one.truth, states, 0, one.seconds) for name, states in ways.items()}


def tuned(hold_s: int) -> plain.Plain:
    return plain.tuned([day(TUNING + i, h, s) for i, h in enumerate(HARDSHIPS) for s in ("range", "field")], hold_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=12, help="of each hardship and kind of sensor (%(default)s)")
    parser.add_argument("--seeds", type=int, default=JUDGED, help="the first of the days' seeds (%(default)s)")
    parser.add_argument("--page", action="store_true", help="write docs/reference/parking.md")
    options = parser.parse_args()
    begun = time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        plains = tuple(pool.map(tuned, (0, 8)))
        kinds = [(h, s) for h in HARDSHIPS for s in SENSES]
        jobs = [(options.seeds + n, h, s, WAYS[0], plains) for n in range(options.days) for h, s in kinds]
        for way, seeds, days in ((page.HELD_OUT, HELD_OUT, options.days // 3), (page.FIRST, JUDGED, options.days // 6)):
            if options.seeds == JUDGED:
                jobs += [(seeds + n, h, s, way, plains) for n in range(max(1, days)) for h, s in kinds]
        scores: dict[tuple[str, str, str], Score] = {}
        for job, (hardship, senses, found) in zip(jobs, pool.map(judged, jobs), strict=True):
            for way, score in found.items():
                key = (way, hardship, senses)
                scores[key] = scores.get(key, Score()) + score
            if job[0] == options.seeds and job[2:4] == ("both", WAYS[0]):
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
