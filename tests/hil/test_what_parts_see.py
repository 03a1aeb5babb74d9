"""What the parts are given is what a subscriber reads; what they do not give is null, with its letter."""

import json

import pytest

pytestmark = pytest.mark.virtual_only


def test_energy_follows_the_watts_and_the_register_counts_what_flowed(node, heard):
    heard.arrival()
    node.lamp.part("meter").set(watts=7200, pf=1)
    full = heard.until("tele/energy", lambda m: m["p_mean_mw"] == 7200000)
    assert (full["u_mv"], full["i_ma"], full["pf"], full["q"]["p_mean_mw"]) == (230000, 31304, 1.0, "V")
    # 7200 W are 2 Wh a second, and the meter counts in Wh
    later = heard.until("tele/energy", lambda m: m["s"] > full["s"] and m["imp_mwh"] >= full["imp_mwh"] + 20000)
    seconds = sum(m["window_s"] for m in heard.all("tele/energy") if full["s"] < m["s"] <= later["s"])
    assert later["imp_mwh"] - full["imp_mwh"] == pytest.approx(2000 * seconds, abs=2500)
    node.lamp.part("meter").set(watts=60)
    heard.until("tele/energy", lambda m: m["p_mean_mw"] == 60000)
    heard.nothing_lost()


def test_a_car_that_arrives_makes_the_bay_occupied_and_one_that_leaves_makes_it_free(node, heard):
    free = heard.until("tele/parking/1", lambda m: m["state"] == "free")
    assert free["d_mm"] == 3200 and free["confidence"] > 80
    node.lamp.part("bay-1").set(mm=1700)
    occupied = heard.until("tele/parking/1", lambda m: m["state"] == "occupied")
    assert occupied["d_mm"] == 1700 and occupied["q"]["d_mm"] == "V" and occupied["since"] is not None
    node.lamp.part("bay-1").set(mm=3200)
    heard.until("tele/parking/1", lambda m: m["state"] == "free" and m["s"] > occupied["s"])
    node.lamp.part("bay-1").fault("silence")
    unknown = heard.until("tele/parking/1", lambda m: m["state"] == "unknown")
    assert (unknown["d_mm"], unknown["confidence"]) == (None, None)
    assert unknown["q"] == {"confidence": "U", "d_mm": "U", "strength": "U"}
    assert unknown["evidence"] == "silent"
    heard.nothing_lost()


def test_the_air_is_warming_up_and_then_what_the_sensors_breathe(node, heard):
    node.lamp.part("dust").set(pm2_5=31)
    node.lamp.part("climate").set(celsius=-4.5, humidity=61, hpa=990)
    warming = heard.until("tele/air", lambda m: m["q"]["pm2_5"] == "W")
    assert warming["pm2_5"] is None and warming["aqi"]["index"] is None
    clear = heard.until("tele/air", lambda m: m["pm2_5"] == 31.0 and m["q"]["pm2_5"] == "V")
    assert (clear["t"], clear["p"], clear["q"]["t"]) == (-4.5, 990.0, "V")
    assert clear["rh"] == pytest.approx(61, abs=0.2)
    assert clear["aqi"] == {"table": "EAQI-2024", "index": 3, "of": ["pm10", "pm2_5"], "partial": True}
    node.lamp.part("dust").set(pm2_5=160)
    thick = heard.until("tele/air", lambda m: m["pm2_5"] == 160.0)
    assert thick["aqi"]["index"] > 3


@pytest.mark.parametrize(
    ("part", "suffix", "names", "kind"),
    [
        ("meter", "tele/energy", ("u_mv", "i_ma", "p_mean_mw", "p_max_mw", "pf", "f_mhz", "imp_mwh"), "checksum"),
        ("climate", "tele/air", ("t", "rh", "p"), "silence"),
    ],
)
def test_a_part_that_fails_becomes_null_with_a_letter_and_an_alarm_until_it_is_well(
    node, heard, part, suffix, names, kind
):
    well = heard.until(suffix, lambda m: m["q"][names[0]] == "V")
    node.lamp.part(part).fault(kind)
    ill = heard.until(suffix, lambda m: m["s"] > well["s"] and m[names[0]] is None)
    assert all(ill[name] is None and ill["q"][name] == "U" for name in names)
    alarm = heard.until(f"alarm/sensorFault-{part}", bool)
    assert alarm["evidence"] in ("silent", "garbled", "bus") and alarm["since"] is not None
    node.lamp.part(part).fault("none")
    heard.forget()
    heard.until(suffix, lambda m: m["q"][names[0]] == "V")
    heard.until(f"alarm/sensorFault-{part}", lambda m: m == {})
    heard.nothing_lost()


def test_mains_that_fail_are_told_as_supply_loss_and_their_return_too(node, heard):
    heard.until("tele/energy", lambda m: m["q"]["u_mv"] == "V")
    node.lamp.part("meter").set(volts=0)
    lost = heard.until("alarm/supplyLoss", bool)
    assert lost["severity"] == "major"
    assert heard.until("tele/energy", lambda m: m["u_mv"] is None)["q"]["imp_mwh"] == "U"
    node.lamp.part("meter").set(volts=230)
    heard.until("alarm/supplyLoss", lambda m: m == {})
    back = heard.until("tele/energy", lambda m: m["s"] > lost["s"] and m["u_mv"] == 230000)
    assert back["imp_mwh"] is not None
    heard.nothing_lost()


def test_an_alarm_whose_cause_went_away_in_the_dark_is_cleared_after_the_start(node, heard):
    heard.arrival()
    node.lamp.part("climate").fault("silence")
    heard.until("alarm/sensorFault-climate", bool)
    node.power_off()
    node.lamp.part("climate").fault("none")
    heard.forget()
    node.power_on()
    heard.until("alarm/sensorFault-climate", lambda m: m == {})


def test_a_bay_is_unknown_until_the_engineer_says_that_it_is_empty(node, heard, configure):
    configure(node, parking=[{"bay": "1", "part": "bay-1", "every_ms": 250}])
    unsure = heard.until("tele/parking/1", lambda m: m["evidence"] == "empty distance not learned")
    assert (unsure["state"], unsure["confidence"]) == ("unknown", None)
    refused = node.tool("calibrate", "parking", "--bay", "2", "--bay-empty")
    assert refused.returncode and "its bays: 1" in refused.stderr
    asked = node.tool("calibrate", "parking", "--bay", "1")
    assert asked.returncode == 2 and "--bay-empty" in asked.stderr
    measured = node.tool("calibrate", "parking", "--bay", "1", "--bay-empty", "--json")
    assert measured.returncode == 0, measured.stderr
    assert json.loads(measured.stdout) == {"bay": "1", "empty_mm": 3200, "field_ut": None}
    heard.until("tele/parking/1", lambda m: m["state"] == "free")
    node.lamp.part("bay-1").set(mm=1700)
    heard.until("tele/parking/1", lambda m: m["state"] == "occupied")
