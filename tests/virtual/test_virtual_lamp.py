"""A virtual lamppost that drives a luminaire: its programme, power cuts, commands, and what a subscriber sees."""

from __future__ import annotations

import datetime
import json

import pytest
from night_lamp import EPOCH, LATE, LISBON, RTC, Lamp

DUSK = datetime.datetime(2026, 12, 21, 17, 12, tzinfo=datetime.UTC)  # the sun sets at 17:18


@pytest.fixture
def lamp(tmp_path):
    made: list[Lamp] = []

    def make(**options) -> Lamp:
        made.append(Lamp(tmp_path, parts=[RTC], luminaire={}, location=LISBON, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def lit(street: Lamp) -> list[tuple[float, int]]:
    """Notes (seconds since 2000, permille) of each change of the luminaire's light from now on."""
    changes: list[tuple[float, int]] = []
    street.node.on_light(lambda permille: changes.append((street.truth(), permille)))
    return changes


def test_the_lamp_follows_its_programme_and_the_meter_and_the_subscriber_see_it(lamp):
    street = lamp(start=DUSK, lamp={"output": "0-10v", **LATE})
    street.node.start()
    street.wait("tele/light")
    street.live(30)
    assert street.node.light == 0
    street.until((DUSK - EPOCH).total_seconds() + 9 * 60)
    assert street.node.light == 1000
    street.node.power_off()
    street.node.elapse((DUSK.replace(hour=22, minute=58) - EPOCH).total_seconds() - street.truth())
    street.node.power_on()
    street.until((DUSK.replace(hour=23, minute=3) - EPOCH).total_seconds())
    assert abs(street.node.light - 500) <= 1
    told = street.wait("tele/light", 4)
    rows = [(row["level"], row["commanded"], row["why"]) for row in told]
    assert rows[0] == (100, 100, "safe") and (100, 100, "schedule") in rows
    assert (50, 50, "schedule") in rows
    assert 44000 < street.wait("tele/energy")[-1]["p_mean_mw"] < 48000


def test_after_a_power_cut_the_lamp_is_on_within_2_s_and_in_its_programme_within_10_s(lamp):
    night = DUSK.replace(hour=23, minute=30)
    street = lamp(start=night, lamp={"output": "0-10v", **LATE})
    street.node.start()
    street.wait("evt/clock")
    street.live(15)  # the battery clock is set
    street.node.power_off()
    street.node.elapse(60)
    back = street.truth()
    changes = lit(street)
    street.node.power_on()
    street.until(back + 10)
    assert changes and changes[0][0] - back <= 2 and changes[0][1] == 1000
    assert abs(street.node.light - 500) <= 1
    while 4 not in (rows := {row["n"]: row for row in street.said("evt/switching")}):
        street.live(1)
    assert list(rows) == [1, 2, 3, 4]
    assert [row["level"] for row in rows.values()] == [100, 50, 100, 50]
    start = rows[3]
    assert start["cause"] == "power-on" and start["since"] < start["at"]


def test_an_override_needs_an_end_and_ends_and_resume_ends_it_before_and_presence_raises_the_level(lamp):
    watched = {
        "periods": [{"from": "sunset", "to": "sunrise"}], "points": [{"at": "18:00", "op": "set", "level": 60}],
        "presence": [{"from": "18:00", "to": "06:00", "level": 100, "hold_s": 30}],
    }  # fmt: skip
    options = {**LATE, "programmes": {"late": watched}, "presence": {}}
    street = lamp(start=DUSK.replace(hour=20), lamp={"output": "0-10v", **options})
    street.node.start()
    street.wait("evt/clock")
    street.live(5)
    assert abs(street.node.light - 600) <= 1

    def send(name: str, verb: str, **args) -> dict:
        exp = (EPOCH + datetime.timedelta(seconds=street.truth() + 86400)).strftime("%Y-%m-%dT%H:%M:%SZ")
        topic = f"lamppost/v1/time/lp-1/cmd/{verb}"
        street.subscriber.publish(topic, json.dumps({"id": name, "exp": exp, "args": args}).encode())
        while (answer := street.wait(f"ack/{name}")[-1])["word"] == "accepted":
            street.wait(f"ack/{name}", len(street.said(f"ack/{name}")) + 1)
        return answer

    def after(seconds: int) -> str:
        return (EPOCH + datetime.timedelta(seconds=street.truth() + seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert send("a", "light", level=20)["word"] == "invalid"
    assert "week" in send("b", "light", level=20, exp=after(30 * 86400))["sentence"]
    assert send("c", "light", level=20, exp=after(4 * 3600))["word"] == "ok"
    street.live(5)
    assert abs(street.node.light - 200) <= 1
    assert send("d", "resume")["word"] == "ok"
    street.live(5)
    assert abs(street.node.light - 600) <= 1
    assert send("e", "presence", seconds=20)["word"] == "ok"
    street.live(10)
    assert street.node.light == 1000 and street.said("tele/light")[-1]["why"] == "presence"
    street.live(60)
    assert abs(street.node.light - 600) <= 1 and street.said("evt/switching")[-1]["cause"] == "schedule"
    assert "presence" in {row["cause"] for row in street.said("evt/switching")}
