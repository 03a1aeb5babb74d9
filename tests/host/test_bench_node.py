"""tests/bench/node.py: the steps of a start as a table, also where a start brought nothing."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def node():
    path = Path(__file__).parent.parent / "bench" / "node.py"  # by path: tests/interop has a node.py too
    spec = importlib.util.spec_from_file_location("bench_node", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_median_of_each_step_is_printed_with_what_it_took(node):
    starts = [{"boot.py": 200, "window": 1700 + n, "telemetry": 3000 + n} for n in range(3)]
    figures = node.figures(starts, written=5000, records=20)
    assert figures["steps_ms"] == {"boot.py": 200, "window": 1701, "telemetry": 3001}
    assert figures["flash_per_record"] == 250.0
    said = "\n".join(node.lines(figures))
    assert "(+1300)" in said and "250.0 bytes   (20 records" in said and "no telemetry" not in said


def test_starts_without_telemetry_are_said_and_left_out(node):
    figures = node.figures([{}, {"boot.py": 200, "telemetry": 3000}, {}], written=5000, records=20)
    assert figures["steps_ms"] == {"boot.py": 200, "telemetry": 3000}
    assert "2 of 3 starts brought no telemetry within" in "\n".join(node.lines(figures))


def test_no_record_at_all_is_said_and_not_divided_by(node):
    figures = node.figures([{}, {}], written=300, records=0)
    assert figures["flash_per_record"] is None
    assert "unknown, as no record came to the broker" in "\n".join(node.lines(figures))
