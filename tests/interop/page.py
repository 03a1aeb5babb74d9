"""Brokers are run with the settings that docs/integrate/brokers.md tells; the matrix is written into it."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrate" / "brokers.md"


def settings(heading: str, number: int = 0) -> str:
    """The fenced block of that number below a heading of the page."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.M | re.S)
    assert section, f"{PAGE.name} has no heading {heading}"
    return re.findall(r"^```\w*\n(.*?)^```$", section[1], re.M | re.S)[number]


def write(text: str, page: Path = PAGE, target: str = "interop") -> None:
    """Put the text between the markers of that target of make."""
    begin, end = f"<!-- written by `make {target}` -->", f"<!-- end of what `make {target}` wrote -->"
    before, rest = page.read_text("utf-8").split(begin)
    _, after = rest.split(end)
    page.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}", "utf-8")
