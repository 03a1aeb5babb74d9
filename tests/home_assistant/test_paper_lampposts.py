"""What lampposts of paper (paper.py) become in a real Home Assistant core: every value, parts that go, other nodes."""

import json

import pytest
from home_assistant import paper
from home_assistant.paper import NODE, SITE
from lamplighter.bridge.home_assistant import discovery
from lamplighter.bridge.home_assistant.components import value_of
from lamplighter.bridge.home_assistant.sensor_classes import GEAR, QUANTITIES
from lamplighter.contract import check_message

ID = "milan_lp_0042"


def announced(street, site=SITE, node=NODE):
    """The components that the broker has of a lamppost, by key."""
    topic = discovery.topic("homeassistant", site, node)
    found = [payload for where, payload, _ in street.heard.messages if where == topic]
    return {key: made for key, made in discovery.components_of(found[-1] if found else b"").items() if len(made) > 1}


def named(street, site=SITE, node=NODE):
    """{key of the component: its state in Home Assistant}"""
    rows = {row["attributes"].get("friendly_name"): row for row in street.core.states().values()}
    wanted = {key: rows.get(f"{site} {node} {made['name']}") for key, made in announced(street, site, node).items()}
    return {key: row for key, row in wanted.items() if row}


def until(street, key, holds, site=SITE, node=NODE):
    """Wait until holds(state of the component)."""

    def there():
        row = named(street, site, node).get(key)
        return row if row and holds(row) else None

    return street.core.until(there, f"{site}/{node}: {key}")


@pytest.fixture(scope="module")
def node(street):
    """Announced whole, and with a state of each component but the buttons."""
    node = street.paper(SITE, NODE)
    node.all()
    street.core.until(lambda: "diag_rssi" in announced(street), "the announcement")
    street.core.until(lambda: named(street).keys() == announced(street).keys(), "all entities")
    quiet = {"identify", "resume", "bay_2"}

    def missing():
        node.all()  # Home Assistant subscribes some time after an entity is there; a lamppost too repeats its windows
        states = {key: row["state"] for key, row in named(street).items() if key not in quiet}
        return {key for key, state in states.items() if state in ("unknown", "unavailable")}

    street.core.until(lambda: not missing(), "a state of each", failed=missing)
    return node


def test_the_bridge_announces_what_the_short_tests_compare_with(street, node):
    assert announced(street) == paper.announcement()["cmps"]


def test_every_value_of_the_contract_has_its_number_unit_and_class(street, node):
    rows = named(street)
    of = {
        "energy": paper.ENERGY, "air": paper.AIR, "light": {"lux": 3.5, "burn_s": 5400, "switchings": 98},
        "diag": {"rssi": -61, "depth": 4, "power_cuts": 87}, "gear": {**paper.GEAR, "gear_s": 7200, "lamp_s": 3600},
    }  # fmt: skip
    seen = set()
    for key, row in rows.items():
        value, group = value_of(key), key.partition("_")[0]
        if not value:
            continue
        quantity = (GEAR if group == "gear" else QUANTITIES)[value]
        divisor, unit = quantity.scale(value)
        about = row["attributes"]
        assert about.get("unit_of_measurement") == unit, key
        assert about.get("device_class") == quantity.device_class, key
        assert about.get("state_class") == quantity.state_class, key
        if value in of[group]:
            assert float(row["state"]) == pytest.approx(of[group][value] / divisor), key
            seen.add((group, value))
    assert seen == {(group, value) for group, values in of.items() for value in values} - {("energy", "e_mwh")}


def test_the_other_components_show_index_lamp_night_bays_alarm_and_version(street, node):
    rows = named(street)
    states = {key: row["state"] for key, row in rows.items() if not value_of(key)}
    assert states == {
        "online": "on", "air_aqi": "2", "lamp": "on", "light_why": "presence", "light_night": "on", "bay_1": "on",
        "bay_2": "unknown", f"alarm_{paper.ALARM}": "on", "update": "on",
        "identify": "unknown", "resume": "unknown",
    }  # fmt: skip
    assert rows["lamp"]["attributes"]["brightness"] == 178
    assert rows["bay_2"]["attributes"]["bay_state"] == "blocked"
    assert rows["light_why"]["attributes"]["options"] == ["schedule", "override", "sensor", "presence", "safe"]
    assert rows[f"alarm_{paper.ALARM}"]["attributes"]["severity"]


def test_a_missing_value_is_unknown_with_its_quality_and_one_that_waited_is_not_shown(street, node):
    node.energy({**paper.ENERGY, "u_mv": None})
    until(street, "energy_u_mv", lambda row: (row["state"], row["attributes"]["quality"]) == ("unknown", "unavailable"))
    node.energy({**paper.ENERGY, "u_mv": 190000}, h=1)
    node.energy({**paper.ENERGY, "u_mv": None, "i_ma": 777})
    until(street, "energy_i_ma", lambda row: row["state"] == "0.777" and row["attributes"]["quality"] == "valid")
    assert named(street)["energy_u_mv"]["state"] == "unknown"
    node.energy(paper.ENERGY)
    until(street, "energy_u_mv", lambda row: row["attributes"]["quality"] == "valid" and row["state"] == "231.4")


def test_an_update_shows_its_builds_and_progress_until_it_is_confirmed(street, node):
    shown = until(street, "update", lambda row: row["state"] == "on")["attributes"]
    assert (shown["installed_version"], shown["latest_version"]) == ("build b1955bad29f6", "build ce00484cfb0a")
    assert shown["in_progress"] is True and shown["update_percentage"] == 25
    node.update("reverted", word="deadline", sentence="It did not reach the broker within 60 minutes.")
    shown = until(street, "update", lambda row: not row["attributes"]["in_progress"])
    assert shown["state"] == "on" and "60 minutes" in shown["attributes"]["release_summary"]
    node.update("confirmed", runs="ce00484cfb0a")
    until(street, "update", lambda row: row["state"] == "off")


def test_an_alarm_ends_with_an_empty_payload(street, node):
    node.alarm(paper.ALARM, False)
    row = until(street, f"alarm_{paper.ALARM}", lambda row: row["state"] == "off")
    assert row["attributes"]["evidence"] is None


def test_the_automations_of_the_page_work(street, node):
    entity = "automation.alarm_of_a_lamppost"
    before = street.core.states()[entity]["attributes"]["last_triggered"]
    node.alarm("relayFailure", True)
    street.core.until(
        lambda: street.core.states()[entity]["attributes"]["last_triggered"] != before, "an alarm triggers it"
    )
    node.alarm("relayFailure", False)
    for state in ("off", "on"):
        street.core.set_state("binary_sensor.gate_motion", state)
    command = street.heard.wait(
        lambda heard: [payload for topic, payload, _ in heard if topic == "lamppost/v1/lisbon/lp-0042/cmd/presence"]
    )
    assert not check_message("lamppost/v1/lisbon/lp-0042/cmd/presence", command[0])


def test_lampposts_of_two_sites_with_the_same_name_are_two_devices_with_areas_of_their_own(street, node):
    other = street.paper("turin", NODE)
    other.all()
    other.energy({**paper.ENERGY, "u_mv": 222000})
    until(street, "lamp", lambda row: row["state"] == "on", "turin")
    other.energy({**paper.ENERGY, "u_mv": 222000})
    until(street, "energy_u_mv", lambda row: row["state"] == "222.0", "turin")
    assert named(street)["energy_u_mv"]["state"] == "231.4"
    areas = {street.core.rendered(f"area_name(device_id('{one['entity_id']}'))") for one in named(street).values()}
    others = {
        street.core.rendered(f"area_name(device_id('{one['entity_id']}'))") for one in named(street, "turin").values()
    }
    assert (areas, others) == ({SITE}, {"turin"})


def test_a_part_that_is_removed_takes_its_entities_with_it_and_leaves_the_others(street, node):
    before = {key: row["entity_id"] for key, row in named(street).items()}
    node.boot += 1
    node.info((*paper.ENERGY, "t", "rh", "p", "lux"))
    gone = {f"air_{name}" for name in paper.AIR} - {"air_t", "air_rh", "air_p"}
    gone |= {key for key in before if key.startswith("gear_") and value_of(key) in paper.GEAR} - {
        "gear_0_u_mv", "gear_0_pf"
    }  # fmt: skip
    street.core.until(lambda: before.keys() - announced(street).keys() == gone, "the announcement without them")
    street.core.until(
        lambda: not {before[key] for key in gone} & street.core.states().keys(), "their entities are gone"
    )
    assert {key: row["entity_id"] for key, row in named(street).items()} == {
        key: entity for key, entity in before.items() if key not in gone
    }
    gone_ids = [before[key] for key in gone]
    kept = street.core.rendered(f"device_entities(device_id('{before['lamp']}'))")
    assert not set(gone_ids) & set(kept), "the registry has them no more"
    node.info()


def test_a_lamppost_that_drives_no_lamp_any_more_has_no_light(street, node):
    light = named(street)["lamp"]["entity_id"]
    node.send("tele-light", absent=("level", "commanded", "why", "burn_s", "switchings"))
    street.core.until(lambda: light not in street.core.states(), "the light is gone")
    assert "light_lux" in named(street)
    node.light()
    street.core.until(lambda: light in street.core.states(), "the light is back")
    node.send("tele-light", absent=("lux", "night", "part", "q"), level=70)
    street.core.until(lambda: "light_lux" not in named(street), "the light sensor is gone")
    node.light()
    street.core.until(lambda: "light_lux" in named(street), "the light sensor is back")


def test_another_node_in_its_place_keeps_the_device_and_its_entities(street, node):
    node.all()
    street.core.until(lambda: "air_co2" in named(street), "whole again")
    before = {key: row["entity_id"] for key, row in named(street).items()}
    other = street.paper(SITE, NODE, boot=1)  # begins to count anew: nobody gave it the counters of the one before
    other.info(board="lamppost-esp32s3-n8r2", chip="esp32s3", build="0123456789ab")
    of = f"device_id('{before['lamp']}')"
    street.core.until(lambda: street.core.rendered(f"device_attr({of}, 'model')") == "lamppost-esp32s3-n8r2", "model")
    assert street.core.rendered(f"device_attr({of}, 'sw_version')") == "0.1.0-0123456789ab"
    other.all()
    other.energy({**paper.ENERGY, "u_mv": 225000})
    until(street, "energy_u_mv", lambda row: row["state"] == "225.0")
    assert {key: row["entity_id"] for key, row in named(street).items()} == before


def test_what_an_older_bridge_announced_otherwise_is_renewed_and_keeps_its_entities(street):
    """Of before: burn hours of `diag` too, and a light whose commands Home Assistant refuses."""
    where = "rome"
    root = f"lamppost/v1/{where}/{NODE}"
    identity = f"lamppost_{where}_{NODE}"
    old = {
        "diag_burn_s": {"p": "sensor", "name": "Burn hours", "stat_t": f"{root}/diag", "unit_of_meas": "h"},
        "energy_u_mv": {"p": "sensor", "name": "Voltage", "stat_t": f"{root}/tele/energy", "unit_of_meas": "V"},
        "alarm_lampFailure": {"p": "binary_sensor", "name": "Alarm lampFailure", "stat_t": f"{root}/alarm/lampFailure"},
    }
    old = {key: {**made, "uniq_id": f"{identity}_{key}"} for key, made in old.items()}
    device = {"ids": [identity], "name": f"{where} {NODE}"}
    street.end_bridge()
    topic = discovery.topic("homeassistant", where, NODE)
    message = {"dev": device, "o": {"name": "lamplighter"}, "cmps": old}
    street.heard.publish(topic, json.dumps(message).encode(), retain=True)
    street.core.until(lambda: named(street, where).keys() == old.keys(), "its entities")
    before = {key: row["entity_id"] for key, row in named(street, where).items()}
    street.begin_bridge()
    street.paper(where, NODE).info()
    street.core.until(lambda: before["diag_burn_s"] not in street.core.states(), "burn hours of diag are gone")
    street.core.until(lambda: "identify" in named(street, where), "what is new is there")
    after = {key: row["entity_id"] for key, row in named(street, where).items()}
    assert {key: after[key] for key in ("energy_u_mv", "alarm_lampFailure")} == {
        key: before[key] for key in ("energy_u_mv", "alarm_lampFailure")
    }
    device_class = street.core.states()[before["energy_u_mv"]]["attributes"]["device_class"]
    assert device_class == "voltage"


def test_a_lamppost_whose_info_is_cleared_at_the_broker_leaves_no_device(street):
    entity = next(iter(named(street, "turin").values()))["entity_id"]
    device = street.core.rendered(f"device_id('{entity}')")
    assert device
    street.heard.publish(f"lamppost/v1/turin/{NODE}/info", b"", retain=True)
    street.core.until(lambda: not [one for one in street.core.states() if ".turin_" in one], "no entity is left")
    assert street.core.rendered(f"device_attr('{device}', 'name')") is None


def test_a_lamppost_that_is_removed_by_hand_stays_away_while_the_bridge_runs_on(street):
    street.tool("bridge", "home-assistant", "--remove", f"rome/{NODE}")
    street.core.until(lambda: not [one for one in street.core.states() if ".rome_" in one], "no entity is left")
    rome = street.paper("rome", NODE)
    rome.energy(paper.ENERGY)
    milan = street.paper(SITE, NODE, boot=2)
    milan.info(firmware="9.9.9")
    lamp = named(street)["lamp"]["entity_id"]
    street.core.until(
        lambda: street.core.rendered(f"device_attr(device_id('{lamp}'), 'sw_version')").startswith("9.9.9"), "version"
    )
    assert not announced(street, "rome")
    rome.info()
    street.core.until(lambda: announced(street, "rome"), "it speaks: it is announced again")
    street.heard.publish(f"lamppost/v1/rome/{NODE}/info", b"", retain=True)
    street.core.until(lambda: not [one for one in street.core.states() if ".rome_" in one], "no entity is left")
