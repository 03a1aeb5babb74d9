"""`make fuzz`: a million spoiled MQTT packets, a million frames of the parts, and much else, into what reads them.

The target `tool` is the command line: spoiled files of every kind and options of every kind.
"""

from __future__ import annotations

import argparse
import sys

import tool_campaign
from campaign import CASES, fuzz, table, targets, total

TOOL = "tool"


def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"which of {', '.join(targets.TARGETS)}, {TOOL} (all)")
    parser.add_argument("--cases", type=int, default=CASES, help="cases of the node's largest target")
    parser.add_argument("--tool-cases", type=int, default=tool_campaign.CASES, help="cases of the tool")
    parser.add_argument("--from", type=int, default=0, dest="offset", help="number of the first case")
    parser.add_argument("--processes", type=int, default=0)
    options = parser.parse_args()
    if strange := [name for name in options.targets if name not in (*targets.TARGETS, TOOL)]:
        parser.error(f"there is no target {', '.join(strange)}; --help names them all")

    def tell(text: str) -> None:
        if sys.stdout.isatty():
            print(f"\r{text:<40}", end="", flush=True)

    def show(said: str, unexpected: int) -> int:
        if sys.stdout.isatty():
            print()
        print(said, flush=True)
        return unexpected

    unexpected = 0
    of_the_node = tuple(name for name in options.targets if name != TOOL)
    if of_the_node or not options.targets:
        figures = fuzz(options.cases, options.processes, of_the_node, options.offset, tell)
        unexpected += show(table(figures), total(figures)[1])
    if TOOL in options.targets or not options.targets:
        figures = tool_campaign.fuzz(options.tool_cases, options.processes, options.offset, tell)
        unexpected += show(tool_campaign.table(figures), tool_campaign.total(figures)[1])
    return unexpected > 0


if __name__ == "__main__":
    sys.exit(main())
