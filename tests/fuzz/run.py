"""`make fuzz`: a million spoiled MQTT packets, a million frames of the parts, and much else, into what reads them."""

from __future__ import annotations

import argparse
import sys

from campaign import CASES, fuzz, table, targets, total


def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"which of {', '.join(targets.TARGETS)} (all)")
    parser.add_argument("--cases", type=int, default=CASES, help="cases of the largest target")
    parser.add_argument("--from", type=int, default=0, dest="offset", help="number of the first case")
    parser.add_argument("--processes", type=int, default=0)
    options = parser.parse_args()
    if strange := [name for name in options.targets if name not in targets.TARGETS]:
        parser.error(f"there is no target {', '.join(strange)}; --help names them all")

    def tell(text: str) -> None:
        if sys.stdout.isatty():
            print(f"\r{text:<40}", end="", flush=True)

    figures = fuzz(options.cases, options.processes, tuple(options.targets), options.offset, tell)
    if sys.stdout.isatty():
        print()
    print(table(figures))
    return total(figures)[1] > 0


if __name__ == "__main__":
    sys.exit(main())
