"""From a cable in the hand to a signed record, on virtual lampposts and a real broker; what is refused before."""

from __future__ import annotations

import contextlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from guarded_street import problem
from lamplighter.commissioning import steps
from lamplighter.device import identify

sys.path.append(str(Path(__file__).parent.parent / "bench"))

from unplugged import unplug  # noqa: E402


def test_two_lampposts_are_unplugged_and_the_same_command_brings_them_to_work_with_a_record_that_proves_it(street):
    moments = (("LP-0001", "5/8 configuration", 0.7), ("LP-0002", "2/8 flash", 1.2))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda each: unplug(street, *each), moments))
    assert all(one.recovered for one in found), found
    assert found[0].code, "the first run was interrupted"
    record, row = street.record("LP-0001"), street.results()["LP-0001"]
    assert record["broker"]["tls"] and "evt/boot" in record["broker"]["topics"]
    assert {one["check"] for one in record["checks"]} >= {"node", "journal", "meter", "wifi"}
    assert (row["state"], row["mac"], row["checks"]) == ("commissioned", record["mac"], str(len(record["checks"])))
    assert street.roster.read_text().count("\n") == 4, "the roster itself is not written"
    page = (street.folder / row["record"]).with_suffix(".html").read_text()
    assert "LP-0001" in page and "<svg" in page and "http" not in page
    assert not list((street.folder / "state").rglob("commission-*")), "the record says it all"
    assert identify.ask(street.lamp("LP-0001").port).facts["config"] == record["config"]


MICROPYTHON = 0x200000  # so far its image reaches; behind it a new board formats its file system at its first start


def test_who_is_on_the_cable_is_said_and_without_a_yes_nothing_is_done(street):
    lamp = street.lamp()
    before = lamp.read_flash(0, 0x100000)
    done = street.commission("LP-0002", "--json", "--web")
    assert problem(done) == ("other-lamppost", 75)
    assert "The steps on a phone in the same network: http://" in done.stderr
    assert lamp.mac.hex(":") in done.stderr and "set up as LP-0002" in done.stderr
    assert lamp.read_flash(0, 0x100000) == before
    assert problem(street.commission("LP-0020", "--json")) == ("asset-unknown", 76)


def test_a_supply_that_dips_is_refused_before_anything_is_written(street):
    lamp = street.lamp()
    before = lamp.read_flash(0, MICROPYTHON)
    lamp.supply(weak=True)
    done = street.commission("LP-0001", "--yes", "--json")
    assert problem(done) == ("weak-supply", 19)
    assert lamp.read_flash(0, MICROPYTHON) == before


def test_what_is_missing_on_the_laptop_is_said_before_the_lamppost_is_touched(street):
    del street.environment["LAMP_WIFI"]
    done = street.commission("LP-0001", "--yes", "--json")
    assert problem(done)[0] == "port-absent", "a port that is not there is the first thing to say"
    street.lamp()
    assert problem(street.commission("LP-0001", "--yes", "--json")) == ("config-invalid", 30)
    assert problem(street.commission("LP-0001", "--engineer", "nobody", "--json")) == ("identity-locked", 71)
    assert not street.results()


@pytest.mark.parametrize(
    ("said", "answer", "asked", "found"),
    [
        (None, True, True, {"1": {"empty_mm": 3200, "field_ut": None}}),
        (None, False, True, {"1": None}),
        (True, False, False, {"1": {"empty_mm": 3200, "field_ut": None}}),
        (False, True, False, {"1": None}),
    ],
)
def test_whether_a_bay_is_empty_is_asked_unless_it_was_said_and_only_an_empty_one_is_measured(
    monkeypatch, said, answer, asked, found
):
    questions, lines = [], []

    def ask(question):
        questions.append(question)
        return answer

    monkeypatch.setattr(steps, "Repl", lambda port, say: contextlib.nullcontext(SimpleNamespace(fresh=lambda: None)))
    monkeypatch.setattr(steps.empty_bay, "measure", lambda node, bay: {"empty_mm": 3200, "field_ut": None})
    row = SimpleNamespace(document=lambda: {"parking": [{"bay": "1", "part": "bay-1"}]})
    options = SimpleNamespace(bay_empty=said, port="port")
    work = SimpleNamespace(row=row, options=options, ask=ask, say=lines.append)
    assert steps.empty_bays(work) == found
    assert bool(questions) == asked
    assert ("3200 mm" in lines[0]) == bool(found["1"]), lines


@pytest.mark.parametrize(
    ("on_the_node", "brought"),
    [(None, True), ({"serial": 2}, True), ({"serial": 3}, False)],
    ids=["none there", "the same list", "a newer list, in which a stolen key is missing"],
)
def test_a_commissioned_lamppost_trusts_the_citys_release_keys_and_keeps_a_newer_list(
    monkeypatch, tmp_path, on_the_node, brought
):
    (tmp_path / "release").mkdir()
    keys = tmp_path / "release" / "keys.json"
    keys.write_text(json.dumps({"serial": 2, "825561b2": "ab" * 384}))
    asked, lines = [], []

    def run(*words, say, stdin):
        asked.extend(words)
        return [{"config": "dca051aa73cb", "written": True}]

    monkeypatch.setattr(steps, "Repl", lambda port, say: contextlib.nullcontext())
    monkeypatch.setattr(steps.node_files, "document", lambda node, path: on_the_node)
    monkeypatch.setattr(steps.run_verb, "run", run)
    work = SimpleNamespace(
        row=SimpleNamespace(document=dict, secured=False), city=SimpleNamespace(folder=tmp_path),
        options=SimpleNamespace(port="port"), say=lines.append, open_console=lambda: None,
    )  # fmt: skip
    steps.Configure().run(work)
    assert (["--release-keys", str(keys)] == asked[3:5]) == brought, asked
    assert bool(lines) != brought, lines
