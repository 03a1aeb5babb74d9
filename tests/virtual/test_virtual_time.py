"""The time of a whole virtual lamppost: servers that lie, weeks without any, a clock with a battery, and the nights."""

from __future__ import annotations

import datetime
import os

import pytest
from lamplighter import paths
from night_lamp import EPOCH, START, Lamp, seconds, stamp

paths.importable()

from lamppost.ops.sunset_clock import rise_and_set  # noqa: E402

YEAR = 365 * 86400
LISBON = {"lat": 38.72, "lon": -9.14}
RTC = {"id": "rtc", "part": "ds3231", "bus": "i2c0"}


@pytest.fixture
def lamp(tmp_path):
    made: list[Lamp] = []

    def make(*arguments, **options) -> Lamp:
        made.append(Lamp(tmp_path, *arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_one_server_that_lies_by_a_year_is_outvoted_by_two(lamp):
    street = lamp()
    street.node.network.time_error(YEAR, "a.time.lan")
    street.node.start()
    told = street.wait("tele/energy", 3)
    assert abs(stamp(told[-1]) - street.truth()) < 300
    assert {message["tq"] for message in told} == {3}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "moment, hours",
    [
        ("2036-02-07T06:28:10", 0.1), ("2036-02-07T06:28:20", 0.1), ("2038-01-19T03:12:00", 0.1),
        ("2059-06-01T12:00:00", 0.1),
        # servers are asked again each three to five hours
        *([("2036-02-07T06:27:00", 6)] if "LAMPLIGHTER_DAY_HOURS" in os.environ else []),
    ],  # fmt: skip
)
def test_time_servers_are_believed_before_at_and_after_the_roll_over_of_their_count(lamp, moment, hours):
    start = datetime.datetime.fromisoformat(moment).replace(tzinfo=datetime.UTC)
    street = lamp(start=start, energy={"part": "meter", "window_s": 60 if hours < 1 else 900, "every_ms": 60000})
    street.node.start()
    street.live(hours * 3600)
    told = street.wait("tele/energy", 2)
    told = street.wait("tele/energy", len(told) + 1)
    assert {message["tq"] for message in told} == {3}
    assert abs(stamp(told[-1]) - street.truth()) < 1000
    assert [message for message in street.said("alarm/clockDoubt") if message] == []


def test_a_lone_server_that_lies_by_a_year_is_refused_and_said_until_it_tells_the_truth(lamp):
    street = lamp(servers=["a.time.lan"])
    street.node.start()
    street.wait("tele/energy")
    street.node.power_off()
    street.node.network.time_error(-YEAR)
    street.node.elapse(12 * 3600)
    street.node.power_on()
    doubt = street.wait("alarm/clockDoubt")[0]
    assert abs(doubt["value"] + YEAR) < 86400 and "a.time.lan" in doubt["evidence"]
    street.live(130)
    assert [message for message in street.said("tele/energy") if message["b"] == 2 and message["tq"] == 3] == []
    street.node.network.time_error(0)
    street.live(1200)
    assert street.wait("alarm/clockDoubt", 2)[-1] == {}
    assert abs(stamp(street.said("tele/energy")[-1]) - street.truth()) < 300


def test_a_step_backwards_keeps_the_order_of_records_and_windows_stay_whole(lamp):
    street = lamp([RTC], servers=["a.time.lan"])
    street.node.network.time_error(3600)
    street.node.start()
    street.wait("tele/energy")
    street.live(10)  # the battery clock has the wrong hour by now
    street.node.power_off()
    street.node.network.wifi(False)
    street.node.power_on()
    street.live(200)
    street.node.network.time_error(0)
    street.node.network.wifi(True)
    street.wait("evt/clock", 2)
    street.live(200)
    told = street.wait("tele/energy", 7)
    keys = [(message["b"], message["s"]) for message in told]
    assert keys == sorted(set(keys))
    assert all(1 <= message["window_s"] <= 65 for message in told)
    assert [message["tq"] for message in told if message["b"] == 2][0] == 2
    assert -3603000 <= street.said("evt/clock")[1]["step_ms"] <= -3597000
    assert abs(stamp(told[-1]) - street.truth()) < 300


def test_seven_days_without_network_on_the_battery_clock(lamp):
    street = lamp([RTC])
    street.node.part("rtc").set(ppm=3.0)
    street.node.start()
    street.wait("evt/boot")
    street.live(120)
    street.node.power_off()
    street.node.network.time_servers(False)
    street.node.network.wifi(False)
    for _ in range(7):
        street.night(street.truth() + 86400 - 90, 90)
    street.node.network.wifi(True)
    street.node.power_on()
    boots = street.wait("evt/boot", 9)
    street.live(130)
    last = street.said("tele/energy")[-1]
    assert (last["b"], last["tq"]) == (9, 2)
    assert abs(stamp(last) - street.truth()) * 1000 <= last["tu"] + 70000  # a window ends at most 65 s ago
    assert last["tu"] < 6000
    assert [message["tq"] for message in boots if message["b"] > 1] == [2] * 8
    held = [message for message in street.said("tele/energy") if 1 < message["b"] < 9]
    assert {message["b"] for message in held} == set(range(2, 9)) and {message["tq"] for message in held} == {2}


def test_without_network_and_clock_the_night_tells_the_time_and_says_how_badly(lamp):
    day = seconds(START) // 86400
    dusk = [rise_and_set(day + n, **LISBON)[1] + 900 for n in range(3)]
    dawn = [rise_and_set(day + n + 1, **LISBON)[0] for n in range(3)]
    street = lamp(location=LISBON, start=EPOCH + datetime.timedelta(seconds=dusk[0]))
    street.node.start()
    street.until(dusk[0] + 130)  # switched on 15 minutes after sunset
    street.node.power_off()
    street.night(dawn[0] - 400, 300)  # and off 100 s before sunrise
    street.node.network.wifi(False)
    street.night(dusk[1], 130)
    street.node.network.time_servers(False)
    street.node.network.wifi(True)
    street.node.elapse(300)
    street.node.power_on()
    street.wait("evt/boot", 4)
    told = [message for message in street.said("tele/energy") if message["b"] == 3]
    assert told and {message["tq"] for message in told} == {1}
    for message in told:
        assert abs(stamp(message) - dusk[1]) * 1000 <= message["tu"] + 130000
        assert message["tu"] <= 2 * 3600000


def test_seven_days_without_network_clock_and_place_are_honest_about_it(lamp):
    street = lamp()
    street.node.start()
    street.wait("tele/energy")
    street.node.power_off()
    street.node.network.wifi(False)
    for _ in range(7):
        street.night(street.truth() + 43200, 70)
    street.node.network.time_servers(False)
    street.node.network.wifi(True)
    street.node.power_on()
    street.wait("evt/boot", 9)
    told = [message for message in street.wait("tele/energy", 8) if message["b"] > 1]
    assert {message["ts"] for message in told} == {None}
    street.node.network.time_servers(True)
    street.live(400)
    assert street.said("tele/energy")[-1]["tq"] == 3


def test_a_lamppost_that_waits_for_its_place_at_dusk_joins_wifi_only_then(lamp):
    """So that DHCP, DNS and time servers do not meet the whole city in one second either."""
    street = lamp(mqtt={"host": "broker.lan", "keepalive_s": 5, "spread_s": 600, "drain_spread_s": 0})
    street.node.start()
    assert int(street.node.console.wait_for(r"link: connects in (\d+) s")[1]) > 5
    street.wait("tele/energy")
    joined_ms = int(street.node.console.wait_for(r"link: times in ms: start=\d+ wifi=(\d+)")[1])
    assert joined_ms >= 200, "it had joined before"
