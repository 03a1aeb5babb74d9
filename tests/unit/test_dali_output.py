"""The lamp's output by DALI: what the gear is told, what it keeps, and which failures become alarms."""

import asyncio
import json

from dali_wire import Lamp
from lamppost.core.faults import SensorFault
from lamppost.drivers.dali_gear import level_of
from lamppost.lamp.dali_output import WARNINGS
from lamppost.lamp.gear_reports import GearReports, message
from lamppost.ops.holds import Holds

NONE = dict.fromkeys(WARNINGS, "")


def test_new_gear_is_addressed_and_keeps_the_fail_safe_level_for_itself():
    lamp = Lamp(({}, {}), fail_safe_level=50, min_level=10)
    lamp.minutes()
    assert [gear.short for gear in lamp.output.gears] == [0, 1]
    for gear in lamp.chip.gears:
        kept = gear.state()
        assert kept["power_on"] == kept["failure"] == level_of(50) == 229 and kept["fade"] == 0
    assert lamp.output.warned == NONE


def test_a_level_reaches_all_gear_at_once_and_is_repeated_each_minute():
    lamp = Lamp(({"address": 0}, {"address": 1}))
    lamp.minutes()
    lamp.output.set(300)
    lamp.minutes()
    assert lamp.levels() == [210, 210]
    lamp.chip.gears[1].level = 0  # somebody else, or a supply that came back
    lamp.minutes(2)
    assert lamp.levels() == [210, 210]
    lamp.output.set(0)
    lamp.minutes()
    assert lamp.levels() == [0, 0]


def test_the_level_comes_before_the_addresses():
    lamp = Lamp(({}, {}, {}, {}))
    lamp.output.set(500)
    levels = []
    real = lamp.chip.gears[0].frame

    def watch(value, bits, now_us):
        levels.append(value)
        return real(value, bits, now_us)

    lamp.chip.gears[0].frame = watch
    lamp.minutes()
    assert levels[0] == 0xFE00 | level_of(50), "a lamp is not left waiting for the scan of its bus"


def test_an_update_waits_while_gear_is_being_addressed_and_no_longer():
    lamp = Lamp(({}, {}))
    holds = Holds()
    holds.add("addressing", lambda: lamp.output.busy)
    reasons = []
    real = lamp.chip.gears[0].frame

    def watch(value, bits, now_us):
        reasons.append(holds.reason())
        return real(value, bits, now_us)

    lamp.chip.gears[0].frame = watch
    lamp.minutes()
    assert "addressing" in reasons and holds.reason() == ""
    reasons.clear()
    lamp.minutes(2)
    assert reasons and set(reasons) == {""}


def test_a_bus_that_fails_while_gear_is_addressed_holds_no_update():
    lamp = Lamp(({},))

    async def silent(*words):
        raise SensorFault("bus", "short circuit")

    lamp.bus.ask = silent
    lamp.minutes()
    assert lamp.output.warned["controlGearCommFailure"] and not lamp.output.busy


def test_gear_that_lost_its_supply_gets_its_stored_levels_again():
    lamp = Lamp()
    lamp.minutes()
    lamp.chip.gears[0].restore({"power_on": 100, "failure": 100})
    lamp.chip.gears[0].supply_returned()
    lamp.minutes(2)
    assert lamp.chip.gears[0].state()["power_on"] == 254
    assert lamp.levels() == [254]


def test_a_failed_lamp_and_failed_gear_are_named_and_end_when_they_are_mended():
    lamp = Lamp(({"address": 0}, {"address": 1}))
    lamp.minutes()
    lamp.chip.gears[1].fault("lamp")
    lamp.minutes()
    assert lamp.output.warned == dict(NONE, lampFailure="gear 1 reports a lamp failure")
    lamp.chip.gears[1].fault("gear")
    lamp.minutes()
    assert "gear 1 reports a failure of its own" in lamp.output.warned["controlGearFailure"]
    lamp.chip.gears[1].fault("none")
    lamp.minutes()
    assert lamp.output.warned == NONE


def test_gear_that_stays_silent_for_three_minutes_is_reported_and_one_lost_answer_is_not():
    lamp = Lamp(({"address": 0}, {"address": 1}))
    lamp.minutes()
    lamp.chip.gears[1].fault("silence")
    lamp.minutes(2)
    assert lamp.output.warned == NONE
    lamp.minutes(2)
    assert lamp.output.warned["controlGearCommFailure"] == "gear 1: silent"
    lamp.output.set(500)
    lamp.minutes()
    assert lamp.levels()[0] == level_of(50), "the other one is still led"
    lamp.chip.gears[1].fault("none")
    lamp.minutes(2)
    assert lamp.output.warned == NONE and lamp.levels() == [229, 229]


def test_a_bus_without_supply_is_reported_and_tried_again_for_ever():
    lamp = Lamp()
    lamp.chip.gears[0].fault("unsupplied")
    lamp.minutes(60)
    assert "no supply" in lamp.output.warned["controlGearCommFailure"]
    assert len(lamp.lines) == 1, "one line, not one a minute"
    lamp.chip.gears[0].fault("none")
    lamp.output.set(400)
    lamp.minutes(1)
    assert lamp.levels() == [220], "a new level does not wait for the next try"
    lamp.minutes(11)
    assert lamp.output.warned == NONE


def test_gear_that_protects_itself_from_heat_is_named_and_banks_are_read_when_something_fails():
    lamp = Lamp()
    lamp.minutes(12)
    lamp.chip.gears[0].fault("lamp")
    lamp.minutes(2)
    assert lamp.output.readings[0]["lamp"]["failures"] == ["failure", "open"]
    lamp.chip.gears[0].fault("derating")
    lamp.minutes(1441)
    assert lamp.output.warned["daliThermalDerating"] == "gear 0"


def test_energy_and_diagnostics_are_read_once_a_day():
    lamp = Lamp()
    lamp.minutes(9)
    assert lamp.output.readings == {}
    lamp.minutes(3)
    found = lamp.output.readings[0]
    assert found["energy"]["p_mw"] == 60000 and found["gear"]["u_mv"] == 230000 and found["rated"]["life_h"] == 100000
    before = lamp.bus.frames
    lamp.minutes(10)
    assert lamp.bus.frames - before < 10 * 5, "a minute is a level, a status and a level read back"


class Clock:
    def stamp(self):
        return "now"


def test_each_reading_of_a_gear_is_reported_once_and_again_when_the_broker_has_forgotten_it():
    lamp = Lamp(({"address": 0}, {"address": 3}))
    reports = GearReports(lamp.output, Clock())
    lamp.minutes(2)
    assert reports.poll() is None
    lamp.minutes(10)
    topics = [reports.poll(), reports.poll(), reports.poll()]
    assert [row and row[0] for row in topics] == [b"tele/gear/0", b"tele/gear/3", None]
    body = json.loads(b"{" + topics[0][1])
    assert body["p_mw"] == 60000 and body["lamp_u_mv"] == 96000 and body["gear_t"] == 45
    assert body["lamp_failures"] == [] and body["life_h"] == 100000 and body["q"]["p_mw"] == "V"
    reports.report_again()
    assert [reports.poll()[0], reports.poll()[0], reports.poll()] == [b"tele/gear/0", b"tele/gear/3", None]


def test_a_new_level_waits_for_the_memory_banks_of_one_gear_at_most():
    lamp = Lamp([{"address": n} for n in range(4)])
    longest_ms = 0

    async def attend():
        nonlocal longest_ms
        end = lamp.chip.us + 12 * 60000000
        while lamp.chip.us < end:
            began = lamp.uptime_ms()
            await lamp.output.attend()
            longest_ms = max(longest_ms, lamp.uptime_ms() - began)
            await asyncio.sleep_ms(5000)

    lamp.minutes(2)  # they are found
    lamp.chip.run(attend())
    assert len(lamp.output.readings) == 4 and longest_ms < 6000


def test_what_a_gear_does_not_know_is_null_with_its_letter():
    found = {"energy": {"import_mwh": None, "p_mw": 0}, "gear": {"temperature": -5, "failures": []}}
    body = json.loads(b"{" + message(found))
    assert body["gear_mwh"] is None and body["q"]["gear_mwh"] == "U" and body["q"]["p_mw"] == "V"
    assert body["gear_t"] == -5 and body["lamp_failures"] is None and body["gear_s"] is None


def test_luminaire_data_is_read_once_and_gear_without_it_has_none():
    lamp = Lamp()
    lamp.minutes(12)
    found = lamp.output.luminaires[0]
    assert (found["gtin"], found["year"], found["week"], found["rated_w"]) == ("4012345678901", 2026, 14, 60)
    assert (found["least_v"], found["most_v"], found["lumen"]) == (198, 264, 8400)
    assert (found["cri"], found["cct_k"]) == (80, 3000)
    lamp = Lamp()
    gear = lamp.chip.gears[0]
    whole = gear.frame
    # a bank 1 of the older kind ends after the maker's number
    gear.frame = lambda value, bits, us: None if gear.running()["dtr"][:2] == [0x11, 1] else whole(value, bits, us)
    lamp.minutes(12)
    assert lamp.output.luminaires == {} and lamp.output.readings[0]["energy"]["p_mw"] == 60000


def test_a_second_master_on_the_bus_does_not_stop_the_lamp():
    lamp = Lamp()
    lamp.minutes()
    lamp.chip.gears[0].fault("master")
    lamp.output.set(300)
    lamp.minutes(5)
    # the other master sends levels of its own; ours is repeated each minute
    assert lamp.bus.disturbed > 0
    lamp.chip.gears[0].fault("none")
    lamp.minutes(12)
    assert lamp.levels() == [210] and lamp.output.warned == NONE
