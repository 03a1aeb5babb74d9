"""Runs cases FIRST to LAST of a target; `cases.py TARGET FIRST LAST [EVERY]` in MicroPython prints its figures as JSON.

Under CPython run() is called by run.py. What is unexpected is told with the case's number: the same number gives the
same case again, under every interpreter.
"""

import gc
import sys
import time

if __name__ == "__main__":
    sys.path.insert(0, __file__.rsplit("/", 1)[0] if "/" in __file__ else ".")

import targets  # noqa: E402

_NOTES = 5
_PROGRESS = 500


def run(name, first, last, guard=lambda: None, progress=lambda case: None):
    """{"cases", "passed", "unexpected", "notes"}; guard() is called before each case, and may raise in its midst."""
    target = targets.TARGETS[name][0]()
    passed = unexpected = 0
    notes = []
    for case in range(first, last):
        guard()
        try:
            passed += target.case(targets.drawn(case))
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is what is looked for
            unexpected += 1
            if len(notes) < _NOTES:
                notes.append("%s case %d: %s" % (name, case, repr(error)[:200]))
        if not case % _PROGRESS:
            progress(case)
    return {"cases": last - first, "passed": passed, "unexpected": unexpected, "notes": notes}


def main(name, first, last):
    import json

    target = run(name, first, first + (last - first) // 10)  # tables have grown, modules are there
    gc.collect()
    before = gc.mem_alloc()
    started = time.ticks_ms()
    rest = run(name, first + target["cases"], last, progress=lambda case: print("at", case))
    took = time.ticks_diff(time.ticks_ms(), started)
    per_s = rest["cases"] * 1000 // max(1, took)
    for key in ("cases", "passed", "unexpected"):
        target[key] += rest[key]
    target["notes"] += rest["notes"]
    del rest
    gc.collect()
    target["grown"] = gc.mem_alloc() - before
    target["per_s"] = per_s
    print(json.dumps(target))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
