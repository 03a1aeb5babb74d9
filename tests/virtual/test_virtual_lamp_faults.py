"""Nights of a virtual lamppost whose lamp fails, and what the subscriber sees of it."""

from __future__ import annotations

import datetime

import pytest
from night_lamp import EPOCH, LATE, LISBON, RTC, Lamp

# what the simulated luminaire and gear draw: 2 W for the rest of the lamppost
ANALOGUE = [[10, 15.2], [25, 27.4], [50, 47.6], [75, 67.7], [100, 88]]
DALI = [[10, 9.6], [25, 18.4], [50, 32.9], [75, 47.5], [100, 62]]
NIGHT = datetime.datetime(2026, 12, 21, 22, 57, tzinfo=datetime.UTC)


@pytest.fixture
def lamp(tmp_path):
    made: list[Lamp] = []

    def make(**options) -> Lamp:
        made.append(Lamp(tmp_path, parts=[RTC], location=LISBON, **options))
        made[-1].node.start()
        return made[-1]

    yield make
    for one in made:
        one.close()


def since_night(street: Lamp, minutes: float) -> None:
    street.until((NIGHT - EPOCH).total_seconds() + 60 * minutes)


def alarms(street: Lamp) -> dict[str, str]:
    """{code: evidence} of the alarms that a subscriber knows now."""
    found: dict[str, str] = {}
    for topic, _, _ in list(street.subscriber.messages):
        _, _, code = topic.partition("/alarm/")
        if code:
            last = street.said(f"alarm/{code}")[-1]
            found.pop(code, None)
            if last:
                found[code] = last["evidence"]
    return found


def test_a_night_with_dali_gear_whose_lamp_fails_is_told_and_stays_until_noon(lamp):
    watts = [[level, 2 * draw - 2] for level, draw in DALI]  # of two gears
    gears = [{"address": 0}, {"address": 1}]
    street = lamp(start=NIGHT, gears=gears, lamp={"output": "dali", "watts": watts, **LATE})
    street.wait("evt/clock")
    since_night(street, 5)
    assert abs(street.node.light - 500) <= 5, "dimmed at 23:00"
    assert alarms(street) == {}
    street.node.part("gear-1").fault("lamp")
    since_night(street, 8)
    assert alarms(street) == {"lampFailure": "gear 1 reports a lamp failure"}
    street.node.part("gear-1").fault("none")
    since_night(street, 11)
    assert "lampFailure" in alarms(street), "the day's crew must see it"
    gear = street.wait("tele/gear/1")[-1]  # read when it failed: before the daily reading, 10 minutes after the start
    assert gear["lamp_failures"] == ["failure", "open"] and gear["gear_failures"] == []
    assert gear["u_mv"] == 230000 and gear["pf"] == 0.95 and gear["lamp_t"] == 45 and set(gear["q"].values()) == {"V"}
    info = street.wait("info", 2)[-1]
    assert [(row["gear"], row["gtin"], row["cct_k"]) for row in info["luminaires"]] == [
        (0, "4012345678901", 3000), (1, "4012345678901", 3000),
    ]  # fmt: skip
    assert info["units"]["gear_t"]["ucum"] == "Cel"


def test_a_relay_that_welds_is_told_when_the_lamp_should_be_off(lamp):
    dawn = NIGHT.replace(day=22, hour=7, minute=49)  # the sun rises at 7:51
    street = lamp(start=dawn, luminaire={}, lamp={"output": "0-10v", "watts": ANALOGUE, **LATE})
    street.node.part("luminaire").fault("welded")
    street.wait("evt/clock")
    street.until((dawn - EPOCH).total_seconds() + 7 * 60)
    assert "with the relay open" in alarms(street)["relayFailure"]


def test_a_bus_without_supply_is_told_by_name(lamp):
    street = lamp(start=NIGHT, gears=[{"address": 0}], lamp={"output": "dali", "watts": DALI, **LATE})
    street.wait("evt/clock")
    since_night(street, 1)
    street.node.part("gear-0").fault("unsupplied")
    since_night(street, 3)
    assert "no supply" in alarms(street)["controlGearCommFailure"]
