"""`make bench`: every figure that Lamplighter promises, measured here and now; the last line is all of it as JSON.

python tests/bench/run.py [PART ...] [--json]; parts: node heap mqtt flash beside faults flashing update over_the_air
cli store reports. --json leaves out the tables.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
from pathlib import Path

# in this order: tests/interop has a node too, and mqtt looks there first
PARTS = (
    "node", "heap", "mqtt", "flash", "beside", "faults", "flashing", "update", "over_the_air", "cli", "store",
    "reports",
)  # fmt: skip
REPORT = Path(__file__).resolve().parent.parent.parent / "build" / "bench.json"


def part(name: str, quiet: bool) -> tuple[dict, bool]:
    """(figures, whether they could be measured) of one part."""
    began = time.monotonic()
    try:
        module = importlib.import_module(name)
        figures = module.measure()
        said = "\n".join(module.lines(figures)) if hasattr(module, "lines") else module.table(figures)
    except Exception as error:
        traceback.print_exc()
        print(f"bench: {name} could not be measured: {error!r}", file=sys.stderr)
        return {"failed": repr(error)}, False
    if not quiet:
        print(f"{said}\n  ({time.monotonic() - began:.0f} s)\n", flush=True)
    return figures, True


def main() -> int:
    quiet = "--json" in sys.argv
    chosen = [word for word in sys.argv[1:] if word != "--json"] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        print(f"bench: no part {', '.join(sorted(unknown))}; there are {' '.join(PARTS)}", file=sys.stderr)
        return 2
    report, well = {}, True
    for name in PARTS:
        if name in chosen:
            report[name], good = part(name, quiet)
            well &= good
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report) if quiet else f"bench: written to {REPORT.relative_to(REPORT.parent.parent)}")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
