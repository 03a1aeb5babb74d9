"""`make powercut`: every program and erase of a scripted day cut, torn in many ways; 0 lost, 0 corrupt, 0 backwards.

Then updates of the app by cable and over the air (update_cuts.py, air_cuts.py), a pushed configuration (config_cuts.py)
and the log of the lamp's switchings (switching_cuts.py) are cut at each of their flash operations, and whole virtual
lampposts are killed at random (hardkills.py), unless --no-kills.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

from lamplighter import paths

paths.importable()
import air_cuts  # noqa: E402
import config_cuts  # noqa: E402
import hardkills  # noqa: E402
import switching_cuts  # noqa: E402
import update_cuts  # noqa: E402
from sweep import Tape, sweep  # noqa: E402  (needs the firmware to be importable)

BOOTS = 12
CUTS = 20000  # fewer would mean that the day was not cut everywhere
MODULES = 12  # of the app that is updated
HARM = (
    ("update", "a mixed app or none"),
    ("update over the air", "a mixed app or MicroPython, none, the wrong one in the end, or torn keys or floor"),
    ("switching log", "a row lost or out of the chain"),
    ("config", "no usable or an unproven configuration"),
)
_SLICES = 24
_tape = None


def _slice(number):
    """One part of the day; the tape is the same in every process, as nothing in it is left to chance."""
    global _tape
    if _tape is None:
        _tape = Tape(BOOTS)
    operations = len(_tape.operations)
    return sweep(_tape, operations * number // _SLICES, operations * (number + 1) // _SLICES)


def updates(runs):
    """The sweep of an update while that slot runs."""
    with tempfile.TemporaryDirectory() as folder:
        return update_cuts.sweep(Path(folder), runs, count=MODULES)


def together(sweeps):
    """The cuts of several sweeps, and what they found."""
    return {"cuts": sum(each["cuts"] for each in sweeps), "wrong": [text for each in sweeps for text in each["wrong"]]}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-kills", action="store_true", help="only the sweep over flash operations")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    total = {"cuts": 0, "lost": 0, "corrupt": 0, "backwards": 0, "repeated": 0, "notes": []}
    with multiprocessing.Pool(options.processes) as pool:
        for done, part in enumerate(pool.imap_unordered(_slice, range(_SLICES)), 1):
            for name, value in part.items():
                total[name] += value
            if not options.json and sys.stdout.isatty():
                print(f"\r{100 * done // _SLICES:3} % of the day, {total['cuts']} cuts", end="", flush=True)
        total["update"] = together(pool.map(updates, "ab"))
        total["update over the air"] = air_cuts.campaign(pool, (lambda row: None) if options.json else print)
        total["switching log"] = together(pool.map(switching_cuts.sweep, (8,)))
        total["config"] = together(pool.map(config_cuts.sweep, (True, False)))
    tape = Tape(BOOTS)
    total["operations"] = len(tape.operations)
    total["boots"] = BOOTS
    total["dropped_by_overflow"] = tape.dropped
    total["seconds"] = round(time.monotonic() - began, 1)
    good = total["cuts"] >= CUTS and not (total["lost"] or total["corrupt"] or total["backwards"])
    good = good and not any(total[what]["wrong"] for what, _ in HARM)
    if options.json:
        print(json.dumps({**total, "ok": good}))
        return not good
    if sys.stdout.isatty():
        print()
    for note in total["notes"][:20]:
        print(note[:400])
    print(
        f"{total['operations']} flash operations of {BOOTS} boots, {total['repeated']} records repeated by key,"
        f" {total['dropped_by_overflow']} dropped by overflow and counted, {total['seconds']:.0f} s"
    )
    if total["cuts"] < CUTS:
        print(f"too few cuts: {total['cuts']} of {CUTS}")
    print("powercut: {cuts} cuts, {lost} lost, {corrupt} corrupt, {backwards} backwards".format(**total))
    for what, harm in HARM:
        for text in total[what]["wrong"][:20]:
            print(text[:400])
        print(f"{what}: {total[what]['cuts']} cuts, {len(total[what]['wrong'])} that left {harm}")
    if not options.no_kills:
        good = not hardkills.main() and good
    return not good


if __name__ == "__main__":
    sys.exit(main())
