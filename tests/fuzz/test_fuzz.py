"""A short form of `make fuzz`, and proof that it sees what it looks for."""

import campaign
import pytest
import targets
from lamppost.core.faults import LinkFault
from lamppost.journal.counters import Counters
from lamppost.link.mqtt import packets


def test_nothing_that_others_write_makes_the_node_do_what_it_must_not():
    names = ("mqtt", "mqtt5", "frames", "lines", "sntp", "documents", "files", "releases", "dali")
    figures = campaign.fuzz(40000, names=names, offset=7_000_000)
    cases, unexpected = campaign.total(figures)
    assert unexpected == 0, figures["notes"]
    assert cases > 75000
    for name, row in figures["targets"].items():
        assert 0 < row["passed"] < row["cases"], f"{name}: all cases end alike"


def test_spoiled_flash_is_recovered_or_refused_with_a_word():
    figures = campaign.fuzz(10000, names=("journal",), offset=7_000_000)
    assert campaign.total(figures)[1] == 0, figures["notes"]
    assert 0 < figures["targets"]["journal"]["passed"] < figures["targets"]["journal"]["cases"]


def test_commands_have_one_effect_at_most_and_one_answer_at_least_whatever_is_sent_and_cut():
    figures = campaign.fuzz(20000, names=("commands", "sequences"), offset=7_000_000)
    assert campaign.total(figures)[1] == 0, figures["notes"]
    for name, row in figures["targets"].items():
        assert 0 < row["passed"] < row["cases"], f"{name}: all cases end alike"


def test_a_node_that_forgets_its_answers_at_a_reboot_is_found_out(monkeypatch):
    def forget(self, place, data, now=False):
        self.answers[place] = data
        return True

    monkeypatch.setattr(Counters, "keep_answer", forget)
    done = campaign.cases.run("sequences", 0, 60)
    assert done["unexpected"] > 0 and "effects" in done["notes"][0]


@pytest.mark.parametrize(
    ("breaking", "told"),
    [
        ("stuck", "asks and asks"),
        ("word", "the word mystery"),
        ("crash", "IndexError"),
    ],
)
def test_what_a_broken_reader_does_is_told_with_the_number_of_its_case(monkeypatch, breaking, told):
    class Broken(packets.Reader):
        def read(self, wire, most):
            packets.Reader.read(self, wire, most)
            if breaking == "crash":
                raise IndexError
            if breaking == "word":
                raise LinkFault("mystery")
            return 1

    sound = targets.packets_3()
    monkeypatch.setitem(targets.TARGETS, "mqtt", (lambda: targets.Packets(Broken, sound.connack, sound.good), 1000))
    done = campaign.cases.run("mqtt", 5, 25)
    assert done["unexpected"] > 5
    assert told in done["notes"][0] and done["notes"][0].startswith("mqtt case ")
