"""Modules that are loaded for one piece of work: dropped again afterwards, whatever became of it."""

import sys

from lamppost.core import borrow

ROOT = borrow.__name__.split(".")[0]


def gone(name):
    package, last = (ROOT + "." + name).rsplit(".", 1)
    return ROOT + "." + name not in sys.modules and not hasattr(sys.modules[package], last)


def test_the_answer_is_there_and_the_module_is_not():
    assert borrow.once("link.mqtt.properties", "printable", b"b") == "b"
    assert gone("link.mqtt.properties")


def test_a_module_goes_with_those_that_came_with_it():
    borrow.once("ops.beginning", "config", "1a2b", None)
    assert gone("ops.beginning") and gone("core.units")


def test_a_failure_leaves_no_module_behind():
    try:
        borrow.once("link.mqtt.properties", "printable", None)
    except TypeError:
        assert gone("link.mqtt.properties")
    else:
        raise AssertionError("no text was shown as one")


def test_what_is_not_there_can_be_given_back():
    borrow.give_back("link.mqtt.properties")
    assert gone("link.mqtt.properties")


def test_it_can_be_borrowed_again():
    for _ in range(3):
        assert borrow.once("ops.beginning", "config", "1a2b", None)
