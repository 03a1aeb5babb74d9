"""Unit tests by a board's own MicroPython: a few files on a virtual lamppost; `make units NODE=PORT` runs them all.

Every file is mounted on the board by mpremote, compiled, in folders as in this repository.
"""

import ast
import dataclasses
import functools
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lamplighter.bench.bench_file import VIRTUAL
from lamplighter.image import build
from lamplighter.image.compile import compile_module
from lamplighter.virtual.lamppost import VirtualLamppost

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
A_FEW = ("test_config_store", "test_crc", "test_modbus", "test_ring", "test_tfmini")  # files, 32 bits, bytes, flash
MODULES = ("firmware/lamppost", "tests/unit", "tests/powercut/nor.py")
DATA = ("firmware/boot.py", "tests/data", "host_tools/lamplighter/parts/shelf")
LONGEST_S = 300
MPREMOTE = Path(sys.executable).parent / "mpremote"
FAILED = re.compile(r"(?P<trace>(?:(?!^(?:ok|FAILED|long) ).*\n)*)^(?P<word>ok|FAILED|long) (?P<name>test_\w+)", re.M)
SCRATCH = "/tmp"  # on the board's own file system: what the tests write goes there, by either kind of path
PROGRAM = """
import os, sys
try:
    os.mkdir("{scratch}")
except OSError:
    pass
os.chdir("{scratch}")
sys.path.insert(0, "/remote/tests/unit")
import under_micropython
under_micropython.run_files(["{file}"], False)
"""


def pytest_generate_tests(metafunc):
    on_a_board = bool(metafunc.config.option.node)
    tests = []
    for path in sorted(UNIT.glob("test_*.py")):
        text = path.read_text()
        if (on_a_board or path.stem in A_FEW) and "\nCPYTHON_ONLY = True" not in text:
            names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
            tests += [(path.stem, name) for name in names if name.startswith("test_")]
    metafunc.parametrize(("file", "name"), tests, ids=[f"{file}-{name}" for file, name in tests])


@pytest.fixture(scope="module")
def mounted(tmp_path_factory):
    """The folder that the board sees as /remote."""
    folder = tmp_path_factory.mktemp("remote")
    for place in MODULES:
        for source in [ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"):
            name = source.relative_to(ROOT).as_posix()
            if "\nCPYTHON_ONLY = True" in (text := source.read_text()) or source.name == "conftest.py":
                continue
            target = (folder / name).with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(compile_module(name, text))
    for place in DATA:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / place).is_dir() else shutil.copyfile
        copy(ROOT / place, folder / place)
    return folder


@pytest.fixture(scope="module")
def port(request, tmp_path_factory):
    """Of the board that --node names, or of a virtual lamppost with nothing but MicroPython on it."""
    wanted = request.config.option.node
    if wanted and wanted[0] != VIRTUAL:
        yield wanted[0]
        return
    with VirtualLamppost("lamppost-esp32", workdir=tmp_path_factory.mktemp("lamppost")) as lamp:
        whole = build.build(lamp.board, build.standin(lamp.board))
        bare = tuple(part for part in whole.parts if part.name != "vfs")
        lamp.flash_image(dataclasses.replace(whole, parts=bare))
        lamp.console.wait_for(">>> ")
        yield lamp.port


@pytest.fixture(scope="module")
def results(port, mounted):
    """results(file) -> {test: (word, traceback)}; a file runs once."""

    @functools.cache
    def run(file):
        command = [MPREMOTE, "connect", port, "mount", mounted, "exec", PROGRAM.format(file=file, scratch=SCRATCH)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S)
        said = done.stdout.replace("\r", "")
        found = {one["name"]: (one["word"], one["trace"]) for one in FAILED.finditer(said)}
        assert found, f"{file} did not run on the board:\n{said}\n{done.stderr}"
        return found

    yield run
    clear = [MPREMOTE, "connect", port, "fs", "rm", "-r", f":{SCRATCH}"]
    subprocess.run(clear, capture_output=True, timeout=60)  # there is none if no file ran


@pytest.mark.timeout(LONGEST_S + 30)
def test_it_holds_on_the_board(results, file, name):
    word, trace = results(file).get(name, ("", "the file ended before it"))
    if word == "long":
        pytest.skip("takes too long on a chip")
    assert word == "ok", trace
