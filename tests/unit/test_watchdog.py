"""ops/watchdog.py: the watchdog is fed only while every task is in time, and a failing part is an alarm."""

import asyncio

from lamppost.core.clock import Clock
from lamppost.core.faults import SensorFault
from lamppost.ops import tasks
from lamppost.ops.part_reader import PartReader
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
        task = asyncio.create_task(health.watch(lambda: None))
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
    assert lines == ["watchdog: task link is late; the node will be reset"]
    link.alive()
    once(health)
    assert watchdog.fed == 1


def test_a_part_that_fails_five_times_is_an_alarm_until_it_recovers():
    _, _, health, alarms, lines = rig()
    for _ in range(7):
        health.fault("meter", SensorFault("silent", "no answer"))
    assert alarms == [("sensorFault-meter", True, "silent")]
    health.good("meter")
    assert alarms[-1] == ("sensorFault-meter", False, "")
    assert lines == ["meter: silent: no answer", "meter: recovered"]
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


def test_a_part_that_fails_after_it_warmed_up_is_an_alarm():
    _, _, health, alarms, lines = rig()
    for _ in range(9):
        health.fault("dust", SensorFault("warming"))
    for _ in range(5):
        health.fault("dust", SensorFault("silent"))
    assert alarms == [("sensorFault-dust", True, "silent")]
    assert lines == ["dust: warming"]


def test_a_start_is_confirmed_once_every_task_has_been_in_time_for_a_minute():
    time, _, health, _, _ = rig()
    beat = health.task("link", 5000)
    confirmed = []

    async def watch(seconds, alive):
        """The rounds of so many seconds; asyncio's sleep takes none of them."""
        task = asyncio.create_task(health.watch(lambda: confirmed.append(time.now)))
        sleep_ms, asyncio.sleep_ms = asyncio.sleep_ms, lambda ms: asyncio.sleep(0)
        try:
            for _ in range(seconds):
                time.now += 1000
                if alive:
                    beat.alive()
                await asyncio.sleep(0)
        finally:
            asyncio.sleep_ms = sleep_ms
            task.cancel()

    asyncio.run(watch(50, True))
    assert confirmed == []
    asyncio.run(watch(300, False))
    assert confirmed == []
    asyncio.run(watch(300, True))
    assert len(confirmed) == 1


class HalfDead:
    """A part that never gives its carbon dioxide."""

    name = "co2"
    QUANTITIES = ("co2", "t")

    async def read(self):
        return {"co2": None, "t": 250}


class Node:
    pass


def test_a_part_that_gives_some_of_its_values_only_is_an_alarm_and_the_others_are_taken():
    time, _, health, alarms, lines = rig()
    node, taken = Node(), []
    node.health, node.clock, node.reader = health, Clock(time.ticks_ms, time.ticks_diff), PartReader()

    async def for_a_while():
        task = asyncio.create_task(tasks.sense(node, HalfDead(), 1, taken.append, None))
        while len(taken) < 6:
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(for_a_while())
    assert taken[0] == {"co2": None, "t": 250}
    assert alarms == [("sensorFault-co2", True, "partial")]
    assert lines == ["co2: partial: no co2"]
