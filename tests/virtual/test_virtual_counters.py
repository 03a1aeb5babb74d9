"""Registers of a whole virtual lamppost through cuts, other meters, a foreign journal and worn flash."""

from __future__ import annotations

import random

import pytest
from night_lamp import Lamp

METER = {"energy": {"part": "meter", "window_s": 30, "every_ms": 1000}}
JOURNAL = 0x390000


@pytest.fixture
def lamp(tmp_path):
    one = Lamp(tmp_path, **METER)
    one.node.part("meter").set(watts=3600)
    yield one
    one.close()


def of_version_7(lamp: Lamp, blocks: int) -> None:
    """As a firmware would leave so many blocks of the journal that writes another format; the first 8 are counters."""
    for at in range(JOURNAL, JOURNAL + blocks * 4096, 4096):
        block = lamp.node.read_flash(at, 4096)
        if block[:3] == b"LPJ":
            lamp.node.flash_image([(at, block[:3] + b"\x07\xf8" + block[5:])])


def energy(lamp: Lamp) -> list[dict]:
    """Windows in the order in which they were made; one that a cut left without its acknowledgement comes twice."""
    windows = {(message["b"], message["s"]): message for message in lamp.said("tele/energy")}
    return [windows[key] for key in sorted(windows)]


def test_whatever_the_cuts_the_register_follows_the_meter_and_the_first_window_says_that_there_was_a_gap(lamp):
    dice = random.Random(7)
    lamp.node.start()
    lamp.wait("tele/energy")
    for _ in range(12):
        lamp.live(dice.uniform(3, 120))
        lamp.node.power_off()
        lamp.node.elapse(dice.uniform(1, 50000))
        lamp.node.power_on()
    lamp.wait("evt/boot", 13)
    lamp.live(100)
    told = energy(lamp)
    known = [message for message in told if message["imp_mwh"] is not None]
    registers = [message["imp_mwh"] for message in known]
    assert registers == sorted(registers)
    first = {}
    for message in known:
        first.setdefault(message["b"], message)
    assert len(first) >= 6
    assert lamp.said("alarm/meterChanged") == []
    assert {message["q"]["e_mwh"] for boot, message in first.items() if boot > 1} == {"G"}
    # 1 Wh a second while there is power, and not one more: the meter told what the cuts had swallowed
    on_s = sum(message["window_s"] for message in told) + 13 * 30
    assert registers[-1] <= on_s * 1000
    assert registers[-1] >= sum(message["window_s"] for message in known[1:]) * 1000 - 13 * 10000
    for early, late in zip(known, known[1:], strict=False):
        if early["b"] == late["b"]:
            assert late["imp_mwh"] - early["imp_mwh"] == late["e_mwh"]


@pytest.mark.parametrize(("word", "there_wh"), [("reset", 0), ("swap", 4000000)])
def test_a_meter_that_was_reset_or_swapped_is_an_alarm_with_evidence_and_no_energy(lamp, word, there_wh):
    lamp.node.start()
    before = lamp.wait("tele/energy", 2)[-1]["imp_mwh"]
    lamp.node.part("meter").set(energy_wh=there_wh)
    lamp.live(10)
    alarm = lamp.wait("alarm/meterChanged")[0]
    assert alarm["evidence"].startswith(f"{word}: meter from ") and alarm["value"] >= there_wh * 1000
    lamp.live(95)
    told = lamp.wait("tele/energy", 4)
    assert before <= told[-1]["imp_mwh"] <= before + 300000
    lamp.node.power_off()
    lamp.node.power_on()
    assert lamp.wait("alarm/meterChanged", 2)[1] == {}  # told until the next start


def test_a_meter_swapped_while_the_power_was_off_adds_none_of_its_past(lamp):
    lamp.node.start()
    lamp.wait("tele/energy", 2)
    lamp.node.power_off()
    before = energy(lamp)[-1]["imp_mwh"]
    lamp.node.part("meter").set(energy_wh=7000000)
    lamp.node.power_on()
    assert "swap" in lamp.wait("alarm/meterChanged")[0]["evidence"]
    lamp.live(100)
    assert before <= energy(lamp)[-1]["imp_mwh"] <= before + 400000


def test_a_journal_of_another_version_is_begun_anew_said_and_goes_on(lamp):
    lamp.node.start()
    lamp.wait("tele/energy")
    lamp.node.power_off()
    of_version_7(lamp, 256)
    lamp.node.power_on()
    alarm = lamp.wait("alarm/journalLost")[0]
    assert alarm["severity"] == "critical"
    assert "records of format version 7" in alarm["evidence"] and "counters of" in alarm["evidence"]
    lamp.live(70)
    told = lamp.said("tele/energy")[-1]
    assert told["b"] == 1 and told["imp_mwh"] >= 30000  # the register begins where the meter stands
    lamp.node.power_off()
    lamp.node.power_on()
    assert lamp.wait("alarm/journalLost", 2)[1] == {}


def test_counters_of_another_version_cost_the_register_but_no_boot_number(lamp):
    lamp.node.start()
    lamp.wait("tele/energy")
    lamp.node.power_off()
    of_version_7(lamp, 8)
    lamp.node.power_on()
    alarm = lamp.wait("alarm/journalLost")[0]
    assert alarm["evidence"] == "counters of format version 7" and alarm["b"] == 2


def test_worn_flash_is_an_alarm_and_telemetry_goes_on_with_its_numbers_while_there_is_a_broker(lamp):
    lamp.node.start()
    lamp.wait("tele/energy", 2)
    lamp.node.wear_out("journal")
    lamp.live(100)
    alarm = lamp.wait("alarm/journalWorn")[0]
    assert alarm["severity"] == "critical"
    count = len(energy(lamp))
    lamp.live(100)
    assert len(lamp.wait("tele/energy", count + 2)) >= count + 2
    numbers = sorted(message["s"] for suffix in ("tele/energy", "alarm/journalWorn", "evt/boot", "evt/clock")
                     for message in lamp.said(suffix))  # fmt: skip
    assert numbers == list(range(len(numbers)))
    assert lamp.node.boots == 1
