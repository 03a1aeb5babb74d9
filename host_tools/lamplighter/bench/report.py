"""Collects the results of a run, and writes them as JSON and one HTML page."""

from __future__ import annotations

import datetime
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .. import __version__
from ..documents import atomic_file
from ..problems import BenchInvalid
from . import report_page
from .measurements import MEASURED

if TYPE_CHECKING:
    from .bench_file import Place

Document = dict[str, Any]  # of one lamppost
_REMEDY = "Name another file, in a folder that can be written."


class Report:
    """A plug-in of pytest, registered where a report was asked for."""

    def __init__(self, config: pytest.Config, place: Place):
        self._config = config
        self._place = place
        self._began = time.time()
        self._tests: dict[str, Document] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: what others add to a report is in it
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report: pytest.TestReport = yield
        row = self._tests.setdefault(item.nodeid, {"test": item.nodeid, "outcome": "passed", "seconds": 0.0})
        row["seconds"] = round(row["seconds"] + report.duration, 3)
        if report.failed:
            row["outcome"] = "failed" if report.when == "call" else "error"
            row["failure"] = report.longreprtext
            row["sections"] = [list(section) for section in report.sections]
        elif report.skipped and row["outcome"] == "passed":
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            row["outcome"], row["failure"] = "skipped", reason.removeprefix("Skipped: ")
        row["measured"] = item.stash.get(MEASURED, [])
        return report

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        write(self._config.option, [self.document(exitstatus, session.shouldstop)])

    def document(self, exitstatus: int, stopped: object = False) -> Document:
        place = self._place
        tests = list(self._tests.values())
        return {
            "place": place.name, "port": place.port, "board": place.board, "simulated": place.virtual,
            "verdict": "pass" if exitstatus == 0 else "fail", "stopped": str(stopped) if stopped else "",
            "began": datetime.datetime.fromtimestamp(self._began, datetime.UTC).isoformat(timespec="seconds"),
            "seconds": round(time.time() - self._began, 1), "tool": f"lamplighter {__version__}", "tests": tests,
        }  # fmt: skip


def write(option: Any, documents: list[Document]) -> None:
    """The files that the options name. Raises BenchInvalid where one cannot be written."""
    if option.bench_json:
        whole = {"v": 1, "verdict": verdict(documents), "lampposts": documents}
        text = json.dumps(whole, indent=1, ensure_ascii=False)
        atomic_file.write(Path(option.bench_json), text.encode(), _REMEDY, problem=BenchInvalid)
    if option.bench_report:
        page = report_page.page(documents)
        atomic_file.write(Path(option.bench_report), page.encode(), _REMEDY, problem=BenchInvalid)


def verdict(documents: list[Document]) -> str:
    return "pass" if documents and all(one["verdict"] == "pass" for one in documents) else "fail"
