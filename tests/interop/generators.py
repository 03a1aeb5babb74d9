"""Where `.ci/generators` has put Node.js packages, and what runs them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ROOT / ".cache" / "generators"


def node_or_skip() -> str:
    """The program; skips the test where it or the packages are missing."""
    node = shutil.which("node")
    if not node or not (FETCHED / "installed").is_file():
        pytest.skip("Node.js or the packages of .ci/generators are missing")
    return node


def with_packages(file: Path, folder: Path) -> Path:
    """A copy of a script in a folder from which Node.js finds the packages."""
    link = folder / "node_modules"
    if not link.exists():
        link.symlink_to(FETCHED / "node_modules")
    return Path(shutil.copy(file, folder))


def run(*command: object, folder: Path, timeout: float = 100) -> str:
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
