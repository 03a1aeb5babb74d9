"""The rules of a roll-out, one by one, in played time; nothing is published."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest
from lamplighter.problems import RolloutStateWrong
from lamplighter.release.release_address import ReleaseAddress
from lamplighter.rollout.engine import Progress, Rollout
from lamplighter.rollout.member import Member
from lamplighter.rollout.plan_file import Place, Plan
from lamplighter.rollout.rollout_state import RolloutState
from rollout_street import DIAG, NEW, OLD

NIGHT = 1796079600  # 2026-11-30 23:00 UTC: long after dusk in Lisbon
DUSK = 1796058600  # 17:10
RELEASE = ReleaseAddress("http://releases.lan/new.release", "1" * 64, NEW, "0.2.0")
MACHINE = "Generic ESP32 module with SPIRAM with ESP32"
BACK = ReleaseAddress("http://releases.lan/old.release", "0" * 64, OLD, "0.1.0")
HEAD = {"v": 1, "b": 1, "s": None, "ts": None, "tq": 0, "h": 0}


class Bench:
    """A roll-out whose lampposts say what the test lets them say. Three hundred metres apart, on one circuit."""

    def __init__(self, nodes: int = 6, apart: float = 0.003, circuits: int = 1, folder=None, **plan):
        self.names = [f"lisbon/lp-{number}" for number in range(nodes)]
        where = [
            Place(name, "lamppost-esp32", f"c-{number % circuits}", (38.7 + number * apart, -9.14))
            for number, name in enumerate(self.names)
        ]
        plan = {"percent": (100,), "nights": 0, "healthy_min": 10, "deadline_min": 60, "back": BACK, **plan}
        self.plan = Plan(folder, "test", where, plan.pop("release", RELEASE), **plan)
        self.rollout = Rollout(self.plan, [Member(place.name, place=place) for place in where], Progress("test-1"))
        self.utc = float(NIGHT)
        for name in self.names:
            self.online(name)
            self.info(name)

    def begin(self) -> Bench:
        self.rollout.begin()
        return self

    def say(self, name: str, suffix: str, body: dict) -> None:
        self.rollout.take(f"lamppost/v1/{name}/{suffix}", json.dumps({**HEAD, **body}).encode(), False)

    def online(self, name: str, state: str = "online") -> None:
        self.say(name, "state", {"state": state, "reason": ""})

    def info(
        self, name: str, build: str = OLD, board: str = "lamppost-esp32", rollback: bool = True,
        micropython: str = "1.28.0", machine: str = MACHINE,
    ) -> None:  # fmt: skip
        self.say(name, "info", {
            "base": {"micropython": micropython, "machine": machine, "slot": "ota_0", "rollback": rollback},
            "firmware": "lamppost 0.1.0", "build": build, "board": board, "chip": "esp32", "parts": [], "units": {},
            "asset": None, "location": None, "config": None, "schema": {"messages": 1, "config": 1},
        })  # fmt: skip

    def status(self, name: str, phase: str, word: str = "", runs: str = OLD) -> None:
        body = {"phase": phase, "word": word, "sentence": "", "build": NEW, "runs": runs, "done": 0, "total": 0}
        self.say(name, "ota/status", {"id": self.member(name).id, **body})

    def confirm(self, name: str) -> None:
        self.status(name, "trial", runs=NEW)
        self.info(name, NEW)
        self.status(name, "confirmed", runs=NEW)

    def member(self, name: str) -> Member:
        return next(one for one in self.rollout.members if one.name == name)

    def minutes(self, count: int, **options) -> list[tuple[str, str]]:
        """(name, id) of all that was published in these minutes; id "" takes back."""
        found = []
        for _ in range(count):
            self.utc += 60
            publications = self.rollout.tick(self.utc, **options)
            self.rollout.published(publications)
            found += [(one.name, one.id) for one in publications]
        return found

    def asked(self, count: int = 1) -> list[str]:
        return [name for name, id in self.minutes(count) if id]

    def steps(self) -> dict[str, str]:
        return {one.name.rsplit("-", 1)[1]: one.step for one in self.rollout.members}


def test_the_first_group_has_one_of_each_kind_and_of_each_the_weakest_signal():
    bench = Bench(6, percent=(50, 100))
    for name, rssi in zip(bench.names, (-60, -85, -70, -50, -80, -55), strict=True):
        bench.say(name, "diag", {**DIAG, "rssi": rssi})
    bench.info(bench.names[3], board="lamppost-esp32s3")
    bench.info(bench.names[5], board="lamppost-esp32s3")
    bench.info(bench.names[0], rollback=False)
    bench.begin()
    first = [one.name for one in bench.rollout.members if one.group == 1]
    assert first == [bench.names[0], bench.names[1], bench.names[5]], "an old boot loader is a kind of its own"
    assert bench.rollout.groups == 2


def test_a_release_that_changes_only_micropython_is_brought_to_those_that_run_another_one():
    release = ReleaseAddress("http://releases.lan/base.release", "2" * 64, OLD, "0.1.0", base={MACHINE: "1.28.1"})
    bench = Bench(3, apart=0.003, release=release)
    asked, late, other = bench.names
    bench.info(late, micropython="1.28.1")
    bench.info(other, machine="Generic ESP32S3 module with Octal-SPIRAM with ESP32S3")
    bench.begin()
    assert bench.asked(2) == [asked], "one runs it already, and it brings nothing for the machine of another"
    bench.status(asked, "trial", runs=OLD)
    bench.status(asked, "confirmed", runs=OLD)
    bench.minutes(20)
    assert bench.member(asked).step == "confirmed", "it has not said yet that it runs the new one"
    bench.info(asked, micropython="1.28.1")
    bench.minutes(20)
    assert set(bench.steps().values()) == {"done"}


def test_a_lamppost_that_comes_back_with_the_micropython_before_has_failed():
    release = ReleaseAddress("http://releases.lan/base.release", "2" * 64, OLD, "0.1.0", base={MACHINE: "1.28.1"})
    bench = Bench(1, release=release).begin()
    (name,) = bench.asked()
    bench.info(name, micropython="1.28.1")
    bench.status(name, "confirmed", runs=OLD)
    bench.info(name, micropython="1.28.0")
    assert (bench.member(name).step, bench.member(name).word) == ("failed", "old")
    assert "MicroPython 1.28.0" in bench.member(name).sentence


def test_neighbours_are_never_updated_at_once():
    bench = Bench(6, apart=0.0003).begin()  # 33 m
    together = set()
    for _ in range(200):
        for name in bench.asked():
            bench.confirm(name)
        away = [number for number, one in enumerate(bench.rollout.members) if one.under_way]
        together |= {number for number in away if number + 1 in away}
    assert set(bench.steps().values()) == {"done"}
    assert not together


def test_without_positions_the_rows_before_and_after_are_the_neighbours():
    places = [Place(f"lisbon/lp-{number}", "b", "c", None) for number in range(3)]
    members = [Member(place.name, place=place) for place in places]
    Rollout(Plan(None, "test", places, RELEASE), members, Progress("test-1"))  # pyright: ignore[reportArgumentType]
    assert [[other.name[-1] for other in one.neighbours] for one in members] == [["1"], ["0", "2"], ["1"]]


def test_no_more_than_the_plan_allows_are_under_way_at_once():
    bench = Bench(6, at_once=2, percent=(100,)).begin()
    bench.rollout.progress.group = 2
    assert len(bench.asked(5)) == 2


def test_nobody_is_asked_around_dusk():
    bench = Bench(2).begin()
    bench.utc = float(DUSK)
    assert bench.asked(5) == []
    assert bench.asked(60) != []


def test_downloaded_is_no_success_and_confirmed_is_one_after_healthy_minutes_only():
    bench = Bench(1).begin()
    (name,) = bench.asked()
    bench.status(name, "verified")
    bench.minutes(20)
    assert bench.member(name).step == "working"
    bench.confirm(name)
    bench.minutes(5)
    assert bench.member(name).step == "confirmed"
    bench.online(name, "lost")
    bench.minutes(20)
    assert bench.member(name).step == "confirmed", "minutes offline are not healthy"
    bench.online(name)
    bench.minutes(6)
    assert bench.member(name).step == "done"
    assert bench.rollout.progress.mode == "finished"


def test_healthy_minutes_do_not_count_for_the_deadline():
    bench = Bench(1, healthy_min=120, deadline_min=60).begin()
    bench.confirm(bench.asked()[0])
    bench.minutes(122)
    assert bench.steps() == {"0": "done"}


def test_one_that_confirms_and_never_says_what_it_runs_has_failed_in_the_end():
    bench = Bench(1).begin()
    (name,) = bench.asked()
    bench.status(name, "confirmed", runs=NEW)
    bench.minutes(61)
    assert (bench.member(name).step, bench.member(name).word) == ("failed", "late")


def test_a_lamppost_that_confirms_and_runs_another_build_has_failed():
    bench = Bench(1).begin()
    (name,) = bench.asked()
    bench.confirm(name)
    bench.minutes(11)
    bench.rollout.resume()
    bench.info(name, OLD)
    assert (bench.member(name).step, bench.member(name).word) == ("failed", "old")


def test_a_dawn_is_no_failure_and_silence_under_power_is_one():
    bench = Bench(3, circuits=1, failures_percent=100).begin()
    (name, *_) = bench.asked()
    bench.status(name, "trial")
    for one in bench.names:
        bench.online(one, "lost")
    bench.minutes(10 * 60)
    assert bench.member(name).step == "working", "its circuit had no power"
    for one in bench.names:
        if one != name:
            bench.online(one)
    bench.minutes(61)
    assert (bench.member(name).step, bench.member(name).word) == ("failed", "silent")


def test_minutes_that_nobody_watched_do_not_count():
    bench = Bench(2, failures_percent=100).begin()
    (name, *_) = bench.asked()
    bench.online(name, "lost")
    bench.minutes(200, connected=False)
    bench.utc += 10 * 3600  # the computer was asleep
    bench.minutes(30)
    assert bench.member(name).step == "asked"


def test_one_that_was_never_online_is_no_failure_and_is_asked_when_it_comes():
    bench = Bench(2, failures_percent=0)
    name = bench.names[1]
    bench.online(name, "offline")
    bench.begin()
    bench.confirm(bench.asked()[0])
    bench.minutes(100)
    assert bench.steps() == {"0": "done", "1": "unreached"}
    assert bench.rollout.progress.mode == "finished"
    bench.rollout.resume()
    bench.online(name)
    assert bench.asked(2) == [name]


def test_one_on_trial_of_another_update_is_asked_when_that_is_over():
    bench = Bench(1)
    name = bench.names[0]
    bench.begin()
    bench.status(name, "trial")
    assert bench.asked(30) == []
    bench.minutes(40)
    assert bench.member(name).step == "unreached"
    bench.rollout.resume()
    bench.status(name, "confirmed")
    assert bench.asked(2) == [name]


def test_a_small_street_has_no_groups_without_lampposts():
    bench = Bench(3, percent=(10, 50, 100)).begin()
    assert sorted(one.group for one in bench.rollout.members) == [1, 2, 2]


def test_a_lamppost_that_is_off_now_is_in_the_first_group_if_it_is_the_only_one_of_its_kind():
    bench = Bench(3)
    bench.info(bench.names[2], board="lamppost-esp32s3")
    for name in bench.names[1:]:
        bench.online(name, "lost")
    bench.begin()
    assert [one.group for one in bench.rollout.members] == [1, 2, 1]


def test_too_many_failures_stop_it_and_take_back_what_has_not_restarted():
    bench = Bench(4, first=("lisbon/lp-0", "lisbon/lp-1", "lisbon/lp-2"), failures_percent=10).begin()
    first, second, third = bench.asked()
    bench.status(first, "trial")
    bench.status(second, "downloading")
    bench.status(third, "reverted", "crashed")
    published = bench.minutes(3)
    assert bench.rollout.progress.mode == "stopped"
    assert bench.rollout.progress.reason == "1 of the 3 in group 1 failed: lisbon/lp-2 (crashed)"
    assert (second, "") in published
    assert [name for name, id in published if id] == []
    assert bench.steps() == {"0": "working", "1": "waiting", "2": "failed", "3": "waiting"}
    bench.rollout.resume()
    assert bench.asked() == [second]
    assert bench.member(second).id == "test-1-2", "a lamppost does not begin an update again under its old id"


def test_the_neighbours_of_a_silent_one_wait_until_it_is_back():
    bench = Bench(3, apart=0.0003, failures_percent=100, first=("lisbon/lp-1",)).begin()
    silent = bench.names[1]
    bench.rollout.members[0].group, bench.rollout.members[2].group = 2, 2
    assert bench.asked() == [silent]
    bench.online(silent, "lost")
    assert bench.asked(100) == []
    assert bench.rollout.progress.mode == "finished"
    assert bench.steps() == {"0": "waiting", "1": "failed", "2": "waiting"}
    bench.rollout.resume()
    bench.online(silent)
    assert sorted(bench.asked(2)) == [bench.names[0], bench.names[2]]


def test_a_silent_one_that_confirms_late_has_succeeded():
    bench = Bench(2, failures_percent=100).begin()
    name = bench.asked()[0]
    bench.online(name, "lost")
    bench.minutes(100)
    assert bench.member(name).step == "failed"
    bench.online(name)
    bench.confirm(name)
    bench.minutes(12)
    assert bench.member(name).step == "done"


def test_the_next_group_waits_for_a_dusk_and_a_dawn():
    bench = Bench(3, first=("lisbon/lp-0",), nights=1)
    bench.begin()
    for name in bench.asked():
        bench.confirm(name)
    bench.minutes(12)
    assert bench.asked(24 * 60) == [], "a dawn alone is no night"
    assert bench.asked(20 * 60) != []


def test_a_pause_lets_those_under_way_go_on_and_asks_no_more():
    bench = Bench(3, at_once=1).begin()
    (name,) = bench.asked()
    bench.rollout.pause()
    bench.confirm(name)
    assert bench.asked(30) == []
    assert bench.member(name).step == "done"
    bench.rollout.resume()
    assert len(bench.asked(3)) == 1


def test_an_abort_takes_back_every_update_that_can_be():
    bench = Bench(2, first=("lisbon/lp-0", "lisbon/lp-1")).begin()
    first, second = bench.asked()
    bench.status(first, "trial")
    bench.rollout.abort()
    assert bench.minutes(1) == [(second, "")]
    assert bench.asked(60) == []


def test_an_aborted_roll_out_is_neither_resumed_nor_retried_but_goes_back():
    bench = Bench(3, first=("lisbon/lp-0", "lisbon/lp-1"), percent=(100,), nights=9).begin()
    first, second = bench.asked()
    bench.confirm(first)
    bench.status(second, "reverted", "crashed")
    bench.minutes(12)
    bench.rollout.abort()
    for order in (bench.rollout.resume, bench.rollout.retry):
        order()
        assert bench.asked(30) == [] and bench.member(second).step == "failed"
    bench.rollout.go_back()
    assert bench.asked(5) == [first]


def test_going_back_brings_the_release_before_to_those_that_were_asked():
    bench = Bench(3, first=("lisbon/lp-0", "lisbon/lp-1"), percent=(100,), nights=9).begin()
    first, second = bench.asked()
    bench.confirm(first)
    bench.status(second, "reverted", "crashed")
    bench.minutes(12)
    bench.rollout.go_back()
    assert bench.asked(5) == [first], "the second runs the old build already"
    assert bench.rollout.target is BACK
    assert bench.steps()["2"] == "left"
    bench.info(first, OLD)
    bench.status(first, "confirmed", runs=OLD)
    bench.minutes(12)
    assert bench.rollout.progress.mode == "finished"


def test_a_request_that_was_lost_by_a_crash_is_published_again_under_its_id():
    bench = Bench(1).begin()
    (name,) = bench.asked()
    assert [(one.name, one.id) for one in bench.rollout.standing()] == [(name, "test-1-1")]
    bench.status(name, "trial")
    assert [(one.name, one.id) for one in bench.rollout.standing()] == [(name, "test-1-1")], "the restart may fail"
    bench.confirm(name)
    assert [(one.name, one.id) for one in bench.rollout.standing()] == [(name, "")]
    bench.minutes(12)
    assert bench.rollout.standing() == [], "what others ask of one that is done is not taken back"


def test_messages_that_are_no_messages_of_the_contract_change_nothing():
    bench = Bench(1).begin()
    (name,) = bench.asked()
    before = bench.member(name).row()
    for payload in (b"", b"[]", b"{", b'{"phase":"confirmed"}', b"\xff", b"null"):
        for suffix in ("ota/status", "info", "state", "diag", "nonsense"):
            bench.rollout.take(f"lamppost/v1/{name}/{suffix}", payload, False)
    bench.rollout.take("elsewhere", b"{}", False)
    assert bench.member(name).row() == before


class TestStateFile:
    def test_a_roll_out_goes_on_from_its_file(self, tmp_path):
        bench = Bench(4, at_once=2, folder=tmp_path / "plan.toml").begin()
        with RolloutState.of(bench.plan.path) as state:
            state.open(bench.plan)
            (name, *_) = bench.asked()
            bench.confirm(name)
            bench.minutes(5)
            state.save(bench.rollout.members, bench.rollout.progress, bench.rollout.news, bench.utc)
        with RolloutState.of(bench.plan.path) as state:
            members, progress = state.open(bench.plan)
            assert [one.row() for one in members] == [one.row() for one in bench.rollout.members]
            assert progress == bench.rollout.progress
            assert [text for _, text in state.log()][0].startswith("begins with group 1")

    def test_another_release_needs_another_plan(self, tmp_path):
        bench = Bench(1, folder=tmp_path / "plan.toml")
        with RolloutState.of(bench.plan.path) as state:
            state.open(bench.plan)
        other = Plan(bench.plan.path, "test", bench.plan.places, BACK)
        with RolloutState.of(bench.plan.path) as state, pytest.raises(RolloutStateWrong):
            state.open(other)

    def test_a_lamppost_that_is_new_in_the_roster_joins_the_last_group(self, tmp_path):
        bench = Bench(2, folder=tmp_path / "plan.toml", first=("lisbon/lp-0",)).begin()
        with RolloutState.of(bench.plan.path) as state:
            state.open(bench.plan)
            state.save(bench.rollout.members, bench.rollout.progress, [], bench.utc)
        more = Bench(3, folder=bench.plan.path)
        with RolloutState.of(bench.plan.path) as state:
            members, _ = state.open(more.plan)
        assert [one.group for one in members] == [1, 2, 2]

    @pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\x00" + b"\xff" * 5000])
    def test_a_spoilt_file_is_named_and_left_alone(self, tmp_path, content):
        path = tmp_path / "plan.rollout.sqlite"
        path.write_bytes(content)
        with pytest.raises(RolloutStateWrong, match="not the state|cannot be used"), RolloutState(path) as state:
            state.log()
        assert path.read_bytes() == content

    @pytest.mark.parametrize("column", ["step", "name"])
    def test_a_file_whose_table_has_other_columns_is_named(self, tmp_path, column):
        bench = Bench(1, folder=tmp_path / "plan.toml").begin()
        with RolloutState.of(bench.plan.path) as state:
            state.open(bench.plan)
            state.save(bench.rollout.members, bench.rollout.progress, [], bench.utc)
        (path,) = tmp_path.glob("*.sqlite")
        with contextlib.closing(sqlite3.connect(path)) as file:
            file.execute(f"ALTER TABLE members RENAME COLUMN {column} TO stop")
        with RolloutState(path) as state, pytest.raises(RolloutStateWrong, match="holds what no roll-out writes"):
            state.open(bench.plan)
