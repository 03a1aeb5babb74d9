"""`lamplighter rollout` on the command line: plans with mistakes, orders, and the state file."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from lamplighter.commands.rollout import command
from lamplighter.problems import PlanInvalid, Problem, RolloutBusy, RolloutStateWrong
from lamplighter.rollout import plan_file
from lamplighter.rollout.rollout_state import RolloutState

HEAD = "asset,site,node,board,wifi,broker,lat,lon,circuit"
PLAN = """
name = "fix"
roster = "street.csv"
release = "new.release"
server = "http://releases.lan:8080/"
back = "old.release"
"""


@pytest.fixture
def folder(tmp_path):
    document = {"version": "0.2.0", "build": "new", "boards": ["lamppost-esp32"], "manifest": "0" * 64}
    (tmp_path / "new.release").write_text(json.dumps(document) + "\nkey signature\n")
    (tmp_path / "old.release").write_text(json.dumps({**document, "version": "0.1.0", "build": "old"}) + "\n")
    rows = [f"A-{n},lisbon,lp-{n},lamppost-esp32,street,broker.lan,38.7{n},-9.1,F{n % 2}" for n in range(3)]
    (tmp_path / "street.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path


def run(folder, *words: str):
    """(exit code, stdout, the Problem) of the command."""
    result = CliRunner().invoke(command, [str(folder / "plan.toml"), *words])
    trouble = result.exception if isinstance(result.exception, Problem) else None
    assert trouble or result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output, trouble


def test_a_plan_says_where_lampposts_fetch_the_release_and_which_circuit_they_hang_on(folder):
    plan = plan_file.load(folder / "plan.toml")
    assert plan.release.url == "http://releases.lan:8080/new.release"
    assert plan.back and plan.back.build == "old"
    assert [place.circuit for place in plan.places] == ["F0", "F1", "F0"]
    assert plan.percent == (10, 50, 100)
    code, told, _ = run(folder, "--check")
    assert code == 0 and "3 lampposts" in told
    assert not list(folder.glob("*.sqlite")), "a check begins nothing"


def test_all_mistakes_of_plan_roster_and_release_come_at_once(folder):
    (folder / "old.release").write_text("nonsense")
    roster = (folder / "street.csv").read_text()
    (folder / "street.csv").write_text(roster.replace("lamppost-esp32,street", "lamppost-esp3,street", 1))
    more = '[groups]\npercent = [50, 10]\nfist = []\n[limits]\nat_once = 0\n[broker]\nhost = "b"\nas = "x"\n'
    (folder / "plan.toml").write_text(PLAN.replace('name = "fix"', 'name = "A fix"') + more)
    with pytest.raises(PlanInvalid) as wrong:
        plan_file.load(folder / "plan.toml")
    told = "\n".join(wrong.value.details)
    for text in ("name:", "lamppost-esp3", "old.release is not a release", "fist", "at_once", "identity and as"):
        assert text in told, text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("new.release", "absent.release"), "There is no file"),
        (("http://releases.lan:8080/", "ftp://releases.lan"), "an address like http://"),
        (("http://releases.lan:8080/", "https://releases.lan"), ""),
        (("http://releases.lan:8080/", "http://" + "x" * 140 + "/" + "y" * 40), "at most 160"),
        (("street.csv", "absent.csv"), "There is no file"),
        (('back = "old.release"', '[groups]\nfirst = ["lisbon/lp-9"]'), "the roster has no lamppost lisbon/lp-9"),
        (('back = "old.release"', "[groups]\npercent = [100, 50]"), "must rise to 100"),
        (('name = "fix"', ""), "name: is missing"),
    ],
)
def test_a_mistake_in_a_plan_is_named(folder, change, text):
    (folder / "plan.toml").write_text(PLAN.replace(*change))
    if not text:
        plan_file.load(folder / "plan.toml")
        return
    with pytest.raises(PlanInvalid) as wrong:
        plan_file.load(folder / "plan.toml")
    assert text in "\n".join(wrong.value.details)


def test_a_release_for_other_boards_than_the_streets_is_no_release_for_it(folder):
    text = (folder / "new.release").read_text()
    (folder / "new.release").write_text(text.replace("lamppost-esp32", "lamppost-other"))
    with pytest.raises(PlanInvalid) as wrong:
        plan_file.load(folder / "plan.toml")
    assert "not made for the board lamppost-esp32, which 3" in wrong.value.details[0]


def based(folder, name, micropython):
    """The release with that MicroPython for an ESP32."""
    document = json.loads((folder / name).read_text().splitlines()[0])
    base = {"Generic ESP32": {"version": micropython}}
    (folder / name).write_text(json.dumps({**document, "build": "new", "base": base}) + "\n")


def test_a_release_before_that_would_take_nothing_back_is_a_mistake(folder):
    based(folder, "new.release", "1.28.1")
    based(folder, "old.release", "1.28.0")
    assert "MicroPython 1.28.1" in str(plan_file.load(folder / "plan.toml").release)
    based(folder, "old.release", "1.28.1")
    with pytest.raises(PlanInvalid) as wrong:
        plan_file.load(folder / "plan.toml")
    assert "same app as the release, and brings no other MicroPython" in wrong.value.details[0]


def test_a_roster_without_positions_cannot_keep_away_from_dusk(folder):
    rows = [",".join(line.split(",")[:6]) for line in (folder / "street.csv").read_text().splitlines()]
    (folder / "street.csv").write_text("\n".join(rows))
    with pytest.raises(PlanInvalid) as wrong:
        plan_file.load(folder / "plan.toml")
    assert "no lamppost has lat and lon" in wrong.value.details[0]


def test_orders_need_a_roll_out_that_was_begun(folder):
    for word in ("--status", "--pause", "--abort", "--back", "--resume", "--retry"):
        assert isinstance(run(folder, word)[2], RolloutStateWrong), word
    assert not list(folder.glob("*.sqlite"))


def test_an_order_reaches_the_command_that_carries_the_roll_out_out(folder):
    plan = plan_file.load(folder / "plan.toml")
    with RolloutState.of(plan.path) as state, state.held():
        state.open(plan)
        assert run(folder, "--pause")[0] == 0
        assert (state.next_order(), state.next_order()) == ("pause", "")
        assert isinstance(run(folder)[2], RolloutBusy)


def test_the_state_is_shown_without_a_broker_as_table_as_json_and_as_a_page(folder):
    plan = plan_file.load(folder / "plan.toml")
    with RolloutState.of(plan.path) as state:
        members, progress = state.open(plan)
        for one in members:
            one.group = 1
        members[0].step = "done"
        members[1].fail("crashed", "the new app <crashed> 3 times")
        progress.group, progress.mode, progress.reason = 1, "stopped", "1 of the 3 in group 1 failed"
        state.save(members, progress, ["stopped: <1> of 3"], 1796079600)
    code, told, trouble = run(folder, "--status", "--report", str(folder / "page.html"))
    assert trouble and trouble.exit_code == 93 and code
    assert "0.2.0 build new, stopped, 1 of 3 done" in told
    assert trouble.details == ["lisbon/lp-1: crashed: the new app <crashed> 3 times"]
    page = (folder / "page.html").read_text()
    assert "the new app &lt;crashed&gt; 3 times" in page and "stopped: &lt;1&gt; of 3" in page
    assert "<crashed>" not in page and "http" not in page, "the page needs nothing from elsewhere"
    shown = json.loads(run(folder, "--status", "--json")[1].splitlines()[0])
    assert shown["counts"]["failed"] == 1 and shown["mode"] == "stopped"
