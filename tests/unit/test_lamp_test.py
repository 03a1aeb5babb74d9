"""The lamp's self-test: what it does to the lamp, and how it judges the power of each level."""

import asyncio

from lamppost.core.faults import CommandFault
from lamppost.ops import lamp_test
from raising import raises

GOOD = {100: 88000, 50: 46000, 1: 12000, 0: 2000}


class Control:
    def __init__(self, day):
        self.day = day
        self.levels = []

    def is_day(self):
        return self.day

    def test(self, level, ramp_s=None):
        self.levels.append(level)


class Node:
    def __init__(self, powers=GOOD, day=True, dims=True, meter=True):
        self.control = Control(day)
        self.powers = powers
        self.output = type("Output", (), {"DIMS": dims})
        self.dimmer = type("Dimmer", (), {"level": 0})
        self.meter = self if meter else None

    @property
    def power_mw(self):
        return self.powers[self.control.levels[-1]]


def run(node):
    asleep = asyncio.sleep_ms
    asyncio.sleep_ms = lambda milliseconds: asyncio.sleep(0)
    try:
        return asyncio.run(lamp_test.run(node, lambda text: None))
    finally:
        asyncio.sleep_ms = asleep


def test_a_good_lamp_passes_and_is_given_back_to_its_programme():
    node = Node()
    assert run(node) == "The power follows 4 levels: 88.0 W, 46.0 W, 12.0 W, 2.0 W."
    assert node.control.levels == [100, 50, 1, 0, None]


def test_a_relay_that_is_welded_a_dead_lamp_and_an_open_dimming_line_are_told_apart():
    for powers, words in (
        ({100: 88000, 50: 46000, 1: 12000, 0: 12000}, "relay does not open"),
        ({100: 2500, 50: 2500, 1: 2500, 0: 2000}, "does not burn"),
        ({100: 88000, 50: 88000, 1: 88000, 0: 2000}, "does not dim"),
    ):  # fmt: skip
        with raises(CommandFault, "failed") as found:
            run(Node(powers))
        assert words in found.error.detail


def test_a_lamp_that_cannot_dim_is_switched_only():
    node = Node(dims=False)
    run(node)
    assert node.control.levels == [100, 0, None]


def test_it_is_refused_at_night_and_without_a_lamp():
    with raises(CommandFault, "invalid"):
        run(Node(day=False))
    node = Node()
    node.control = None
    with raises(CommandFault, "absent"):
        run(node)


def test_without_a_meter_it_dims_and_says_so():
    assert "without a meter" in run(Node(meter=False))
