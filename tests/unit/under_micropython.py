"""Runs the unit tests of the files named on the command line; started by MicroPython, not by pytest.

One line a test: `ok NAME`, `long NAME` where it is left out, or `FAILED NAME` with the traceback before it; exit code 1
when one failed. A board imports this file and calls run_files.
"""

import sys

here = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.insert(0, here + "/../../firmware")
sys.path.insert(0, here)


def run(path, with_long=True):
    """Run every test_* function of one file; returns (run, failed)."""
    from slow import LONG

    module = __import__(path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    names = sorted(name for name in dir(module) if name.startswith("test_"))
    failed = 0
    for name in names:
        test = getattr(module, name)
        if test in LONG and not with_long:
            print("long", name)
            continue
        try:
            test()
            print("ok", name)
        except Exception as error:
            failed += 1
            sys.print_exception(error)
            print("FAILED", name)
    return len(names), failed


def run_files(paths, with_long=True):
    """True if there were tests in these files, and all held."""
    total = broken = 0
    for path in paths:
        count, failed = run(path, with_long)
        total += count
        broken += failed
    print(f"{total} tests, {broken} failed")
    return total > 0 and not broken


if __name__ == "__main__":
    sys.exit(0 if run_files(sys.argv[1:]) else 1)  # an integer: MicroPython takes False for a message
