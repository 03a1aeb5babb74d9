"""Runs the unit tests of the files named on the command line; started by MicroPython, not by pytest.

One line a test: `ok NAME` or `FAILED NAME` with the traceback before it; exit code 1 when one failed.
"""

import sys

here = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.insert(0, here + "/../../firmware")
sys.path.insert(0, here)


def run(path):
    """Run every test_* function of one file; returns (run, failed)."""
    module = __import__(path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    names = sorted(name for name in dir(module) if name.startswith("test_"))
    failed = 0
    for name in names:
        try:
            getattr(module, name)()
            print("ok", name)
        except Exception as error:
            failed += 1
            sys.print_exception(error)
            print("FAILED", name)
    return len(names), failed


total = broken = 0
for path in sys.argv[1:]:
    count, failed = run(path)
    total += count
    broken += failed
print(f"{total} tests, {broken} failed")
sys.exit(1 if broken or not total else 0)
