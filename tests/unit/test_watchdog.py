"""ops/watchdog.py and ops/alarms.py: the watchdog is fed only while all is well, alarms are said once."""

import asyncio
import json

from lamppost.core.clock import Clock
from lamppost.core.faults import SensorFault
from lamppost.ops.alarms import Alarms
from lamppost.ops.watchdog import Health


class Time:
    now = 0

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, a, b):
        return a - b


class Watchdog:
    fed = 0

    def feed(self):
        self.fed += 1


def rig():
    time = Time()
    clock = Clock(time.ticks_ms, time.ticks_diff)
    alarms, lines, watchdog = [], [], Watchdog()
    health = Health(clock, lambda *said: alarms.append(said), lines.append)
    health.watchdog = watchdog
    return time, watchdog, health, alarms, lines


def once(health):
    async def one_round():
        task = asyncio.create_task(health.watch())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(one_round())


def test_the_watchdog_is_fed_while_every_task_reports():
    time, watchdog, health, _, _ = rig()
    health.task("link", 5000)
    time.now = 4000
    once(health)
    assert watchdog.fed == 1


def test_one_late_task_is_named_and_starves_the_watchdog():
    time, watchdog, health, _, lines = rig()
    link, sensing = health.task("link", 5000), health.task("sensing", 5000)
    time.now = 6000
    sensing.alive()
    once(health)
    assert watchdog.fed == 0
    assert "task link is late" in lines[0]
    link.alive()
    once(health)
    assert watchdog.fed == 1


def test_a_part_that_fails_five_times_is_an_alarm_until_it_is_well_again():
    _, _, health, alarms, lines = rig()
    for _ in range(7):
        health.fault("meter", SensorFault("silent", "no answer"))
    assert alarms == [("sensorFault-meter", True, "silent")]
    health.good("meter")
    assert alarms[-1] == ("sensorFault-meter", False, "")
    assert lines == ["meter: silent: no answer", "meter: well again"]
    assert health.faults == {"meter": 7}


def test_the_first_good_reading_ends_the_alarm_that_an_earlier_boot_may_have_left():
    _, _, health, alarms, lines = rig()
    for _ in range(3):
        health.good("meter")
    assert alarms == [("sensorFault-meter", False, "")] and lines == []
    health.fault("dust", SensorFault("silent"))
    health.good("dust")
    assert alarms[1:] == [("sensorFault-dust", False, "")]


def test_a_part_that_warms_up_is_no_alarm():
    _, _, health, alarms, _ = rig()
    for _ in range(9):
        health.fault("dust", SensorFault("warming"))
    assert alarms == []


def test_an_alarm_is_said_when_it_comes_and_when_it_goes_and_not_between():
    time = Time()
    clock = Clock(time.ticks_ms, time.ticks_diff)
    clock.set_utc(848750400, 0, 3, 20)
    said = []
    alarms = Alarms(lambda *row: said.append(row), "ALARM", "CLEAR", clock)
    for active in (True, True, False, False):
        alarms.set("supplyLoss", active, "meter silent")
    assert [row[:2] for row in said] == [("ALARM", b"alarm/supplyLoss"), ("CLEAR", b"alarm/supplyLoss")]
    assert json.loads(b"{" + said[0][2]) == {
        "since": "2026-11-23T12:00:00Z",
        "severity": "major",
        "value": None,
        "evidence": "meter silent",
    }


class Kept:
    """The part of journal/counters.py that alarms need."""

    alarms = 0

    def burnt(self):
        pass

    def checkpoint(self, now):
        assert now


def test_an_alarm_that_was_on_when_the_power_went_is_cleared_at_a_later_start_and_not_raised_twice():
    time, said, kept = Time(), [], Kept()
    clock = Clock(time.ticks_ms, time.ticks_diff)

    def start():
        return Alarms(lambda *row: said.append(row[:2]), "ALARM", "CLEAR", clock, kept)

    start().set("meterChanged", True, "swap")
    start().set("supplyLoss", True, "meter silent")
    alarms = start()
    alarms.set("supplyLoss", True, "meter silent")
    alarms.set("meterChanged", False)
    start().set("meterChanged", False)
    assert said == [
        ("ALARM", b"alarm/meterChanged"),
        ("ALARM", b"alarm/supplyLoss"),
        ("CLEAR", b"alarm/meterChanged"),
    ]


def test_burning_hours_and_switchings_follow_the_lamp():
    from lamppost.ops.lamp_hours import Burn

    class Counters:
        burn_s = switchings = 0

        def burnt(self):
            pass

    time, counters, lit = Time(), Counters(), []
    burn = Burn(counters, lambda: bool(lit), Clock(time.ticks_ms, time.ticks_diff))
    for second in range(100):
        if second in (10, 50):
            lit.append(1)
        if second in (40, 55):
            lit.clear()
        for _ in range(10):
            time.now += 100
            burn.poll()
    assert counters.switchings == 2
    assert 33 <= counters.burn_s <= 36


def test_an_alarm_whose_value_changes_is_said_again_with_the_time_of_its_beginning():
    time = Time()
    clock = Clock(time.ticks_ms, time.ticks_diff)
    clock.set_utc(848750400, 0, 3, 20)
    said = []
    alarms = Alarms(lambda *row: said.append(json.loads(b"{" + row[2])), "ALARM", "CLEAR", clock)
    for value in (1, 1, 2, 4):
        alarms.set("journalOverflow", True, "oldest telemetry dropped", value)
        time.now += 60000
    assert [row["value"] for row in said] == [1, 2, 4]
    assert {row["since"] for row in said} == {"2026-11-23T12:00:00Z"}


def test_what_may_be_on_since_before_the_start_is_said_to_be_over_once():
    time = Time()
    said = []
    alarms = Alarms(lambda *row: said.append(row), "ALARM", "CLEAR", Clock(time.ticks_ms, time.ticks_diff))
    for _ in range(3):
        alarms.set("supplyLoss", False)
    assert said == [("CLEAR", b"alarm/supplyLoss", b"")]
    alarms.set("supplyLoss", True)
    alarms.set("supplyLoss", False)
    assert [row[0] for row in said] == ["CLEAR", "ALARM", "CLEAR"]
