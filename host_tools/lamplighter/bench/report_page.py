"""A bench run as one page of HTML, with nothing from elsewhere: verdicts, measured values in their limits, logs."""

from __future__ import annotations

from html import escape
from typing import Any

from ..commissioning import check_sentences

_STYLE = """
:root { --good: #05603a; --bad: #b42318; --open: #8a4b00; --line: #d5d9de; --quiet: #5b6470 }
* { box-sizing: border-box }
body { font: 15px/1.45 "Helvetica Neue", Helvetica, Arial, sans-serif; color: #14181d; margin: 0 auto;
  max-width: 1080px; padding: 24px }
h1 { font-size: 26px; margin: 0 } h2 { font-size: 19px; margin: 36px 0 2px } h3 { font-size: 15px; margin: 18px 0 4px }
p { margin: 4px 0 } .quiet { color: var(--quiet) }
.pass, .passed { color: var(--good) } .fail, .failed, .error { color: var(--bad) } .skipped { color: var(--open) }
.verdict { font-weight: bold; text-transform: uppercase }
table { border-collapse: collapse; width: 100%; margin: 6px 0 }
th { text-align: left; font-weight: normal; color: var(--quiet); border-bottom: 2px solid var(--line) }
td, th { padding: 3px 10px 3px 0; vertical-align: top } td { border-bottom: 1px solid var(--line) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td.mark { width: 22px; font-weight: bold }
svg.scale { width: 150px; height: 14px; display: block; margin-top: 4px }
details { border-left: 3px solid var(--bad); padding-left: 12px; margin: 10px 0 }
summary { cursor: pointer; font-weight: bold; overflow-wrap: anywhere }
pre { background: #f4f5f7; padding: 10px; overflow-x: auto; font: 12.5px/1.4 "DejaVu Sans Mono", Menlo, monospace }
@media print { body { max-width: none; padding: 0 } details { break-inside: avoid } }
"""
_MARKS = {"passed": "✓", "failed": "✗", "error": "✗", "skipped": "–"}


def page(documents: list[dict[str, Any]]) -> str:
    """The whole document, one section a lamppost."""
    good = sum(one["verdict"] == "pass" for one in documents)
    word = "pass" if documents and good == len(documents) else "fail"
    overview = "".join(_overview(one) for one in documents) if len(documents) > 1 else ""
    table = f"<table><tr>{_heads('', 'lamppost', 'board', 'tests', 'seconds')}</tr>{overview}</table>"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Bench: {word}</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>
<h1>Lampposts on the bench: <span class="verdict {word}">{word}</span></h1>
<p class="quiet">{good} of {len(documents)} lampposts pass; {escape(_when(documents))}</p>
{table if overview else ""}{"".join(_section(one) for one in documents)}
</body></html>
"""


def _when(documents: list[dict[str, Any]]) -> str:
    first = documents[0] if documents else {"began": "", "tool": ""}
    return f"{first['began'].replace('T', ' ').replace('+00:00', ' UTC')}, {first['tool']}"


def _heads(*names: str) -> str:
    right = {"value", "low", "high", "seconds"}
    return "".join(f'<th class="n">{name}</th>' if name in right else f"<th>{name}</th>" for name in names)


def _overview(one: dict[str, Any]) -> str:
    mark = "✓" if one["verdict"] == "pass" else "✗"
    name = escape(one["place"])
    return (
        f'<tr><td class="mark {one["verdict"]}">{mark}</td><td><a href="#{name}">{name}</a></td>'
        f'<td>{escape(one["board"])}</td><td>{_counts(one)}</td><td class="n">{one["seconds"]:.1f}</td></tr>'
    )


def _counts(one: dict[str, Any]) -> str:
    outcomes = [test["outcome"] for test in one["tests"]]
    return ", ".join(f"{outcomes.count(word)} {word}" for word in _MARKS if word in outcomes) or "none ran"


def _section(one: dict[str, Any]) -> str:
    simulated = ", simulated" if one["simulated"] else ""
    stopped = f'<p class="fail">The run was ended: {escape(one["stopped"])}.</p>' if one["stopped"] else ""
    rows = [row for test in one["tests"] for row in test["measured"]]
    measured = "".join(_measured(row) for row in rows)
    heads = _heads("", "check", "what", "value", "low", "high", "unit", "")
    values = f"<h3>Measured</h3><table><tr>{heads}</tr>{measured}</table>" if rows else ""
    tests = "".join(_test(test) for test in one["tests"])
    failures = "".join(_failure(test) for test in one["tests"] if test["outcome"] in ("failed", "error"))
    return f"""<h2 id="{escape(one["place"])}">{escape(one["place"])}
<span class="verdict {one["verdict"]}">{one["verdict"]}</span></h2>
<p class="quiet">{escape(one["board"])} on {escape(one["port"])}{simulated}; {_counts(one)}; {one["seconds"]:.1f} s</p>
{stopped}{failures}{values}
<h3>Tests</h3><table><tr>{_heads("", "test", "seconds")}</tr>{tests}</table>"""


def _measured(row: dict[str, Any]) -> str:
    said = {key: escape(text) for key, text in check_sentences.cells(row).items()}
    kind = "passed" if row["ok"] else "failed"
    numbers = "".join(f'<td class="n">{said[key]}</td>' for key in ("value", "low", "high"))
    last = _scale(row) if row["word"] in ("", "range") else f'<span class="failed">{said["word"]}</span>'
    return (
        f'<tr><td class="mark {kind}">{said["mark"]}</td><td>{said["check"]}</td><td>{said["what"]}</td>'
        f"{numbers}<td>{said['unit']}</td><td>{last}</td></tr>"
    )


def _scale(row: dict[str, Any]) -> str:
    """Where the value lies between its limits; drawn only where there are two."""
    value, low, high = row["value"], row["low"], row["high"]
    if None in (value, low, high) or high <= low:
        return ""
    at = min(max((value - low) / (high - low), -0.12), 1.12)
    colour = "var(--good)" if row["ok"] else "var(--bad)"
    return (
        '<svg class="scale" viewBox="0 0 150 14"><path d="M20 7h110" stroke="#b8bfc8" stroke-width="2"/>'
        '<path d="M20 2v10M130 2v10" stroke="#14181d" stroke-width="1.5"/>'
        f'<circle cx="{20 + 110 * at:.1f}" cy="7" r="4.5" fill="{colour}"/></svg>'
    )


def _test(test: dict[str, Any]) -> str:
    name, reason = _name(test["test"]), ""
    if test["outcome"] == "skipped":
        reason = f' <span class="quiet">{escape(test["failure"])}</span>'
    return (
        f'<tr><td class="mark {test["outcome"]}">{_MARKS[test["outcome"]]}</td><td>{name}{reason}</td>'
        f'<td class="n">{test["seconds"]:.1f}</td></tr>'
    )


def _name(nodeid: str) -> str:
    """tests/hil/test_power.py::test_a_cut_loses_nothing[1] as a sentence."""
    file, _, name = nodeid.rpartition("::")
    name, bracket, case = name.partition("[")
    words = name.removeprefix("test_").replace("_", " ")
    where = file.rpartition("/")[2].removeprefix("test_").removesuffix(".py").replace("_", " ")
    return f'<span class="quiet">{escape(where)}:</span> {escape(words)}{escape(bracket + case)}'


def _failure(test: dict[str, Any]) -> str:
    logs = "".join(
        f"<p>{escape(title)}</p><pre>{escape(text)}</pre>" for title, text in test["sections"] if text.strip()
    )
    return f"<details open><summary>{_name(test['test'])}</summary><pre>{escape(test['failure'])}</pre>{logs}</details>"
