"""What the page's server knows, without a browser: bounded memory, alarms with remedies, rows."""

import json
import math
import re
from pathlib import Path

from lamplighter import paths
from lamplighter.contract.alarm_remedies import ALARMS, alarm_words
from lamplighter.telemetry import state
from lamplighter.telemetry.subscriber import Connection, Incoming
from lamplighter.web import rows
from lamplighter.web.live_street import LiveStreet
from lamplighter.web.value_course import HOURS, MOST, Series

HEAD = {"v": 1, "b": 1, "ts": "2026-11-29T22:00:00Z", "tq": 3, "h": 0}


class Watched(LiveStreet):
    """A street that hears what it is told, at a time that stands still."""

    def __init__(self):
        self.at = 1_796_000_000.0
        super().__init__("broker", lambda: self.at)

    def hear(self, node, suffix, fields, s=None):
        payload = b"" if fields is None else json.dumps({**HEAD, "s": s, **fields}).encode()
        self.take(Incoming(f"lamppost/v1/{node}/{suffix}", payload, False, 1))


def test_a_course_keeps_hours_in_few_points_and_shows_what_is_missing():
    series = Series()
    for second in range(0, 10 * 3600, 2):
        series.add(second, None if second == 35_990 else math.sin(second))
    times, values = series.points()
    assert MOST / 3 < len(times) <= MOST
    assert times[-1] - times[0] <= HOURS * 3600 + 120 and times[-1] > 10 * 3600 - 120
    assert times == sorted(times)
    series = Series()
    series.add(1, None)
    series.add(0, 5)  # late: older than the newest
    assert series.points() == ([1], [None])


def test_names_without_end_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(state, "MOST_NODES", 3)
    monkeypatch.setattr(state, "MOST_TOPICS", 5)
    street = Watched()
    alarm = {"since": None, "severity": "minor", "value": None, "evidence": ""}
    for number in range(10):
        street.hear("lisbon/lp-1", f"alarm/sensorFault-n{number}", alarm, s=number)
        street.hear(f"lisbon/lp-{number + 1}", "state", {"state": "online", "reason": ""})
    assert len(street.telemetry.nodes) == 3 and len(street.node("lisbon/lp-1").last) == 5
    assert len(street.alarms.on) == len(street.node("lisbon/lp-1").alarms) <= 5
    assert rows.check(street)["crowded"] > 0
    assert rows.detail(street, "lisbon/lp-9") is None


def test_an_alarm_that_ended_leaves_its_place_to_others_and_a_bar_on_the_timeline():
    street = Watched()
    for number in range(3 * state.MOST_TOPICS):
        alarm = {"since": "2026-11-29T22:00:00Z", "severity": "minor", "value": None, "evidence": "silent"}
        street.hear("lisbon/lp-1", f"alarm/sensorFault-n{number}", alarm, s=number)
        street.at += 5
        street.hear("lisbon/lp-1", f"alarm/sensorFault-n{number}", None)
    assert not street.node("lisbon/lp-1").last and not street.alarms.on
    newest = street.alarms.rows()[0]
    assert newest["code"].endswith("899") and newest["ended"] == street.at and "power and wires" in newest["remedy"]


def test_every_alarm_of_the_firmware_has_a_meaning_and_a_remedy():
    said = "".join(file.read_text() for file in (Path(paths.folder("firmware")) / "lamppost").rglob("*.py"))
    codes = set(re.findall(r'alarms\.set\("([a-zA-Z]+)', said))
    codes |= set(re.findall(r'\("([a-zA-Z]+)", "(?:critical|major|minor|warning)"\)', said))  # with their severity
    codes |= set(re.findall(r'"([a-z][a-zA-Z]+(?:Failure|UnexpectedOn|Too(?:Low|High)|Temperature))"', said))
    assert len(codes) >= 20 and codes <= ALARMS.keys()
    assert all(all(words) for words in map(alarm_words, ALARMS)) and alarm_words("sensorFault-meter")[1]
    assert alarm_words("ofALaterVersion") == ("", "")


def test_while_the_subscriber_is_away_nothing_counts_as_missing():
    street = Watched()
    values = {"window_s": 60, "part": "meter", "mid": False, "p_mean_mw": None, "p_max_mw": None, "imp_mwh": None,
              "e_mwh": None, "q": dict.fromkeys(("p_mean_mw", "p_max_mw", "imp_mwh", "e_mwh"), "U")}  # fmt: skip
    street.hear("lisbon/lp-1", "tele/energy", values, s=0)
    street.take(Connection(False, "connection lost"))
    assert (street.broker.up, street.broker.since) == (False, street.at)
    street.take(Connection(True))
    street.hear("lisbon/lp-1", "tele/energy", values, s=5)
    found = rows.detail(street, "lisbon/lp-1")
    assert found["gaps"] == 0 and found["power"] is None
    value = found["groups"][0]["values"][0]
    assert (value["letter"], value["meaning"]) == ("U", "unavailable")
