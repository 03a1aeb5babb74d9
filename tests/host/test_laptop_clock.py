"""A laptop with a wrong clock is found out before the lamppost is touched, and spoils no earlier result."""

from __future__ import annotations

import datetime
import json
from types import SimpleNamespace

import pytest
from guarded_street import problem
from lamplighter.commissioning import laptop_clock, run
from lamplighter.commissioning.context import Before, Options, Work
from lamplighter.commissioning.progress import Progress
from lamplighter.pki import clock
from lamplighter.problems import BrokerRefused, ClockWrong, SelftestFailed
from lamplighter.roster.results import Results

DAY = datetime.timedelta(days=1)
MAC = "24:0a:c4:00:00:01"


def days_off(monkeypatch, days):
    real = datetime.datetime.now(datetime.UTC)
    monkeypatch.setattr(clock, "now", lambda: real + days * DAY)


def test_a_clock_before_the_last_certificate_is_refused_with_both_dates(street, monkeypatch):
    laptop_clock.require(street.city)
    days_off(monkeypatch, -1)
    with pytest.raises(ClockWrong, match="This computer's clock shows .* got its certificate"):
        laptop_clock.require(street.city)


@pytest.mark.parametrize("days, words", [(-400, "is valid from"), (4000, "is valid until")])
def test_a_clock_at_which_the_certificate_of_the_broker_is_not_valid_is_refused(street, monkeypatch, days, words):
    laptop_clock.require_as_of_broker("localhost", street.port)
    days_off(monkeypatch, days)
    with pytest.raises(ClockWrong, match=words):
        laptop_clock.require_as_of_broker("localhost", street.port)
    street.broker.stop()
    laptop_clock.require_as_of_broker("localhost", street.port)  # nothing to compare with


def test_commission_looks_at_the_clock_before_the_lamppost(street):
    book = street.city.folder / "index.json"
    content = json.loads(book.read_text())
    content["certificates"][-1]["issued"] = (datetime.datetime.now(datetime.UTC) + 90 * DAY).isoformat()
    book.write_text(json.dumps(content))
    done = street.commission("LP-0001", "--yes", "--json", port="no-such-port")
    assert problem(done) == ("clock-wrong", 4)
    assert not street.results()


class Course:
    """A course whose only step ends with a trouble, for an asset that was commissioned before."""

    name = "step"

    def __init__(self, folder, trouble, config="", rewritten=False):
        self.results = Results(folder / "street.csv")
        self.results.note("LP-0001", state="commissioned", mac=MAC, config="c0ffee", build="b1", record="r.json")
        row = SimpleNamespace(asset="LP-0001", name="lisbon/lp-0001", board="lamppost-esp32")
        self.trouble = trouble
        self.work = Work(
            row, None, self.results, Options("port"), None, Before(MAC, row.name), Progress("LP-0001"),
            lambda line: None, config=config, rewritten=rewritten,
        )  # fmt: skip

    def holds(self, work, kept):
        return False

    def run(self, work):
        raise self.trouble

    def state(self, monkeypatch):
        monkeypatch.setattr(run, "STEPS", (self,))
        with pytest.raises(type(self.trouble)):
            run.run(self.work, None, lambda question: True, lambda number, name: None)
        return self.results.of("LP-0001")["state"]


@pytest.mark.parametrize("config", ["", "c0ffee"])
def test_what_this_computer_could_not_look_at_leaves_an_earlier_result_as_it_was(tmp_path, monkeypatch, config):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    course = Course(tmp_path, BrokerRefused("The certificate is not yet valid."), config)
    assert course.state(monkeypatch) == "commissioned"
    assert course.results.of("LP-0001")["problem"] == "step: The certificate is not yet valid."


@pytest.mark.parametrize("changed", [{"config": "another"}, {"rewritten": True}])
def test_a_lamppost_that_was_changed_since_is_failed_until_the_course_ends(tmp_path, monkeypatch, changed):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert Course(tmp_path, BrokerRefused("No."), **changed).state(monkeypatch) == "failed"


def test_a_lamppost_that_fails_its_test_is_failed_whatever_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert Course(tmp_path, SelftestFailed("A part is silent.")).state(monkeypatch) == "failed"
