"""What a report consists of: sections with figures, charts and tables, each with its method beneath it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .charts import Chart
from .period import Period

ROWS_ON_PAGE = 25


@dataclass(frozen=True)
class Column:
    """name -- in CSV and JSON, with its unit in it; decimals -- None: text."""

    name: str
    label: str
    unit: str = ""
    decimals: int | None = None


@dataclass
class Table:
    """rows -- best to read first: the page shows the first ones, the CSV has all."""

    name: str
    title: str
    columns: list[Column]
    rows: list[dict[str, Any]]
    method: str = ""
    shown: int = ROWS_ON_PAGE


@dataclass(frozen=True)
class Figure:
    """value -- None: not known; method -- how it was found, and from what."""

    name: str
    label: str
    value: float | int | str | None
    unit: str = ""
    decimals: int = 0
    method: str = ""


@dataclass
class Section:
    title: str
    words: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


@dataclass
class Report:
    """sources -- sentences that say where the figures come from; cautions -- what limits them."""

    kind: str
    title: str
    period: Period
    sources: list[str]
    sections: list[Section] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)

    @property
    def figures(self) -> list[Figure]:
        return [figure for section in self.sections for figure in section.figures]

    @property
    def tables(self) -> list[Table]:
        return [table for section in self.sections for table in section.tables]

    @property
    def charts(self) -> list[Chart]:
        return [chart for section in self.sections for chart in section.charts]


def kwh(mwh: float | int | None) -> float | None:
    """Of milliwatt hours, rounded to a tenth of a watt hour."""
    return None if mwh is None else round(float(mwh) / 1e6, 4)
