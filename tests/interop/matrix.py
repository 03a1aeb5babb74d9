"""`make interop`: every check against every broker; prints the table and writes it into docs/integrate/brokers.md.

Exit code 1 when the link breaks a promise, never for what a broker does not do.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

import page
from checks import CHECKS, Check, Outcome
from contenders import CONTENDERS
from pitch import Ground
from served import Served

Results = dict[str, dict[str, Outcome | None]]  # broker with version -> row -> outcome; None: failed


def run(check: Check, broker: Served) -> list[Outcome | None]:
    """One outcome a row; None where the link did not do as promised."""
    try:
        with Ground(broker, check.node) as ground:
            return list(check.run(ground))
    except Exception:  # whatever it is, the other checks go on
        traceback.print_exc()
        return [None] * len(check.rows)


def against(broker: Served) -> dict[str, Outcome | None]:
    results = {}
    broker.start()
    try:
        for check in CHECKS:
            began = time.monotonic()
            outcomes = run(check, broker)
            results.update(zip(check.rows, outcomes, strict=True))
            words = ", ".join(cell(outcome) for outcome in outcomes)
            print(f"  {check.name:28} {words} ({time.monotonic() - began:.1f} s)", flush=True)
    finally:
        broker.stop()
    return results


def cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return "**failed**"
    if outcome.holds is None:
        return "–"
    word = "yes" if outcome.holds else "**no**"
    return f"{word}: {outcome.said}" if outcome.said else word


def table(results: Results) -> str:
    """Rows are checks, columns are brokers."""
    rows = [row for check in CHECKS for row in check.rows]
    lines = ["| | " + " | ".join(results) + " |", "|---|" + "---|" * len(results)]
    lines += ["| " + " | ".join([row, *(cell(of[row]) for of in results.values())]) + " |" for row in rows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the link against brokers and write the table into the page.")
    parser.add_argument("--only", metavar="NAME", help="brokers whose name contains this; the page is not written")
    only = (parser.parse_args().only or "").lower()
    results: Results = {}
    skipped: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, contender in enumerate(CONTENDERS):
            if only not in contender.name.lower():
                continue
            broker = contender(Path(folder) / str(number))
            if reason := broker.missing():
                skipped.append(f"{broker.name} was not run: {reason}.")
                print(skipped[-1])
                continue
            name = f"{broker.name} {broker.version()}, {broker.speaks}"
            print(name, flush=True)
            results[name] = against(broker)
    outcomes = [outcome for of in results.values() for outcome in of.values()]
    failed = outcomes.count(None)
    when = f"As run on {datetime.now(UTC):%Y-%m-%d}. –: the broker was run without users."
    text = table(results) + "\n\n" + " ".join([when, *skipped])
    print("\n" + text)
    if not only:
        page.write(text)
    limits = sum(outcome is not None and outcome.holds is False for outcome in outcomes)
    print(f"\ninterop: {len(results)} brokers, {len(outcomes)} outcomes, {failed} failed, {limits} limits of brokers")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
