"""docs/integrate/brokers.md: brokers are run with the settings that it tells, and the matrix is written into it."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrate" / "brokers.md"
BEGIN = "<!-- written by `make interop` -->"
END = "<!-- end of what `make interop` wrote -->"


def settings(heading: str, number: int = 0) -> str:
    """The fenced block of that number below a heading of the page."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.M | re.S)
    assert section, f"{PAGE.name} has no heading {heading}"
    return re.findall(r"^```\w*\n(.*?)^```$", section[1], re.M | re.S)[number]


def write(text: str) -> None:
    """Put the text between the markers."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}", "utf-8")
