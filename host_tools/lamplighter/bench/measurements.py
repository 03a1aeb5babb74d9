"""Collects measured values with their limits for the reports, and checks them."""

from __future__ import annotations

from typing import Any

import pytest

from ..device.check_rows import Limits, Row, judged, row

MEASURED = pytest.StashKey[list[Row]]()


class Measured:
    """measured("lamp.current", 0.43, "A", low=0.4, high=0.5): recorded, and the test fails where it is outside.

    The bench's own limits of that name count instead of the test's.
    """

    def __init__(self, item: Any, limits: Limits):
        self._item, self._limits = item, limits

    def __call__(
        self, name: str, value: float | None, unit: str = "", low: float | None = None, high: float | None = None
    ) -> float | None:
        check, _, what = name.rpartition(".")
        self.rows([row(check or self._item.name, what, value, unit, low, high)])
        return value

    def rows(self, rows: list[Row]) -> None:
        """Several at once, each judged; one failure names all that are outside."""
        rows = [judged(one, self._limits) for one in rows]
        self._item.stash.setdefault(MEASURED, []).extend(rows)
        for one in rows:
            self._item.user_properties.append((f"{one['check']}.{one['what']}", in_the_junit_file(one)))
        wrong = [one for one in rows if not one["ok"]]
        if wrong:
            pytest.fail("\n".join(sentence(one) for one in wrong), pytrace=False)


def in_the_junit_file(one: Row) -> str:
    """878 mm (at least 100)"""
    low, high = one["low"], one["high"]
    value = "no value" if one["value"] is None else f"{one['value']} {one['unit']}".strip()
    limits = f"({low} to {high})" if low is not None and high is not None else ""
    if not limits and (low is not None or high is not None):
        limits = f"(at least {low})" if high is None else f"(at most {high})"
    return " ".join(filter(None, (value, limits, one["word"])))


def sentence(one: Row) -> str:
    """meter voltage: 180.0 V is not within 195.5 to 253.0"""
    from ..commissioning import check_sentences

    said = check_sentences.cells(one)
    if one["word"] != "range" or one["value"] is None:
        return f"{said['check']} {said['what']}: {one['word'] if one['word'] != 'range' else 'no value'}"
    limits = f"from {said['low']}" if not said["high"] else f"up to {said['high']}"
    limits = f"{said['low']} to {said['high']}" if said["low"] and said["high"] else limits
    return f"{said['check']} {said['what']}: {said['value']} {said['unit']}".rstrip() + f" is not {limits}"
