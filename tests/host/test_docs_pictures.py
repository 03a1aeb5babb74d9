"""What is made for eyes: the wiring shows every pin of a board, the card names only what exists, the menu has all."""

import importlib.util
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from lamplighter import problems
from lamplighter.boards import board_file
from lamplighter.cli import VERBS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def of_docs(name):
    sys.path.insert(0, str(DOCS))
    try:
        spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(DOCS))


@pytest.mark.parametrize("name", board_file.names())
def test_the_wiring_shows_every_pin_and_every_part_of_the_board(name):
    board = board_file.load(name)
    texts = [text.text or "" for text in xml.parse(DOCS / f"pictures/wiring-{name}.svg").findall(".//{*}text")]
    lines = [bus[line] for bus in board.buses.values() for line in ("tx", "rx", "scl", "sda") if line in bus]
    shown = sorted(int(text.removeprefix("GPIO ")) for text in texts if re.fullmatch(r"GPIO \d+", text))
    assert shown == sorted([*lines, *board.pins.values()])
    assert all(any(text.startswith(f"{part.id}: ") for text in texts) for part in board.fitted)


def test_what_a_board_transmits_goes_to_what_the_part_receives():
    texts = [text.text for text in xml.parse(DOCS / "pictures/wiring-lamppost-esp32.svg").findall(".//{*}text")]
    assert texts[texts.index("meter TX") + 1] == "RX" and texts[texts.index("parking RX") + 1] == "TXD"


def test_the_card_names_commands_and_words_that_exist():
    card = (DOCS / "field/card.html").read_text()
    assert set(re.findall(r"lamplighter ([a-z]+)", card)) <= set(VERBS)
    words = {kind.word for kind in vars(problems).values() if hasattr(kind, "word")}
    section = card.split("What the tool says")[1].split("<h2>")[0]
    assert set(re.findall(r"<tr><td>([a-z-]+)</td>", section)) <= words
    assert "http" not in card.replace("http-equiv", "") and "<link" not in card


def test_every_page_of_the_index_is_in_the_menu_once():
    site = of_docs("site")
    groups = site.menu((DOCS / "README.md").read_text())
    pages = [path for group in groups[1:] for rows in group.values() for row in rows for path in row.values()]
    wanted = {path.relative_to(DOCS.parent).as_posix() for path in DOCS.rglob("*.md")} - {"docs/README.md"}
    wanted -= {path for path in wanted if path.startswith("docs/reference/parts/")}  # the page of all parts leads there
    assert wanted <= set(pages) and len(pages) == len(set(pages))
