"""A report as one page of HTML, for a screen, a phone and print; it needs nothing from elsewhere."""

from __future__ import annotations

from html import escape
from importlib import resources
from typing import Any

from .charts import Chart
from .document import Column, Figure, Report, Section, Table


def page(report: Report, made: str) -> str:
    """made -- when and by what, in words."""
    style = resources.files(__name__.rpartition(".")[0]).joinpath("page.css").read_text(encoding="utf-8")
    title = f"{report.title}, {report.period.first} to {report.period.last}"
    cautions = "".join(f"<li>{escape(one)}</li>" for one in report.cautions)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head><body>
<header><h1>{escape(report.title)}</h1><p>{escape(report.period.words)}</p></header>
{f'<ul class="cautions">{cautions}</ul>' if cautions else ""}
{"".join(_section(one) for one in report.sections)}
<footer>{"".join(f"<p>{escape(one)}</p>" for one in report.sources)}<p>{escape(made)}</p></footer>
</body></html>
"""


def text(value: Any, column: Column | Figure) -> str:
    """A value as the page shows it; a dash where it is not known."""
    if value is None:
        return "–"
    if isinstance(value, str) or column.decimals is None:
        return str(value)
    value = round(value, column.decimals) or 0  # no minus zero
    shown = f"{value:,.{column.decimals}f}".replace(",", "\u202f")  # a narrow space between thousands
    return shown.replace("-", "\u2212")


def _section(section: Section) -> str:
    words = "".join(f'<p class="method">{escape(one)}</p>' for one in section.words)
    figures = "".join(_figure(one) for one in section.figures)
    return f"""<section><h2>{escape(section.title)}</h2>
{f'<div class="figures">{figures}</div>' if figures else ""}
{words}{"".join(_chart(one) for one in section.charts)}{"".join(_table(one) for one in section.tables if one.shown)}
</section>
"""


def _figure(figure: Figure) -> str:
    unit = f" <small>{escape(figure.unit)}</small>" if figure.unit and figure.value is not None else ""
    value = escape(text(figure.value, figure)) + unit
    return (
        f'<div><span class="label">{escape(figure.label)}</span><span class="value">{value}</span>'
        f'<span class="method">{escape(figure.method)}</span></div>'
    )


def _chart(chart: Chart) -> str:
    return (
        f'<figure><figcaption>{escape(chart.title)}</figcaption><div class="wide">{chart.svg()}</div>'
        f'<div class="narrow">{chart.svg(narrow=True)}</div><p class="method">{escape(chart.method)}</p></figure>'
    )


def _table(table: Table) -> str:
    heads = "".join(f"<th{_right(column)}>{escape(_head(column))}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td{_right(column)}>{escape(text(row.get(column.name), column))}</td>"
                         for column in table.columns) + "</tr>"
        for row in table.rows[: table.shown]
    )  # fmt: skip
    more = len(table.rows) - table.shown
    rest = f"{more} more rows are in {table.name}.csv. " if more > 0 else ""
    return f"""<h3>{escape(table.title)}</h3>
<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>
<p class="method">{escape(rest)}{escape(table.method)}</p>
"""


def _head(column: Column) -> str:
    return f"{column.label}, {column.unit}" if column.unit else column.label


def _right(column: Column) -> str:
    return "" if column.decimals is None else ' class="n"'
