"""The wheel holds all that the tool and its user need. `make wheel` installs it; here its files are read and run."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WHEEL_TESTS = ROOT / "tests" / "wheel"
sys.path[:0] = [str(WHEEL_TESTS)]

import contents  # noqa: E402


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return contents.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(unpacked, *command, cwd=None):
    """By this environment's libraries and the wheel's code, with nothing of the checkout on the path."""
    environment = {"PYTHONPATH": str(unpacked), "PATH": os.environ["PATH"], "HOME": str(cwd)}
    return subprocess.run([sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True)


def test_the_wheel_holds_each_file_of_code_data_and_documentation_and_none_besides(wheel):
    assert contents.held(wheel) == contents.expected()


def test_every_module_data_file_and_help_page_is_read_from_the_wheel_alone(unpacked, tmp_path):
    done = run(unpacked, WHEEL_TESTS / "everything.py", ROOT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert Path(told["from"]).is_relative_to(unpacked) and told["strays"] == []
    assert all(told["files"].values()), told["files"]


def test_a_flash_image_is_built_from_the_wheels_firmware(unpacked, tmp_path):
    done = run(unpacked, "-m", "lamplighter", "image", "--board", "lamppost-esp32", "--simulated", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build" / "lamppost-esp32-simulated.bin").is_file()


def test_every_link_of_the_shipped_pages_leads_to_a_shipped_file(unpacked):
    (root,) = unpacked.glob(f"*.data/data/{contents.DOCUMENTATION}")
    dangling = [
        f"{page.relative_to(root)}: {target}"
        for page in root.rglob("*.md")
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert dangling == []
