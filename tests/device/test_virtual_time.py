"""The time of a whole virtual lamppost: servers that lie, weeks without any, a clock with a battery, and the nights."""

from __future__ import annotations

import datetime
import json
import sys
import time
from pathlib import Path

import pytest
from lamplighter import board as boards
from lamplighter import firmware
from lamplighter.contract import check_message
from lamplighter.virtual.node import VirtualLamppost
from lamplighter.virtual.scenario import Scenario, default

for folder in ("interop", "powercut"):
    sys.path.append(str(Path(__file__).parent.parent / folder))

import readymade  # noqa: E402
from brokers import Mosquitto, Subscriber  # noqa: E402

firmware.importable()

from lamppost.ops.dusk import rise_and_set  # noqa: E402

EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
START = datetime.datetime(2026, 9, 20, 19, 0, tzinfo=datetime.UTC)
YEAR = 365 * 86400
LISBON = {"lat": 38.72, "lon": -9.14}
RTC = {"id": "rtc", "part": "ds3231", "bus": "i2c0"}
SERVERS = ["a.time.lan", "b.time.lan", "c.time.lan"]


def seconds(moment: datetime.datetime) -> int:
    return int((moment - EPOCH).total_seconds())


class Lamp:
    """A lamppost with a meter, in fast time, its broker and its subscriber."""

    def __init__(self, folder: Path, parts=(), start=START, servers=SERVERS, **changes):
        self.broker = Mosquitto(folder / "broker")
        self.broker.start()
        self.subscriber = Subscriber(self.broker.port)
        board = boards.load("lamppost-esp32")
        fitted = default(board)
        twins = [row for row in fitted.parts if row["id"] == "meter"]
        twins += [{**row, "options": {}} for row in parts]
        scenario = Scenario(seconds(start), fitted.wifi, {}, twins)
        meter = [row for row in board.node_document()["fitted"] if row["id"] == "meter"]
        changes.setdefault("energy", {"part": "meter", "window_s": 60, "every_ms": 5000})
        self.configuration = readymade.configuration(
            board, "time", "lp-1", time={"servers": servers}, **{**changes, "parts": [*meter, *parts]}
        )
        self.node = VirtualLamppost(board, workdir=folder / "lamp", scenario=scenario, fast=True)
        self.node.network.hosts["broker.lan"] = ("127.0.0.1", self.broker.port)
        self.node.flash_image(readymade.flash(board, self.configuration))

    def close(self) -> None:
        self.node.stop()
        self.subscriber.close()
        self.broker.stop()

    def truth(self) -> int:
        return seconds(self.node.utc())

    def live(self, for_s: float) -> None:
        """Let it run for so long of its own time."""
        self.until(self.truth() + for_s)

    def until(self, utc_s: float) -> None:
        end = time.monotonic() + 60
        while self.truth() < utc_s:
            assert time.monotonic() < end, self.node.console.text[-800:]
            time.sleep(0.005)

    def night(self, on: int, for_s: float) -> None:
        """The circuit is switched on at `on` (UTC), for so long."""
        self.node.elapse(on - self.truth())
        self.node.power_on()
        self.until(on + for_s)
        self.node.power_off()

    def said(self, suffix: str) -> list[dict]:
        """Messages of a topic, each kept to the contract; b"" for a cleared alarm stands as {}."""
        found = []
        for topic, payload, retain in list(self.subscriber.messages):
            if topic.endswith("/" + suffix):
                assert not check_message(topic, payload, retain), payload
                found.append(json.loads(payload) if payload else {})
        return found

    def wait(self, suffix: str, count: int = 1) -> list[dict]:
        end = time.monotonic() + 20
        while len(self.said(suffix)) < count:
            assert time.monotonic() < end, (suffix, self.subscriber.messages[-9:], self.node.console.text[-900:])
            time.sleep(0.01)
        return self.said(suffix)


@pytest.fixture
def lamp(tmp_path):
    made: list[Lamp] = []

    def make(*arguments, **options) -> Lamp:
        made.append(Lamp(tmp_path, *arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def stamp(message: dict) -> int:
    return seconds(datetime.datetime.fromisoformat(message["ts"]))


def test_one_server_that_lies_by_a_year_is_outvoted_by_two(lamp):
    street = lamp()
    street.node.network.time_error(YEAR, "a.time.lan")
    street.node.start()
    told = street.wait("tele/energy", 3)
    assert abs(stamp(told[-1]) - street.truth()) < 300
    assert {message["tq"] for message in told} == {3}


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
