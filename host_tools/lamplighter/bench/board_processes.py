"""Several lampposts at once: a pytest of its own for each, their lines side by side, their reports made one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import report

if TYPE_CHECKING:
    from .bench_file import Place

_OURS = ("--node", "--place", "--bench-report", "--bench-json", "--junitxml", "--junit-xml")


def run(config: pytest.Config, places: list[Place]) -> int:
    """pytest's exit code: of the worst of them."""
    names = _names(places)
    with tempfile.TemporaryDirectory() as folder:
        parts = [Path(folder) / str(index) for index in range(len(places))]
        running = [_start(config, *row) for row in zip(places, names, parts, strict=True)]
        readers = [
            threading.Thread(target=_pass_on, args=(one, name)) for one, name in zip(running, names, strict=True)
        ]
        try:
            for one in readers:
                one.start()
            codes = [one.wait() for one in running]
        except BaseException:
            for one in running:
                one.terminate()
            raise
        finally:
            for one in readers:
                one.join()
        _merge(config, places, names, parts, codes)
    for name, code in zip(names, codes, strict=True):
        print(f"{name}: {'pass' if code == 0 else f'fail ({pytest.ExitCode(code).name.lower()})'}")
    return max(codes)


def _names(places: list[Place]) -> list[str]:
    names = [place.name for place in places]
    numbered = enumerate(names, 1)
    return [name if names.count(name) == 1 else f"{name}-{names[:at].count(name)}" for at, name in numbered]


def _start(config: pytest.Config, place: Place, name: str, part: Path) -> subprocess.Popen[str]:
    chosen = ["--place", place.name] if config.option.bench else ["--node", place.port]
    # a line a test, so that whoever waits sees it go on: the lines of several boards are told apart, dots are not
    reports = ["--verbosity=1", f"--junitxml={part}.xml", f"--bench-json={part}.json", "-o", f"junit_suite_name={name}"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *_others(config), *chosen, *reports]
    return subprocess.Popen(
        command, cwd=config.invocation_params.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _others(config: pytest.Config) -> list[str]:
    """The arguments that are the same for all."""
    kept: list[str] = []
    given = iter(map(str, config.invocation_params.args))
    for word in given:
        if word in _OURS:
            next(given, None)
        elif not word.startswith(tuple(f"{name}=" for name in _OURS)):
            kept.append(word)
    return kept


def _pass_on(process: subprocess.Popen[str], name: str) -> None:
    for line in process.stdout or ():
        print(f"{name} | {line}", end="", flush=True)


def _merge(config: pytest.Config, places: list[Place], names: list[str], parts: list[Path], codes: list[int]) -> None:
    documents, suites = [], xml.Element("testsuites", name="lampposts")
    for place, name, part, code in zip(places, names, parts, codes, strict=True):
        said = part.with_suffix(".json")
        if said.exists():
            documents.append({**json.loads(said.read_text(encoding="utf-8"))["lampposts"][0], "place": name})
        else:
            documents.append(_unheard(place, name, code))
        if part.with_suffix(".xml").exists():
            suites.extend(xml.parse(part.with_suffix(".xml")).getroot().findall("testsuite"))
    report.write(config.option, documents)
    if config.option.xmlpath:
        Path(config.option.xmlpath).parent.mkdir(parents=True, exist_ok=True)
        xml.ElementTree(suites).write(config.option.xmlpath, encoding="utf-8", xml_declaration=True)


def _unheard(place: Place, name: str, code: int) -> report.Document:
    return {
        "place": name, "port": place.port, "board": place.board, "simulated": place.virtual, "verdict": "fail",
        "stopped": f"pytest ended with {code} before a test", "began": "", "seconds": 0.0, "tool": "", "tests": [],
    }  # fmt: skip
