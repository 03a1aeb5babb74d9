"""What `make` says when this computer has no network: one sentence, not the installer's wall."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
WALL = """
WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(': Failed to establish': /simple/rich/
ERROR: Could not find a version that satisfies the requirement hatchling (from versions: none)
ERROR: No matching distribution found for hatchling
"""


def packages(folder, says):
    """.ci/packages with an interpreter whose pip fails with these lines."""
    interpreter = folder / "bin/python"
    interpreter.parent.mkdir()
    (folder / "says").write_text(says)
    interpreter.write_text(f"#!/bin/sh\ncat '{folder}/says' >&2\nexit 1\n")
    interpreter.chmod(0o755)
    return subprocess.run(
        [str(ROOT / ".ci/packages"), str(folder), "dev"], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True
    )


def test_without_a_network_the_environment_fails_with_one_sentence(tmp_path):
    done = packages(tmp_path, WALL)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "No package index was reached: connect this computer to the internet, and run make again.\n"


def test_any_other_trouble_of_the_installer_is_shown(tmp_path):
    done = packages(tmp_path, "ERROR: Cannot install rich: conflicting dependencies\n")
    assert done.returncode == 1 and "conflicting dependencies" in done.stderr
