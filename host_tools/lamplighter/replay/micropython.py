"""Runs the node's own code under the virtual lamppost's MicroPython, on what a file holds."""

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
    """Each JSON line that a program of this folder prints, as it comes.

    It is called with the firmware's folder, the trace's rows (64-bit integers) and the facts (JSON; `columns` and
    `start_s` are the trace's). Raises ToolMissing, VirtualFailed.
    """
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows"
        rows.write_bytes(trace.rows.tobytes())
        facts = {**facts, "columns": trace.columns, "start_s": int(trace.start_s)}
        yield from run_node_code(Path(__file__).parent / program, facts, f"it replayed {trace.name}", rows)


def run_node_code(program: Path, facts: dict[str, Any], doing: str, *files: Path) -> Iterator[Any]:
    """Run a program under MicroPython with the firmware's folder, the files and the facts; yields its JSON lines.

    doing -- for the error: "The node's code ended while ...". Raises ToolMissing, VirtualFailed.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "facts"
        said.write_text(json.dumps(facts), encoding="utf-8")
        command = [
            sys.executable, "-I", "-S", "-c", _START.format(wheel_folder()),
            "-X", f"heapsize={_HEAP}", str(program), str(paths.folder("firmware")), *map(str, files), str(said),
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
            raise VirtualFailed(f"The node's code ended while {doing}: {last}", details=words)
