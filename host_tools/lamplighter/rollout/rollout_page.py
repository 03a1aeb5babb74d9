"""A roll-out as one page of HTML that needs nothing from elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from . import summary
from .engine import Rollout
from .member import DONE, FAILED, UNREACHED, WAITING

_COLOURS = {DONE: "#0a7d4b", FAILED: "#b3261e", UNREACHED: "#b36b00", WAITING: "#d5d8dc"}
_WORKING = "#2a6fdb"
_STYLE = """
:root { color-scheme: light }
* { box-sizing: border-box }
body { font: 16px/1.45 system-ui, "Helvetica Neue", Arial, sans-serif; color: #15181c; background: #fff; margin: 0 auto;
  max-width: 60rem; padding: 1rem; overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 }
h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem }
p { margin: .3rem 0 } .dim { color: #5b6470 } .bad { color: #b3261e; font-weight: 600 }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); gap: .5rem; margin: 1rem 0;
  padding: 0 }
.figures li { list-style: none; border: 1px solid #d5d8dc; border-radius: .4rem; padding: .4rem .6rem }
.figures b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums }
.bar { display: flex; height: .8rem; border-radius: .2rem; overflow: hidden; background: #eef0f2;
  margin: .2rem 0 .7rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #e3e6ea; vertical-align: top }
th { font-weight: 600; color: #5b6470 } td.t { white-space: nowrap; font-variant-numeric: tabular-nums }
details { margin-top: 1rem } summary { cursor: pointer; font-weight: 600 }
@media (max-width: 32rem) {
  thead { display: none } tr { display: block; border-bottom: 1px solid #e3e6ea; padding: .35rem 0 }
  td, td.t { display: block; border: 0; padding: 0; white-space: normal }
}
"""


def page(rollout: Rollout, log: list[tuple[float, str]], utc: float) -> str:
    found = summary.counts(rollout.members)
    figures = "".join(
        f"<li><b>{found[step]}</b>{escape(head)}</li>" for step, head in summary.COLUMNS.items() if found[step]
    )
    reason = f'<p class="bad">{escape(rollout.progress.reason)}</p>' if rollout.progress.reason else ""
    groups = "".join(_group(group, of, rollout.progress.group) for group, of in summary.by_group(rollout))
    open_ones = [one for one in rollout.members if one.step in (FAILED, UNREACHED)]
    open_ones += summary.beside_silent(rollout)
    attention = _table(rollout, open_ones) if open_ones else "<p>None.</p>"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Roll-out {escape(rollout.plan.name)}</title><style>{_STYLE}</style></head><body>
<h1>Roll-out {escape(rollout.plan.name)}</h1>
<p>{escape(summary.headline(rollout).partition(": ")[2])}</p>{reason}
<p class="dim">{len(rollout.members)} lampposts; written {_clock(utc)} UTC</p>
<ul class="figures">{figures}</ul>
<h2>Groups</h2>{groups}
<h2>Lampposts that need attention</h2>{attention}
<h2>What happened</h2>
<table><thead><tr><th>UTC</th><th>event</th></tr></thead><tbody>
{"".join(f'<tr><td class="t">{_clock(at)}</td><td>{escape(text)}</td></tr>' for at, text in log)}
</tbody></table>
<details><summary>All lampposts</summary>{_table(rollout, rollout.members)}</details>
</body></html>
"""


def _group(group: int, found, current: int) -> str:
    total = found.total() or 1
    bar = "".join(
        f'<span style="width:{100 * found[step] / total:.2f}%;background:{_COLOURS.get(step, _WORKING)}" '
        f'title="{escape(head)}: {found[step]}"></span>'
        for step, head in summary.COLUMNS.items() if step != WAITING and found[step]
    )  # fmt: skip
    words = ", ".join(f"{found[step]} {head}" for step, head in summary.COLUMNS.items() if found[step])
    mark = " (now)" if group == current else ""
    return f'<div>Group {group}{mark}: {escape(words)}</div><div class="bar">{bar}</div>'


def _table(rollout: Rollout, members) -> str:
    silent = {id(one) for one in summary.beside_silent(rollout)}
    rows = "".join(
        f"<tr><td>{escape(one.name)}</td><td>group {one.group}</td>"
        f"<td>{escape(str(one.runs) if one.build else 'not known')}</td>"
        f"<td>{escape('waits beside a silent lamppost' if id(one) in silent else summary.told(one))}</td></tr>"
        for one in members
    )
    return (
        "<table><thead><tr><th>lamppost</th><th>group</th><th>runs</th><th>state</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _clock(utc: float) -> str:
    return datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%d %H:%M")
