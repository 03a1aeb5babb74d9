"""The commands of the office, as README.md, the roster's and the identity's page give them, run one after the other."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENDLESS = ("broker", "watch")  # they run until Ctrl-C, and have tests of their own


def blocks(page, language):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


def commands(page, language="sh"):
    lines = [line.partition(" #")[0].strip() for block in blocks(page, language) for line in block.splitlines()]
    lines = [line.removeprefix("$ ") for line in lines]
    return [line for line in lines if line.startswith("lamplighter ") and line.split()[1] in ("identity", "roster")]


@pytest.fixture
def office(tmp_path):
    """A folder with the roster of the roster's page; office(command) -> the finished process."""
    (tmp_path / "street.csv").write_text(blocks("docs/field/roster.md", "csv")[0])
    environment = {**os.environ, "LAMPLIGHTER_CA_PASSPHRASE": "of the office", "LAMP_WIFI": "street-secret"}

    def run(command):
        words = [sys.executable, "-m", "lamplighter", *shlex.split(command)[1:]]
        return subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)

    return run


@pytest.mark.parametrize("page", ["README.md", "docs/field/identity.md"])
def test_the_commands_of_the_page_work_one_after_the_other(office, page):
    given = commands(page)
    assert given[0].startswith("lamplighter identity init") and len(given) >= 5
    for command in given:
        done = office(command)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_the_export_prints_the_files_that_the_page_shows(office):
    for command in commands("docs/field/identity.md"):
        assert office(command).returncode == 0
    shown = next(block for block in blocks("docs/field/identity.md", "") if "identity export" in block).splitlines()
    done = office(shown[0].removeprefix("$ "))
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).splitlines() == shown[1:]


def test_the_example_of_the_roster_is_right(office):
    done = office("lamplighter roster check street.csv")
    assert done.returncode == 0 and "3 valid rows" in done.stdout + done.stderr, done.stdout + done.stderr
