"""What a subscriber knows of a street: the newest values, how old they are, which alarms are on."""

import json
from io import StringIO
from pathlib import Path

import pytest
from lamplighter.contract import topics
from lamplighter.telemetry.panel import closing, live, screenshot, words
from lamplighter.telemetry.state import Telemetry
from publisher import Lamp
from rich.console import Console

EXAMPLES = json.loads((Path(topics.__file__).with_name("examples.json")).read_text(encoding="utf-8"))


class Clocks:
    """Time that the test sets: 2026-11-22T12:45:00Z is 1795351500."""

    now, utc = 100.0, 1795351500.0


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def telemetry(clocks):
    return Telemetry(lambda: clocks.now, lambda: clocks.utc)


def take(telemetry, *messages, retained=False):
    for topic, payload, _ in messages:
        assert telemetry.take(topic, payload, retained).errors == []


def node(telemetry):
    return telemetry.nodes["lisbon", "lp-0042"]


def shown(telemetry, width=100, height=40):
    console = Console(width=width, record=True, file=StringIO())
    console.print(live(telemetry, "title", width, height))
    return console.export_text()


def test_a_late_message_does_not_hide_a_newer_value(telemetry):
    lamp = Lamp()
    take(telemetry, lamp.energy(0), lamp.energy(2, u_mv=231000), lamp.energy(1, u_mv=229000))
    assert node(telemetry).last["tele/energy"].message["u_mv"] == 231000


def test_a_duplicate_is_counted_and_not_shown_as_news(telemetry):
    lamp = Lamp()
    alarm = lamp.alarm("supplyLoss")
    take(telemetry, alarm, alarm)
    assert telemetry.summary()["duplicates"] == 1
    assert len(telemetry.news) == 1


def test_an_alarm_is_on_until_its_empty_payload(telemetry):
    lamp = Lamp()
    take(telemetry, lamp.alarm("supplyLoss"))
    assert "ALARM lp-0042 supplyLoss" in shown(telemetry)
    take(telemetry, lamp.over("supplyLoss"))
    assert "ALARM" not in shown(telemetry)
    assert "cleared" in shown(telemetry)


def test_the_age_of_what_comes_as_it_happens_counts_from_its_arrival(telemetry, clocks):
    take(telemetry, Lamp().energy())
    clocks.now += 7
    assert " 7 s " in shown(telemetry)


def test_a_retained_value_is_as_old_as_it_says(telemetry, clocks):
    clocks.utc += 5 * 3600
    take(telemetry, Lamp().parking(), retained=True)
    assert " 5 h " in shown(telemetry)


def test_a_missing_value_is_a_dash_with_its_letter_and_never_0(telemetry):
    topic, payload, _ = Lamp().energy()
    payload = payload.replace(b'"u_mv": 230200', b'"u_mv": null').replace(b'"u_mv": "V"', b'"u_mv": "U"')
    take(telemetry, (topic, payload, False))
    assert "– (U) 382.9 W" in shown(telemetry)
    assert "(U) unavailable" in shown(telemetry)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_a_node_takes_two_lines_at_any_width(telemetry, width):
    lamp = Lamp()
    take(telemetry, lamp.state(), lamp.energy(), lamp.parking(), lamp.air())
    lines = [line.rstrip() for line in shown(telemetry, width).splitlines()]
    assert all(len(line) <= width for line in lines)
    first = next(index for index, line in enumerate(lines) if line.startswith(" lp-0042"))
    assert lines[first].split()[0] == "lp-0042"
    assert lines[first + 1].split()[0] == "online"
    assert lines[first + 2] == ""


@pytest.mark.parametrize("width", [40, 80])
def test_a_narrow_screen_drops_columns_and_keeps_names_whole(telemetry, width):
    name = "lp-a-name-of-thirty-two-letters0"
    take(telemetry, Lamp(name).state(), Lamp(name).energy(), Lamp(name).parking(), Lamp(name).air())
    assert f" {name} " in shown(telemetry, width) + " "


def test_an_alarm_that_was_never_raised_is_not_told_as_cleared(telemetry):
    topic, payload, _ = Lamp().over("meterBackwards")
    assert telemetry.take(topic, payload).unknown_alarm
    assert "cleared" not in shown(telemetry)


def test_a_field_and_a_topic_of_a_later_version_are_ignored_by_a_consumer():
    topic, payload, _ = Lamp().energy()
    later = payload.replace(b'"window_s"', b'"thd_pct": 3, "window_s"')
    for strict, invalid in ((False, 0), (True, 2)):
        telemetry = Telemetry(strict=strict)
        telemetry.take(topic, later)
        telemetry.take("lamppost/v1/lisbon/lp-0042/tele/noise", b"{}")
        assert telemetry.summary()["invalid"] == invalid
    broken = Telemetry(strict=False)
    broken.take(topic, payload.replace(b'"imp_mwh": ', b'"imp": '))
    assert broken.summary()["invalid"] == 1


def test_with_more_nodes_than_fit_those_in_trouble_stay_on_the_screen(telemetry):
    for number in range(50):
        take(telemetry, Lamp(f"lp-{number:04}").state())
    telemetry.take("lamppost/v1/lisbon/lp-0049/state", b"{}")
    text = shown(telemetry, height=30)
    assert "lp-0049" in text
    assert "and 42 more" in text


def test_the_last_line_has_the_counts_that_were_asked_for(telemetry):
    take(telemetry, Lamp().energy())
    assert closing(telemetry.summary()) == "1 nodes, 1 messages, 0 invalid, 0 gaps, 0 duplicates"


def test_the_picture_needs_nothing_from_elsewhere(telemetry, tmp_path):
    take(telemetry, Lamp().state(), Lamp().energy())
    screenshot(telemetry, "lamppost/v1", tmp_path / "screen.svg")
    picture = (tmp_path / "screen.svg").read_text(encoding="utf-8")
    assert "lp-0042" in picture
    assert "url(" not in picture.replace("url(#", "")


@pytest.mark.parametrize("row", EXAMPLES, ids=[row["name"] for row in EXAMPLES])
def test_every_message_of_the_contract_has_a_line_on_the_screen(telemetry, row):
    payload = b"" if row["payload"] is None else json.dumps(row["payload"]).encode()
    line = words(telemetry.take(row["topic"], payload, False)).plain
    assert line and "INVALID" not in line and "does not know" not in line
