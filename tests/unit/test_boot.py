"""Which slot boot.py starts, from RTC memory and state file; and ops/boot_slot.py, which notes and reports it."""

import json
import os

from lamppost.ops import boot_slot


def choose_slot(name="choose_slot"):
    """boot.py is a script; its decisions are functions that can be taken out."""
    here = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
    with open(here + "/../../firmware/boot.py") as file:
        text = file.read()
    world = {}
    exec(text[text.index("def choose_slot") : text.index("def use")], world)
    exec(text[text.index("def noted") : text.index("rtc = machine.RTC()")], world)
    return world[name]


class Rtc:
    kept = b""

    def memory(self, data=None):
        if data is None:
            return self.kept
        Rtc.kept = data
        return None


class Machine:
    RTC = Rtc


def test_after_power_on_the_active_slot_starts_and_has_not_failed():
    assert choose_slot()(b"", "a") == ("a", 0)
    assert choose_slot()(b"", "b") == ("b", 0)


def test_a_brown_out_counts_as_a_power_cut_although_it_leaves_the_memory():
    noted = choose_slot("noted")
    Rtc.kept = b"b3w!"
    assert noted(Rtc(), False) == b"b3w!"
    assert noted(Rtc(), True) == b"" and Rtc.kept == b""


def test_after_three_failed_starts_the_other_slot_starts():
    choose = choose_slot()
    assert choose(b"a2w", "a") == ("a", 2)
    assert choose(b"a3w", "a") == ("b", 0)
    assert choose(b"b3w", "b") == ("a", 0)


def test_a_healthy_app_never_loses_its_slot():
    Rtc.kept = b"a3"
    boot_slot.armed(Machine, "a")
    assert Rtc.kept == b"a3w"
    boot_slot.healthy(Machine, "a")
    assert choose_slot()(Rtc.kept, "a") == ("a", 0)


def test_garbage_in_rtc_memory_is_ignored():
    for memory in (b"\xff\xff\xff", b"a", b"ax", b"zz9"):
        assert choose_slot()(memory, "a") == ("a", 0)


def test_why_another_slot_than_the_active_one_runs_is_found_out():
    root = "/tmp/lamplighter-slots-%d/" % id(Rtc)
    os.mkdir(root[:-1])
    assert boot_slot.fallback("b", root) is None, "no state file: boot.py reports that"
    for content in ("{", "[]", '{"active": "c"}', '{"active": null}'):
        put(root + "state.json", content)
        assert boot_slot.fallback("b", root) is None
    put(root + "state.json", json.dumps({"active": "a"}))
    assert boot_slot.fallback("a", root) is None
    assert boot_slot.fallback("b", root) == "incomplete"
    os.mkdir(root + "a")
    put(root + "a/manifest.json", "{}")
    assert boot_slot.fallback("b", root) == "failed"
    os.remove(root + "a/manifest.json")
    os.rmdir(root + "a")
    os.remove(root + "state.json")
    os.rmdir(root[:-1])


def put(path, text):
    with open(path, "w") as file:
        file.write(text)
