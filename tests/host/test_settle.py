"""`lamplighter settle`: energy by the half hour from switching logs, versions, the control file, and what is wrong."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from lamplighter import paths
from lamplighter.cli import lamplighter
from lamplighter.settlement import half_hours, switchings, unit_list
from lamplighter.store.databases import target
from lamplighter.store.messages import sort

paths.importable()

from lamppost.core import calendar  # noqa: E402
from lamppost.lamp.switching_row import ORIGIN, Row, chained, message  # noqa: E402

LONDON = ZoneInfo("Europe/London")
LAMP = "london/lp-1"
UNITS = "lamppost,unit,items,regime,charge_code\nlondon/lp-1,LND000000001,1,998,4210000200100\n"


def at(text):
    return calendar.seconds(f"2026-12-{text}:00Z")


class Node:
    """Makes rows as a node does; power in W, the register follows it if metered."""

    def __init__(self, metered=True):
        self.messages, self.rows = [], []
        self._hash, self._mwh, self._watts, self._last = ORIGIN, 1000000, 0, None
        self.metered = metered

    def row(self, text, level, cause="schedule", watts=None, since=None, boot=1, known=True):
        utc = at(text)
        powered = at(since) if since else utc
        if self._last is not None:
            self._mwh += self._watts * 1000 * (powered - self._last) // 3600
        self._watts, self._last = (level if watts is None else watts), utc
        row = Row(
            len(self.rows) + 1, boot, utc - at("20T00:00"), utc if known else None, 3 if known else 0, level,
            self._watts * 1000, self._mwh if self.metered else None, cause, since and at(since),
        )  # fmt: skip
        self._hash = chained(self._hash, row)
        self.rows.append(row)
        head = {"v": 1, "b": boot, "s": len(self.rows), "ts": None, "tq": 0, "h": 0}
        body = json.loads(b"{" + message(row, self._hash))
        self.messages.append({**head, **body})
        return self

    def log(self, leave_out=()):
        records = [
            {"site": "london", "node": "lp-1", "life": 0, "b": body["b"], "ts": None, "body": json.dumps(body)}
            for body in self.messages if body["n"] not in leave_out
        ]  # fmt: skip
        return switchings.logs(records)

    def store(self, path, leave_out=()):
        database = target(str(path))
        database.open()
        for body in self.messages:
            if body["n"] not in leave_out:
                topic = "lamppost/v1/london/lp-1/evt/switching"
                received = datetime(2026, 12, 23, 12) + timedelta(seconds=body["n"])
                database.commit([sort(topic, json.dumps(body).encode(), received, False, False)])
        database.close()
        return path


def night(metered=True):
    """100 W from 16:00, 50 W from 23:00, off at 08:00."""
    node = Node(metered).row("20T12:00", 0, "power-on")
    for day, evening in (("20", "21"), ("21", "22")):
        node.row(f"{day}T16:00", 100).row(f"{day}T23:00", 50)
        node.row(f"{evening}T08:00", 0).row(f"{evening}T12:00", 0, "head")
    return node


def day(logs):
    return half_hours.of_day(logs, date(2026, 12, 21), LONDON)


@pytest.mark.parametrize("metered", [True, False])
def test_a_day_has_48_half_hours_with_the_energy_of_each_level(metered):
    found = day(night(metered).log())
    assert len(found) == 48 and {half.quality for half in found} == {"metered" if metered else "measured"}
    assert [half.mwh for half in found[:17]] == [25000] * 16 + [0]
    assert [half.mwh for half in found[31:34]] == [0, 50000, 50000] and found[46].mwh == 25000
    assert sum(half.mwh for half in found) == 8 * 50000 + 7 * 100000 + 50000


def test_the_days_of_the_clock_change_have_46_and_50_half_hours():
    assert len(half_hours.of_day([], date(2026, 3, 29), LONDON)) == 46
    assert len(half_hours.of_day([], date(2026, 10, 25), LONDON)) == 50


def test_a_level_that_changes_within_a_half_hour_gives_its_share():
    node = Node().row("21T00:00", 100, "power-on").row("21T00:10", 40).row("22T12:00", 40, "head")
    assert day(node.log())[0].mwh == 100000 * 10 // 60 + 40000 * 20 // 60


def test_a_supply_that_was_off_is_an_outage_without_energy():
    node = Node().row("20T23:00", 100).row("21T02:00", 100, "power-on", since="21T01:00", boot=2)
    node.row("22T12:00", 100, "head", boot=2)
    found = day(node.log())
    assert [half.quality for half in found[:5]] == ["metered"] * 2 + ["outage"] * 2 + ["metered"]
    assert [half.mwh for half in found[:5]] == [50000, 50000, 0, 0, 50000]


def test_a_row_that_is_late_leaves_its_time_open_and_never_counts_as_zero():
    late = day(night().log(leave_out={4}))
    missing = [half.period for half in late if half.quality == "missing"]
    assert missing == list(range(1, 25)) and all(late[period - 1].mwh is None for period in missing)
    assert all(half.mwh is not None for half in late[24:])


def test_time_after_the_last_row_is_open():
    found = day(Node().row("21T00:00", 100, "power-on").row("21T03:00", 50).log())
    assert [half.quality for half in found] == ["metered"] * 6 + ["missing"] * 42


def test_a_row_without_time_gets_it_from_a_later_row_of_its_boot():
    node = Node().row("20T22:00", 100, "power-on", known=False).row("21T02:00", 50).row("22T12:00", 50, "head")
    assert [half.mwh for half in day(node.log())[:5]] == [50000] * 4 + [25000]


def test_a_row_that_was_changed_is_named():
    node = night()
    node.messages[2]["p_mw"] += 1
    assert node.log()[0].broken == ["row 3 does not follow from the row before"]


HALF_A_CHARACTER = json.dumps({
    "n": 1, "boot": 1, "up_s": 9, "at": None, "at_tq": 0, "level": 100, "p_mw": None, "imp_mwh": None,
    "cause": "\ud83d", "since": None, "hash": "0" * 64,
})  # fmt: skip


@pytest.mark.parametrize("body", ["[]", "{}", '{"n": "1"}', "[" * 9, HALF_A_CHARACTER])
def test_a_message_that_is_no_row_is_named_and_stops_the_settlement(body):
    record = {"site": "london", "node": "lp-1", "life": 0, "b": 7, "ts": None, "body": body}
    assert switchings.logs([record])[0].broken == ["a message of boot 7 is no row of a switching log"]


def settle(tmp_path, store, *more, inventory=UNITS):
    (tmp_path / "units.csv").write_text(inventory)
    return CliRunner().invoke(lamplighter, [
        "settle", "--to", str(store), "--units", str(tmp_path / "units.csv"), "--day", "2026-12-21",
        "--out", str(tmp_path / "days"), "--administrator", "ABCDEFG", *more,
    ], catch_exceptions=True)  # fmt: skip


def test_the_files_of_a_day_and_their_versions(tmp_path):
    store = night().store(tmp_path / "late.duckdb", leave_out={4})
    first = json.loads(settle(tmp_path, store, "--json").stdout)
    assert (first["version"], first["new"], first["missing"]) == (1, True, 24)
    assert first["open"] == ["events<MA><YYYYMMDD>.log"]
    assert "Not written: events<MA><YYYYMMDD>.log." in settle(tmp_path, store).stderr
    again = json.loads(settle(tmp_path, store, "--json").stdout)
    assert (again["version"], again["new"]) == (1, False)
    whole = json.loads(settle(tmp_path, night().store(tmp_path / "whole.duckdb"), "--json").stdout)
    assert (whole["version"], whole["new"], whole["missing"]) == (2, True, 0)
    assert whole["energy_mwh"] == 8 * 50000 + 7 * 100000 + 50000
    control = (tmp_path / "days/controlABCDEFG20261221.log").read_bytes().decode().split("\r\n")
    assert control == ["HABCDEFG20261221002", "LND0000000010000019984210000200100", "T000003", ""]
    assert len(control[1]) == 12 + 6 + 3 + 13
    events = (tmp_path / "days/switchings20261221V002.csv").read_text().splitlines()
    assert len(events) == 1 + 4 and events[1].startswith("LND000000001,london/lp-1,4,2026-12-21T08:00:00Z,0,0,")
    assert len((tmp_path / "days/halfhours20261221V001.csv").read_text().splitlines()) == 49


def test_a_changed_row_stops_the_settlement_and_nothing_is_written(tmp_path):
    node = night()
    node.messages[2]["level"] = 0
    done = settle(tmp_path, node.store(tmp_path / "lamps.duckdb"))
    assert done.exception is not None and not (tmp_path / "days").exists()
    assert done.exception.word == "settlement-broken"
    assert "london/lp-1: row 3 does not follow" in done.exception.details[0]


def test_all_errors_of_the_inventory_are_named_at_once(tmp_path):
    (tmp_path / "units.csv").write_text(UNITS + "london/lp-1,LND000000001,0,997,421\nLP 2,way-too-long-ref,1,998,1\n")
    with pytest.raises(unit_list.UnitsInvalid) as found:
        unit_list.read(tmp_path / "units.csv")
    text = "\n".join(found.value.details)
    for word in ("3: items", "3: regime", "3: charge_code", "4: lamppost", "4: unit"):
        assert f"units.csv:{word}" in text
    (tmp_path / "twice.csv").write_text(UNITS + UNITS.splitlines()[1] + "\n")
    with pytest.raises(unit_list.UnitsInvalid) as found:
        unit_list.read(tmp_path / "twice.csv")
    assert "stands on line 2 already" in found.value.details[0]
