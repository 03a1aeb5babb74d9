"""The switching log: a chain of rows, one a change of the level, that a power cut neither breaks nor shortens."""

import hashlib
import json

from ground import Notes
from journal_on_ram import Ticks
from lamppost.core.calendar import seconds
from lamppost.core.clock import NTP
from lamppost.lamp.switching_log import SwitchingLog
from lamppost.lamp.switching_row import ORIGIN


class Counters(Notes):
    boot = 7
    utc_s = None
    imp_mwh = 5000


class Control:
    def __init__(self):
        self.settled = (100, "safe", 1000)

    def state(self):
        return self.settled


class Bench:
    def __init__(self, counters=None, begun="power-on", at="2026-12-21T16:00:00Z"):
        self.time = Ticks()
        self.clock = self.time.clock()
        if at:
            self.clock.set_utc(seconds(at), 0, NTP, 20)
        self.counters = counters or Counters()
        self.control = Control()
        self.rows = []
        self.takes = True
        self.log = SwitchingLog(
            self.counters, self.clock, self.control, self.commit, lambda: (45000, self.counters.imp_mwh), begun
        )  # fmt: skip

    def commit(self, body):
        if self.takes:
            self.rows.append(json.loads(b"{" + body))
        return self.takes

    def run(self, seconds=10, level=None, why="schedule"):
        if level is not None:
            self.control.settled = (level, why, 10 * level)
        for _ in range(4 * seconds):
            self.time.ms += 250
            self.log.poll()
        return self.rows


def verified(rows, before=ORIGIN):
    """As an integrator would write it, from the contract alone."""
    for row in rows:
        names = ("n", "boot", "up_s", "at", "at_tq", "level", "p_mw", "imp_mwh", "cause", "since")
        text = ",".join(["" if row[name] is None else str(row[name]) for name in names])
        before = hashlib.sha256(before + text.encode()).digest()
        assert row["hash"] == "".join(["%02x" % byte for byte in before])
    return before


def test_each_change_is_a_row_with_second_level_power_and_cause():
    bench = Bench()
    bench.run()
    bench.run(level=50)
    first, second = bench.run(level=0, why="override")[:2]
    assert (first["n"], first["cause"], first["level"], first["p_mw"]) == (1, "power-on", 100, 45000)
    assert (second["n"], second["cause"], second["level"], second["at"]) == (2, "schedule", 50, "2026-12-21T16:00:10Z")
    assert [row["n"] for row in bench.rows] == [1, 2, 3] and bench.rows[2]["cause"] == "override"
    assert verified(bench.rows) == bench.log.head


def test_a_level_that_stays_makes_no_rows_but_the_daily_head():
    bench = Bench()
    bench.run(60)
    assert len(bench.rows) == 1
    bench.time.ms += 22 * 3600 * 1000
    bench.run(60)
    assert [row["cause"] for row in bench.rows] == ["power-on", "head"]
    assert verified(bench.rows) == bench.log.head


def test_a_change_before_the_meter_has_read_the_last_one_loses_neither():
    bench = Bench()
    bench.run()
    bench.run(2, level=50)
    bench.run(level=20)
    assert [(row["level"], row["p_mw"]) for row in bench.rows] == [(100, 45000), (50, None), (20, 45000)]


def test_a_cut_at_any_moment_leaves_a_whole_chain_and_the_next_boot_tells_since_when():
    for cut_at in range(1, 80):
        counters = Counters()
        first = Bench(counters)
        first.run(5)
        for _ in range(cut_at):
            first.time.ms += 250
            first.control.settled = (50, "schedule", 500)
            first.log.poll()
        level_noted = first.log.head
        counters.boot, counters.utc_s = 8, seconds("2026-12-21T16:00:05Z")
        second = Bench(counters, at="2026-12-21T18:00:00Z")
        second.run()
        rows = first.rows + [row for row in second.rows if row["n"] > len(first.rows)]
        assert [row["n"] for row in rows] == list(range(1, len(rows) + 1)), cut_at
        assert verified(rows) == second.log.head != level_noted
        assert (rows[-1]["cause"], rows[-1]["since"], rows[-1]["boot"]) == ("power-on", "2026-12-21T16:00:05Z", 8)


class Forgetful(Counters):
    """Keeps only what is due at once over a cut."""

    def keep(self, name, data, now=False):
        if now:
            self.notes[name] = data


def test_a_row_that_is_offered_twice_is_the_same_to_the_byte():
    counters = Forgetful()
    first = Bench(counters)
    first.run()
    again = Bench(counters, at="2026-12-21T18:00:00Z")
    again.run()
    assert again.rows[0] == first.rows[0]
    verified(again.rows)


def test_changes_that_the_journal_did_not_take_are_a_gap():
    bench = Bench()
    bench.run()
    bench.takes = False
    bench.run(level=50)
    bench.run(level=20)
    bench.takes = True
    bench.run()
    assert [(row["level"], row["cause"]) for row in bench.rows] == [(100, "power-on"), (50, "schedule"), (20, "gap")]
    assert bench.rows[2]["since"] == bench.rows[1]["at"]
    verified(bench.rows)


def test_without_time_a_row_has_its_uptime():
    bench = Bench(at=None)
    row = bench.run()[0]
    assert row["at"] is None and row["at_tq"] == 0 and row["up_s"] == 0
    verified(bench.rows)
