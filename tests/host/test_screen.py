"""What the user sees at a terminal: tables that fit, a bar beside the notes, questions that no bar paints over."""

from __future__ import annotations

import io

import pytest
from lamplighter import screen
from lamplighter.commands import list as list_verb
from rich.console import Console

PORTS = [
    {"device": f"/dev/ttyUSB{n}", "state": "running", "bridge": "CP210x", "place": "1-1.4.2", "serial": "0001",
     "mac": "24:0a:c4:aa:16:d9", "asset": "LP-0042", "node": "lisbon/lp-0042", "chip": "ESP32",
     "board": "lamppost-esp32", "firmware": "0.1.0", "config": "e83140a8fc3e", "reset": "power-on"}
    for n in range(2)
]  # fmt: skip


@pytest.fixture
def terminal(monkeypatch):
    """terminal(width) -> (what went to stdout, what went to stderr), each a StringIO."""

    def _terminal(width):
        streams = io.StringIO(), io.StringIO()
        for name, stream in zip(("out", "err"), streams, strict=True):
            monkeypatch.setattr(screen, name, Console(file=stream, force_terminal=True, width=width, highlight=False))
        return streams

    return _terminal


def plain(stream):
    from rich.text import Text

    return Text.from_ansi(stream.getvalue()).plain


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_list_keeps_ports_and_node_names_whole_and_drops_columns(terminal, width):
    out, err = terminal(width)
    columns = list_verb.COLUMNS | {key: key for key in list_verb.FACTS}
    screen.table(columns, PORTS, list_verb.DROPPED_FIRST)
    lines = plain(out).splitlines()
    assert len(lines) == 3 and all(len(line) <= width for line in lines), lines
    assert all("/dev/ttyUSB" in line and "lisbon/lp-0042" in line for line in lines[1:])
    dropped = [head for key, head in columns.items() if head not in lines[0].split()]
    assert bool(dropped) == (width < 200)
    assert all(head in plain(err) for head in dropped)
    assert all(key in list_verb.DROPPED_FIRST for key in columns if key not in ("device", "node"))


def test_a_table_that_goes_to_a_file_has_every_column(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(screen, "out", Console(file=stream, width=40, soft_wrap=True))
    screen.table(list_verb.COLUMNS | {key: key for key in list_verb.FACTS}, PORTS, list_verb.DROPPED_FIRST)
    assert "0001" in stream.getvalue() and "24:0a:c4:aa:16:d9" in stream.getvalue()


def test_steps_at_a_terminal_have_a_bar_that_stands_still_for_a_question(terminal, monkeypatch):
    _, err = terminal(80)
    seen = []

    def confirm(question, err):
        seen.append([bar.live.is_started for bar in screen.bars])
        return True

    monkeypatch.setattr(screen.click, "confirm", confirm)
    monkeypatch.setattr(screen.sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    with screen.steps(8) as begin:
        begin(1, "supply")
        begin(2, "flash")
        assert screen.asked("Continue?")
        assert [bar.live.is_started for bar in screen.bars] == [True]
    assert seen == [[False]] and not screen.bars
    said = plain(err)
    assert "2/8 flash" in said and "1/8" in said and "\x1b[" in err.getvalue()


def test_steps_without_a_terminal_are_a_line_each(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(screen, "err", Console(file=stream, width=80, soft_wrap=True))
    with screen.steps(8) as begin:
        begin(1, "supply")
        begin(2, "flash")
    assert stream.getvalue() == "1/8 supply\n2/8 flash\n"
