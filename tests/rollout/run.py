"""`make rollout`: a roll-out to a thousand simulated lampposts at a real Mosquitto, dawns included; table and JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop")]

from brokers import Mosquitto  # noqa: E402  # pyright: ignore[reportMissingImports]
from rollout_acts import acts, sound, table  # noqa: E402

REPORT = HERE.parent.parent / "build" / "rollout.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=60, help="limits.at_once of the plan")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lamplighter-rollout-") as folder:
        told = acts(options.nodes, options.at_once, options.seed, Path(folder), Mosquitto)
    print(table(told))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(told, indent=1))
    wrong = sound(told)
    for sentence in wrong:
        print(sentence)
    print(f"rollout: {options.nodes} nodes, {len(wrong)} wrong; {REPORT.relative_to(HERE.parent.parent)}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
