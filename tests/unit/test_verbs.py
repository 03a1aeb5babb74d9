"""What the commands of every lamppost do, on a node in the test's hands."""

import asyncio
import gc

from command_bench import Bench
from ground import Notes
from journal_on_ram import Ticks
from lamppost.core.faults import SensorFault
from lamppost.ops import verbs
from lamppost.ops.console import Console
from lamppost.ops.part_reader import PartReader
from lamppost.sensing.parking.bay import ParkingBay


class Pin:
    OUT = 1

    def __init__(self, number, mode, value=0):
        self.levels = [value]
        Pin.last = self

    def __call__(self, level):
        self.levels.append(level)


class Machine:
    Pin = Pin


class Lidar:
    """Stands before an empty bay, or before something that moves."""

    name = "lidar"
    QUANTITIES = ("d_mm", "strength")
    LIMITS = (("d_mm", 100, 12000), ("strength", 100, 65535))
    fault = None
    moves = 0

    async def read(self):
        if self.fault:
            raise SensorFault(self.fault)
        self.moves = -self.moves
        return {"d_mm": 3200 + self.moves, "strength": 900}


class Wifi:
    def rssi(self):
        return -61


class Alarms:
    def __init__(self):
        self.active = {"meterChanged": (1, "null")}

    def set(self, code, active, evidence="", value=None):
        self.active.pop(code)


class Node:
    def __init__(self, pins):
        self.board = {"pins": pins}
        self.console = Console(Ticks().clock(), lambda line: None)
        self.log = self.console.log
        self.parts = {"lidar": Lidar()}
        self.reader = PartReader()
        self.wifi = Wifi()
        self.alarms = Alarms()
        self.counters = Notes()
        self.sensing = [ParkingBay({"bay": "1", "part": "lidar"}, Ticks().clock(), self.counters)]
        self.sensing[0].of(Lidar.QUANTITIES)


def bench(pins=None):
    made = Bench()
    made.node = Node({"status_led": 23} if pins is None else pins)
    verbs.add_all(made.commands, made.node, Machine)
    return made


def answer(made, verb, name, **args):
    made.send(verb, name, args=args)
    made.work()
    return [(word, text) for other, word, text in made.sent if other == name][-1]


def quickly(call):
    """Run call() where time passes at once."""
    asleep = asyncio.sleep_ms
    asyncio.sleep_ms = lambda milliseconds: asyncio.sleep(0)
    try:
        return call()
    finally:
        asyncio.sleep_ms = asleep


def test_identify_blinks_the_status_led_for_so_many_seconds_and_leaves_it_dark():
    async def blinks():
        light = verbs.StatusLight(Machine, 23)
        light.blink(1)
        light.blink(2)  # asked again: the time begins anew
        for _ in range(30):
            await asyncio.sleep(0)

    quickly(lambda: asyncio.run(blinks()))
    assert Pin.last.levels == [0] + [1, 0] * 4


def test_a_board_without_a_status_led_says_so():
    assert answer(bench({}), "identify", "a") == ("absent", "This board has no status LED.")


def test_clear_ends_an_alarm_that_is_on_and_no_other():
    made = bench()
    assert answer(made, "clear", "a", alarm="supplyLoss") == ("absent", "The alarm supplyLoss is not raised.")
    assert answer(made, "clear", "b", alarm="meterChanged")[0] == "ok"
    assert not made.node.alarms.active


def test_log_sends_the_last_lines():
    made = bench()
    for n in range(100):
        made.node.log("line %d" % n)
    assert len(made.node.console.last(1000)) == 64
    assert quickly(lambda: answer(made, "log", "a", lines=20)) == ("ok", "The last 20 lines of the log.")
    assert made.words("a").count("progress") == 3


def test_calibrate_measures_a_bay_that_is_empty_and_the_bay_is_free_at_once():
    made = bench()
    bay = made.node.sensing[0]
    assert not bay.range_finders[0].empty.known
    said = quickly(lambda: answer(made, "calibrate", "a", bay=1))
    assert said == ("ok", "Bay 1 is empty at 3200 mm.")
    assert bay.range_finders[0].empty.known and bay.range_finders[0].empty.mm == 3200
    assert list(made.node.counters.notes) == ["bay 1"]


def test_calibrate_refuses_a_bay_that_moves_or_is_not_there():
    made = bench()
    made.node.parts["lidar"].moves = 900
    assert quickly(lambda: answer(made, "calibrate", "a", bay="1"))[0] == "signal"
    assert answer(made, "calibrate", "b", bay="9") == ("absent", "The configuration has no bay 9.")
    assert not made.node.counters.notes


def test_selftest_names_what_failed():
    made = bench()
    if not hasattr(gc, "mem_free"):  # under CPython
        gc.mem_free = lambda: 4000000
    assert quickly(lambda: answer(made, "selftest", "a")) == ("ok", "4 checks passed.")
    made.node.parts["lidar"].fault = "silent"
    word, text = quickly(lambda: answer(made, "selftest", "b"))
    assert word == "failed" and text.startswith("2 of 4 checks failed: lidar d_mm: silent")
