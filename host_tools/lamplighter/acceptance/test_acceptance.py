"""The acceptance checks on a bench: `pytest --pyargs lamplighter.acceptance --node PORT`."""

from __future__ import annotations

import pytest

from ..boards import board_file
from . import checks


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a check: those of the node, then one a part that the board has fitted."""
    from ..bench.plugin import places

    board = board_file.load(places(metafunc.config)[0].board)
    names = [check.name for check in checks.CHECKS if check.name != "self-test"]
    metafunc.parametrize("check", [*names, "node", "journal", *(row.id for row in board.fitted), "wifi"])


@pytest.fixture(scope="module")
def rows(lamppost, bench_place):
    """Asked once: the node is reset for it, and parts take their time to warm up."""
    from ..device.repl import Repl

    with lamppost.port_for_others() as port, Repl(port) as node:
        return checks.run(node, limits=bench_place.limits)


def test_acceptance(check, rows, measured):
    of_this = [row for row in rows if row["check"] == check]
    assert of_this, f"the node said nothing about {check}"
    measured.rows(of_this)
