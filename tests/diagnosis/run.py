"""`make diagnosis`: false alarms on healthy generated nights, missed faults, and the load of the DALI bus."""

from __future__ import annotations

import argparse
import collections
import sys
import time

import bus_load
import lamp_nights

MOST_FALSE = 1.0  # false alarms for 1,000 lamp-nights
LEAST_FOUND = 0.99


def healthy(count: int) -> collections.Counter:
    """Alarms of that many healthy lamp-nights by code."""
    raised: collections.Counter = collections.Counter()
    for number in range(count):
        raised.update(lamp_nights.Night(number).run().keys())
    return raised


def faulty(fault: str, count: int) -> tuple[int, list[float], collections.Counter]:
    """(nights in which the fault was found, minutes that it took, other codes that were raised)."""
    found, minutes, others = 0, [], collections.Counter()
    for number in range(count):
        night = lamp_nights.Night(number, fault)
        raised = night.run()
        code = lamp_nights.FAULTS[fault]
        if code in raised:
            found += 1
            minutes.append((raised.pop(code) - night.begins_s) / 60)
        others.update(raised.keys())
    return found, minutes, others


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--healthy", type=int, default=2000, help="healthy lamp-nights")
    parser.add_argument("--faulty", type=int, default=100, help="lamp-nights with each fault")
    options = parser.parse_args()
    began = time.monotonic()
    raised = healthy(options.healthy)
    rate = 1000 * sum(raised.values()) / options.healthy
    print(f"healthy lamp-nights: {options.healthy}, false alarms: {sum(raised.values())} ({rate:.2f} for 1,000)")
    for code, count in raised.items():
        print(f"  {code}: {count}")
    whole = missed = 0
    for fault in lamp_nights.FAULTS:
        found, minutes, others = faulty(fault, options.faulty)
        whole, missed = whole + options.faulty, missed + options.faulty - found
        middle = sorted(minutes)[len(minutes) // 2] if minutes else float("nan")
        beside = ", ".join(f"{code} {count}" for code, count in sorted(others.items()))
        words = f"{found}/{options.faulty} found, median after {middle:.0f} min" + f"; also {beside}" * bool(beside)
        print(f"  {fault:<13} {lamp_nights.FAULTS[fault]:<26} {words}")
    print(f"injected faults: {whole}, missed: {missed} ({100 * (whole - missed) / whole:.2f} % found)")
    for line in bus_load.lines():
        print(line)
    print(f"in {time.monotonic() - began:.0f} s")
    return 0 if rate <= MOST_FALSE and (whole - missed) / whole >= LEAST_FOUND else 1


if __name__ == "__main__":
    sys.exit(main())
