"""The verdicts for others: an object for JSON, JUnit for a test server, one HTML page for people."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ..documents import atomic_file
from .conform_rules import Judged

MARKS = {True: "✓", False: "✗", None: "–"}
_REMEDY = "Name a file that can be written; the run itself must be done again."
_COLOURS = {True: "#05603a", False: "#b42318", None: "#5b6470"}
_STYLE = """
body { font: 16px/1.45 "Helvetica Neue", Helvetica, Arial, sans-serif; color: #14181d; background: #fff;
  margin: 0 auto; max-width: 880px; padding: 20px }
h1 { font-size: 24px; margin: 0 } p { margin: 4px 0 16px; color: #5b6470 }
ul { list-style: none; padding: 0 } li { display: flex; gap: 12px; padding: 10px 0; border-top: 1px solid #d5d9de }
b.mark { width: 20px; flex: none } div { overflow-wrap: anywhere; min-width: 0 } code { color: #5b6470 }
"""


def verdict(rules: list[Judged]) -> str:
    return "fail" if any(rule.ok is False for rule in rules) else "pass"


def result(node: str, rules: list[Judged]) -> dict[str, Any]:
    """rules -- what was judged; not_judged -- what this run could not see, and why."""
    return {
        "node": node,
        "verdict": verdict(rules),
        "rules": [{"id": rule.id, "ok": rule.ok, "evidence": rule.evidence} for rule in rules if rule.ok is not None],
        "not_judged": [{"id": rule.id, "why": rule.evidence} for rule in rules if rule.ok is None],
    }


def write_junit(path: Path, node: str, rules: list[Judged]) -> None:
    failed, skipped = (sum(rule.ok is which for rule in rules) for which in (False, None))
    suite = ElementTree.Element(
        "testsuite", name=f"conform {node}", tests=str(len(rules)), failures=str(failed), skipped=str(skipped)
    )
    for rule in rules:
        case = ElementTree.SubElement(suite, "testcase", classname=f"conform.{node}", name=rule.id)
        if rule.ok is None:
            ElementTree.SubElement(case, "skipped", message=rule.evidence)
        elif not rule.ok:
            ElementTree.SubElement(case, "failure", message=rule.title).text = rule.evidence
        else:
            ElementTree.SubElement(case, "system-out").text = rule.evidence
    atomic_file.write(path, ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True), _REMEDY)


def write_html(path: Path, node: str, rules: list[Judged], when: str) -> None:
    counts = [sum(rule.ok is which for rule in rules) for which in (True, False, None)]
    rows = "".join(
        f'<li><b class="mark" style="color:{_COLOURS[rule.ok]}">{MARKS[rule.ok]}</b>'
        f"<div>{escape(rule.title)} <code>{rule.id}</code><br>{escape(rule.evidence)}</div></li>"
        for rule in sorted(rules, key=lambda rule: (rule.ok is not False, rule.ok is None))
    )
    word = verdict(rules)
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(node)}: {word}</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>
<h1>{escape(node)}: <span style="color:{_COLOURS[word == "pass"]}">{word}</span></h1>
<p>{counts[0]} rules kept, {counts[1]} broken, {counts[2]} not judged; {escape(when)}</p>
<ul>{rows}</ul>
</body></html>
"""
    atomic_file.write(path, page.encode(), _REMEDY)
