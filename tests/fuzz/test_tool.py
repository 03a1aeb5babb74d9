"""A short form of the tool's share of `make fuzz`, and proof that it sees what it looks for."""

import pytest
import tool_campaign
import tool_commands
import tool_readers
from lamplighter.config import config_file
from lamplighter.documents import csv_source
from lamplighter.problems import Problem


@pytest.fixture
def room(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "street-secret")
    furnished, folder = tmp_path / "furnished", tmp_path / "room"
    furnished.mkdir()
    folder.mkdir()
    tool_readers.furnish(furnished)
    return tool_readers.Readers(furnished), tool_commands.Commands(furnished, folder)


def test_no_file_and_no_option_makes_the_tool_end_with_a_bug():
    figures = tool_campaign.fuzz(6000, processes=2, offset=7_000_000)
    cases, unexpected = tool_campaign.total(figures)
    assert unexpected == 0, figures["notes"]
    assert cases == 6000 and figures["targets"]["command"]["cases"] >= 60
    for name in ("command", "traces", "roster", "results", "certificate"):
        row = figures["targets"][name]
        assert 0 < row["passed"] < row["cases"], f"{name}: all cases end alike"


def test_every_sound_file_is_accepted_so_that_spoiled_ones_come_far(room, monkeypatch):
    readers, commands = room
    monkeypatch.setattr(tool_readers.spoil, "data", lambda _rng, data: data)
    for name in tool_readers.SOUND:
        for case in range(12):
            accepted, wrong = tool_campaign.one(name, readers, commands, case)
            assert not wrong, wrong
            assert accepted or name == "certificate", name  # a key without a passphrase is refused one


@pytest.mark.parametrize("broken", [KeyError("site"), RecursionError(), Problem("a cause without a code of its own")])
def test_what_a_broken_reader_does_is_told(room, monkeypatch, broken):
    def raise_it(*_):
        raise broken

    monkeypatch.setattr(config_file, "check", raise_it)
    monkeypatch.setattr(csv_source, "parse", raise_it)
    monkeypatch.setattr(tool_commands, "COMMANDS", ["roster check {street.csv}"])
    monkeypatch.setattr(tool_commands.spoil, "data", lambda _rng, sound: sound)
    told = [tool_campaign.one(name, *room, 1)[1] for name in ("config", "roster", "command")]
    assert all(told), told
    assert "exit code 1" in told[2]
