"""How well anybody could tell a vehicle from somebody who stands before a range finder, given ten seconds.

The observer knows the models of bay_street.py and the sensor's noise, and compares their likelihoods over the last
readings: what it cannot tell, no code can from the distances alone. Prints a table; no part of `make parking`.
"""

from __future__ import annotations

import math
import random
from functools import cache

SWAY_MM, STRIDE_MM, LONGEST_S = 25.0, 200.0, 4  # of somebody who stands about, as _stand() has it
IN_TIME_S, SHUNT_S, FIRST_S = 10, (1, 5), 8
ON_TIME = 0.9  # of the arrivals: with departures, which are easy, 95 % of all changes
TRIALS = 400


@cache
def stands(readings: int) -> list[tuple[int, ...]]:
    """Every way in which steps may divide so many readings."""
    if not readings:
        return [()]
    most = min(LONGEST_S, readings)
    return [(first, *rest) for first in range(1, most + 1) for rest in stands(readings - first)]


def about_one_place(readings: list[float], variance: float) -> tuple[float, float]:
    """(log-likelihood, mean) of readings about one place that may be anywhere."""
    many = len(readings)
    mean = sum(readings) / many
    squares = sum((one - mean) ** 2 for one in readings)
    return -squares / (2 * variance) - (many - 1) / 2 * math.log(2 * math.pi * variance) - math.log(many) / 2, mean


def of_somebody(readings: list[float], noise_mm: float) -> float:
    variance = SWAY_MM**2 + noise_mm**2
    likely = []
    for way in stands(len(readings)):
        total, at, before = len(way) * math.log(1 / LONGEST_S), 0, None
        for many in way:
            more, mean = about_one_place(readings[at : at + many], variance)
            total += more
            at += many
            if before:
                wide = STRIDE_MM**2 + variance / many + before[1]
                total -= (mean - before[0]) ** 2 / (2 * wide) + math.log(2 * math.pi * wide) / 2
            before = mean, variance / many
        likely.append(total)
    most = max(likely)
    return most + math.log(sum(math.exp(one - most) for one in likely))


def for_a_vehicle(readings: list[float], noise_mm: float) -> float:
    """Nats, over the last readings that say most."""
    windows = [readings[-many:] for many in range(4, min(7, len(readings)) + 1)]
    return max(about_one_place(one, noise_mm**2)[0] - of_somebody(one, noise_mm) for one in windows)


def somebody(chance: random.Random, seconds: int, noise_mm: float) -> list[float]:
    where, left, seen = 0.0, 0, []
    for _ in range(seconds):
        if left <= 0:
            where += chance.gauss(0, STRIDE_MM)
            left = chance.randint(1, LONGEST_S)
        left -= 1
        seen.append(where + chance.gauss(0, math.hypot(SWAY_MM, noise_mm)))
    return seen


def taken(noise_mm: float, chance: random.Random) -> float:
    """The share of those who stand about that it takes for vehicles, where it tells nine of ten arrivals in time."""
    arrivals = []
    for _ in range(TRIALS):
        stood = IN_TIME_S - chance.randint(*SHUNT_S) + 1
        arrivals.append(for_a_vehicle([chance.gauss(0, noise_mm) for _ in range(stood)], noise_mm))
    wanted = sorted(arrivals)[round((1 - ON_TIME) * TRIALS)]
    wrong = 0
    for _ in range(TRIALS):
        seen = somebody(chance, int(chance.uniform(8, 45)), noise_mm)
        ends = range(FIRST_S, len(seen) + 1)
        wrong += any(for_a_vehicle(seen[:end], noise_mm) >= wanted for end in ends)
    return wrong / TRIALS


def main() -> None:
    chance = random.Random(5)
    print("| noise, mm | taken for a vehicle, % | false a day: 0.5 stand about | 3 stand about |\n|" + " --- |" * 4)
    for noise_mm in (4, 9, 12, 15):
        share = taken(noise_mm, chance)
        print(f"| {noise_mm} | {100 * share:.1f} | {share:.2f} | {6 * share:.2f} |", flush=True)


if __name__ == "__main__":
    main()
