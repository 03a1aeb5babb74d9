"""Modules that are loaded for one piece of work: dropped again afterwards, whatever became of it."""

import sys

from lamppost.core import borrow

ROOT = borrow.__name__.split(".")[0]


def gone(name):
    package, last = (ROOT + "." + name).rsplit(".", 1)
    return ROOT + "." + name not in sys.modules and not hasattr(sys.modules[package], last)


def test_the_answer_is_there_and_the_module_is_not():
    assert borrow.once("link.mqtt.hello", "subscribe", 7, [b"b"])[0] == 0x82
    assert gone("link.mqtt.hello")


def test_a_module_goes_with_those_that_came_with_it():
    borrow.once("ops.beginning", "config", "1a2b", None)
    assert gone("ops.beginning") and gone("core.units")


def test_a_failure_leaves_no_module_behind():
    try:
        borrow.once("link.mqtt.hello", "subscribe", 7, [b"b" * 65536])
    except ValueError:
        assert gone("link.mqtt.hello")
    else:
        raise AssertionError("a topic longer than MQTT allows was taken")


def test_what_is_not_there_can_be_given_back():
    borrow.give_back("link.mqtt.hello")
    assert gone("link.mqtt.hello")


def test_it_can_be_borrowed_again():
    for _ in range(3):
        assert borrow.once("ops.beginning", "config", "1a2b", None)
