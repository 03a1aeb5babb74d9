"""Where the time comes from at a start, what is kept of it, and what the clock on the board is told."""

import asyncio
import json

from journal_on_ram import Nor, Ticks
from lamppost.core.faults import SensorFault
from lamppost.journal.counters import Counters
from lamppost.journal.flash import Flash
from lamppost.ops.time_source import TimeSource

NOW = 848664000
LISBON = {"lat": 38.72, "lon": -9.14}


class Rtc:
    name = "rtc"

    def __init__(self, said=None, fault=None):
        self.said = said
        self.fault = fault
        self.told = []

    async def time(self):
        if self.fault:
            raise SensorFault(self.fault)
        return self.said

    def set(self, utc_s):
        if self.fault == "bus":
            raise SensorFault("bus")
        self.told.append(utc_s)


class Health:
    def __init__(self):
        self.faults = []

    def fault(self, part, fault):
        self.faults.append((part, fault.word))

    def good(self, part):
        self.faults.append((part, "good"))


class Start:
    """One start of a node whose flash is `nor`."""

    def __init__(self, nor, rtc=None, location=None, power_cut=True):
        self.ticks = Ticks()
        self.clock = self.ticks.clock()
        self.kept = Counters(Flash(nor), self.clock, power_cut)
        self.anchors = []
        self.health = Health()
        self.events = []
        self.base = TimeSource(
            self.clock, self.kept, lambda at: self.anchors.append((at.offset_s, at.tq, at.tu_ms)), self.health,
            lambda kind, body: self.events.append((kind, json.loads(b"{" + body))), lambda text: None,
            rtc, location, power_cut,
        )  # fmt: skip
        asyncio.run(self.base.read_rtc())

    def live(self, seconds):
        for _ in range(seconds // 5):
            self.ticks.ms += 5000
            asyncio.run(self.base.poll())
            self.kept.checkpoint()

    def ntp(self, utc_s):
        before = self.clock.utc_s()
        self.clock.set_utc(utc_s, 990, 3, 20)
        self.base.server_believed(before)
        self.kept.checkpoint(True)


def test_the_battery_clock_sets_the_time_before_anything_is_said():
    one = Start(Nor(4), Rtc((NOW, 1500)))
    assert (one.clock.utc_s(), one.clock.tq, one.base.source) == (NOW, 2, "rtc")
    assert one.anchors == [(NOW, 2, 1500)]


def test_a_battery_clock_that_lost_the_time_is_a_fault_and_set_by_the_first_server():
    rtc = Rtc(fault="unset")
    one = Start(Nor(4), rtc)
    assert one.clock.offset_s is None and one.health.faults == [("rtc", "unset")]
    one.ntp(NOW)
    one.live(20)
    assert len(rtc.told) == 1 and NOW <= rtc.told[0] <= NOW + 10
    one.ntp(NOW + 100)
    one.live(20)
    assert len(rtc.told) == 2


def test_a_battery_clock_that_fails_when_it_is_set_is_tried_again():
    rtc = Rtc((NOW, 1000))
    one = Start(Nor(4), rtc)
    rtc.fault = "bus"
    one.ntp(NOW)
    one.live(10)
    assert ("rtc", "bus") in one.health.faults
    rtc.fault = None
    one.live(10)
    assert len(rtc.told) == 1


def test_a_battery_clock_that_is_behind_what_was_known_is_not_believed():
    nor = Nor(4)
    Start(nor).ntp(NOW)
    one = Start(nor, Rtc((NOW - 90000, 1000)))
    assert one.clock.offset_s is None and one.health.faults == [("rtc", "range")]


def test_the_time_is_noted_each_five_minutes_and_found_at_the_next_start():
    nor = Nor(4)
    one = Start(nor)
    one.ntp(NOW)
    one.live(3600)
    again = Start(nor)
    assert NOW + 3300 <= again.base.floor_s <= NOW + 3600


def test_the_drift_is_kept_over_a_cut():
    nor = Nor(4)
    one = Start(nor)
    one.clock.drift_ppb = -17340
    one.ntp(NOW)
    assert Start(nor).clock.drift_ppb == -17340


def test_without_server_and_battery_the_nights_are_asked_after_a_minute():
    nor = Nor(4)
    one = Start(nor, location=LISBON)
    one.ntp(NOW + 6 * 3600)  # on at 18:00, sunset 17:18
    one.live(13 * 3600 + 1800)
    night = Start(nor, location=LISBON)
    assert night.anchors == []
    night.live(55)
    assert night.anchors == []
    night.live(10)
    (offset_s, tq, tu_ms) = night.anchors[0]
    assert tq == 1 and abs(offset_s - NOW - 86400 - 6 * 3600) * 1000 <= tu_ms
    assert night.clock.offset_s is None  # records stay open for a better time
    assert night.base.source == "dusk"
    night.live(900)
    assert Start(nor).base.floor_s is None  # an estimate is no evidence against a time server


def test_a_node_without_place_time_or_battery_says_that_it_knows_nothing():
    one = Start(Nor(4))
    one.live(600)
    assert (one.base.now_s(), one.base.tu_ms(), one.base.source, one.anchors) == (None, None, None, [])


def test_after_a_reset_without_a_cut_the_noted_time_goes_on_as_an_estimate():
    nor = Nor(4)
    one = Start(nor, location=LISBON)
    one.ntp(NOW)
    one.live(600)
    again = Start(nor, location=LISBON, power_cut=False)
    again.live(65)
    assert abs(again.anchors[0][0] - NOW - 600) <= 300 and again.anchors[0][2] <= 310000


def test_a_clock_that_is_set_or_stepped_is_an_event_and_one_that_was_right_is_none():
    one = Start(Nor(4))
    one.ntp(NOW)
    one.ntp(NOW)
    one.ntp(NOW + 600)
    assert one.events == [
        (b"clock", {"step_ms": None, "source": "ntp"}),
        (b"clock", {"step_ms": 600000, "source": "ntp"}),
    ]
