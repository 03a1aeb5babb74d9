"""`make soak`: thirty days of a street whose power goes every dawn, with an outage of a week, in fast time."""

from __future__ import annotations

import argparse
import sys

from nights import good, soak, table

NIGHTS, HOURS = 30, 12


def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=NIGHTS)
    parser.add_argument("--hours", type=float, default=HOURS, help="under power each night")
    options = parser.parse_args()
    outage = (min(8, options.days // 3), min(15, options.days // 3 + 7, options.days - 1))

    def tell(text: str) -> None:
        if sys.stdout.isatty():
            print(f"\r{text}", end="", flush=True)

    figures = soak(options.days, options.hours, outage, tell=tell)
    if sys.stdout.isatty():
        print()
    print(table(figures))
    return not good(figures)


if __name__ == "__main__":
    sys.exit(main())
