"""Runs a program of this folder under the virtual lamppost's MicroPython, with a file of integers before it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import paths
from ..problems import ToolMissing, VirtualFailed
from ..virtual.micropython_process import wheel_folder
from .trace import Trace

_HEAP = "16M"
_START = """
import sys
sys.path.insert(0, {!r})
import micropython_module
sys.exit(micropython_module.run_main(["micropython", *sys.argv[1:]]))
"""


def run(program: str, trace: Trace, facts: dict[str, Any]) -> Iterator[Any]:
    """Each JSON line that the program prints, as it comes.

    program -- a file of this folder; it is called with the firmware's folder, the trace's rows (64-bit integers)
    and the facts (JSON; `columns` and `start_s` are the trace's). Raises ToolMissing, VirtualFailed.
    """
    with tempfile.TemporaryDirectory() as folder:
        rows, said = Path(folder) / "rows", Path(folder) / "facts"
        rows.write_bytes(trace.rows.tobytes())
        facts = {**facts, "columns": trace.columns, "start_s": int(trace.start_s)}
        said.write_text(json.dumps(facts), encoding="utf-8")
        source = Path(__file__).parent / program
        command = [
            sys.executable, "-I", "-S", "-c", _START.format(wheel_folder()),
            "-X", f"heapsize={_HEAP}", str(source), str(paths.folder("firmware")), str(rows), str(said),
        ]  # fmt: skip
        words: list[str] = []
        try:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
            )
        except OSError as error:
            raise ToolMissing(f"MicroPython cannot be started: {error.strerror}.") from None
        with process:
            assert process.stdout and process.stderr
            try:
                for line in process.stdout:
                    if line.startswith(("[", "{")):
                        yield json.loads(line)
                    else:
                        words.append(line.rstrip())  # MicroPython prints its tracebacks there
                words += process.stderr.read().splitlines()
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            last = words[-1] if words else "no words"
            raise VirtualFailed(f"The node's code ended while it replayed {trace.name}: {last}", details=words)
