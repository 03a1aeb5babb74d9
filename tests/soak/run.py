"""`make soak`: seven nights of a lamppost whose power goes every dawn, with a broker outage of two, in fast time.

SOAK_NIGHTS=30 in the environment makes it thirty nights, with an outage of a week.
"""

from __future__ import annotations

import argparse
import os
import sys

from nights import good, soak, table

NIGHTS, HOURS = int(os.environ.get("SOAK_NIGHTS", "7")), 12
LONG = 14  # nights from which the outage takes a week of them


def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=NIGHTS)
    parser.add_argument("--hours", type=float, default=HOURS, help="under power each night")
    options = parser.parse_args()
    nights = options.nights
    outage = (nights // 2 - 6, nights // 2 + 1) if nights > LONG else (nights // 2, nights // 2 + max(1, nights // 3))

    def tell(text: str) -> None:
        if sys.stdout.isatty():
            print(f"\r{text}", end="", flush=True)

    figures = soak(nights, options.hours, outage, tell=tell)
    if sys.stdout.isatty():
        print()
    print(table(figures))
    return not good(figures)


if __name__ == "__main__":
    sys.exit(main())
