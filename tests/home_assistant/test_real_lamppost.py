"""`lamplighter bridge home-assistant` and a real Home Assistant core: its devices, entities, states, services and log.

The tests run in this order on one street.
"""

import json
import math

import pytest
from home_assistant.conftest import CITY, NODE

ID = "lp_0001"
ROOT = f"lamppost/v1/{CITY}/{NODE}"
LIGHT, BAY, ONLINE = f"light.{ID}_lamp", f"binary_sensor.{ID}_bay_1", f"binary_sensor.{ID}_online"
FOLLOWS = f"sensor.{ID}_lamp_follows"
VOLTAGE, ALARM = f"sensor.{ID}_voltage", f"binary_sensor.{ID}_alarm_sensorfault_meter"
# entity: (value of tele/energy or tele/air, divisor, class, unit, class of its statistics)
SENSORS = {
    "voltage": ("u_mv", 1000, "voltage", "V", "measurement"),
    "current": ("i_ma", 1000, "current", "A", "measurement"),
    "power": ("p_mean_mw", 1000, "power", "W", "measurement"),
    "frequency": ("f_mhz", 1000, "frequency", "Hz", "measurement"),
    "power_factor": ("pf", 1, "power_factor", None, "measurement"),
    "energy": ("imp_mwh", 1_000_000, "energy", "kWh", "total_increasing"),
    "pm2_5": ("pm2_5", 1, "pm25", "µg/m³", "measurement"),
    "pm10": ("pm10", 1, "pm10", "µg/m³", "measurement"),
    "temperature": ("t", 1, "temperature", "°C", "measurement"),
    "humidity": ("rh", 1, "humidity", "%", "measurement"),
    "air_pressure": ("p", 1, "atmospheric_pressure", "hPa", "measurement"),
}


def ours(street):
    """The entities of the lamppost."""
    return {entity: row for entity, row in street.core.states().items() if f".{ID}_" in entity}


@pytest.fixture(scope="module", autouse=True)
def announced(street):
    """Every message of the lamppost has come once, so its device is whole."""
    wanted = {f"sensor.{ID}_{name}" for name in SENSORS} | {LIGHT, BAY, ONLINE}
    street.core.until(lambda: wanted <= set(ours(street)), "all entities", 120)
    street.heard.wait(lambda heard: any(topic == f"{ROOT}/diag" for topic, _, _ in heard), 60)


def test_a_lamppost_is_one_device_with_its_name_model_version_and_area(street):
    of = f"device_id('{LIGHT}')"
    names = ("name", "manufacturer", "sw_version", "model", "hw_version")
    device = {name: street.core.rendered(f"device_attr({of}, '{name}')") for name in names}
    info = next(json.loads(text) for topic, text, _ in street.heard.messages if topic == f"{ROOT}/info")
    assert device == {
        "name": "LP-0001", "manufacturer": "Lamplighter", "sw_version": f"{info['firmware']}-{info['build']}",
        "model": info["board"], "hw_version": info["chip"],
    }  # fmt: skip
    assert street.core.rendered(f"area_name({of})") == CITY
    assert set(street.core.rendered(f"device_entities({of})")) == set(ours(street))


def test_no_two_entities_of_a_lamppost_have_the_same_name(street):
    names = [row["attributes"]["friendly_name"] for row in ours(street).values()]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("name", SENSORS)
def test_a_value_of_the_lamppost_is_a_state_with_class_and_unit(street, name):
    value, divisor, device_class, unit, state_class = SENSORS[name]
    topic = f"{ROOT}/tele/{'energy' if name in list(SENSORS)[:6] else 'air'}"

    def published():
        heard = [json.loads(text) for where, text, _ in street.heard.messages if where == topic]
        return [message[value] / divisor for message in heard if message.get(value) is not None]

    entity = f"sensor.{ID}_{name}"
    state = street.core.until(lambda: number(street.core.state(entity)), f"a value of {entity}")
    assert any(math.isclose(state, one, abs_tol=1e-6) for one in published())
    attributes = street.core.states()[entity]["attributes"]
    assert attributes.get("unit_of_measurement") == unit
    assert (attributes["device_class"], attributes["state_class"]) == (device_class, state_class)


def number(state):
    return float(state) if state not in (None, "unknown", "unavailable") else None


def test_a_silent_meter_makes_its_values_unknown_and_its_alarm_a_problem_until_it_answers_again(street):
    meter = street.lamp.part("meter")
    meter.fault("silence")
    street.core.until(lambda: street.core.state(VOLTAGE) == "unknown", "the voltage is unknown")
    street.core.until(lambda: street.core.state(ALARM) == "on", "the alarm is on")
    assert street.core.states()[ALARM]["attributes"]["device_class"] == "problem"
    meter.fault("none")
    street.core.until(lambda: number(street.core.state(VOLTAGE)), "the voltage is known")
    street.core.until(lambda: street.core.state(ALARM) == "off", "the alarm is off")


def test_a_car_makes_the_bay_occupied(street):
    distance = street.lamp.part("bay-1")
    try:
        distance.set(mm=3200)
        street.core.until(lambda: street.core.state(BAY) == "off", "the bay is free")
        distance.set(mm=1200)
        street.core.until(lambda: street.core.state(BAY) == "on", "the bay is occupied")
    finally:
        distance.set(mm=None)


def test_a_power_cut_makes_its_values_unavailable_while_alarms_last_and_the_power_brings_them_back(street):
    meter = street.lamp.part("meter")
    meter.fault("silence")
    street.core.until(lambda: street.core.state(ALARM) == "on", "the alarm is on")
    street.lamp.power_off()
    street.core.until(lambda: street.core.state(ONLINE) == "off", "the lamppost is offline")
    gone = {"unavailable"}
    values = lambda: {entity: row["state"] for entity, row in ours(street).items() if not lasting(entity)}  # noqa: E731
    street.core.until(lambda: set(values().values()) == gone, "unavailable", failed=values)
    # most lampposts have no power by day, which is when somebody looks after their alarms
    assert street.core.state(ALARM) == "on"
    meter.fault("none")
    street.lamp.power_on()
    street.core.until(lambda: street.core.state(ONLINE) == "on", "the lamppost is online")
    street.core.until(lambda: number(street.core.state(VOLTAGE)), "its values")
    street.core.until(lambda: street.core.state(ALARM) == "off", "the alarm is off")


def lasting(entity):
    return entity == ONLINE or entity.startswith(f"binary_sensor.{ID}_alarm_")


def test_the_lamp_follows_home_assistant_and_home_assistant_follows_the_lamp(street):
    # a lamppost takes commands once it knows the time
    street.core.until(lambda: street.core.state(LIGHT) in ("on", "off"), "the lamp's state")
    for brightness, level in ((128, 50), (255, 100), (51, 20)):
        street.core.call("light.turn_on", entity_id=LIGHT, brightness=brightness, transition=0.5)
        wanted = level, "on", brightness
        street.core.until(lambda wanted=wanted: lamp(street) == wanted, f"{wanted}", failed=lambda: lamp(street))
        assert light(street)["why"] == "override"
    street.core.until(lambda: street.core.state(FOLLOWS) == "override", "it follows an override")
    street.core.call("light.turn_off", entity_id=LIGHT)
    street.core.until(lambda: street.core.state(LIGHT) == "off", "the lamp is off")
    assert light(street)["level"] == 0
    street.core.call("button.press", entity_id=f"button.{ID}_follow_the_programme")
    street.core.until(lambda: street.core.state(FOLLOWS) not in ("override", "unknown"), "it follows its programme")
    words = street.core.until(lambda: finished(street, 5), "each command has its last answer")
    assert set(words) == {"ok"}


def finished(street, count):
    """The last word of each command of Home Assistant, when so many have one."""
    answers = [json.loads(text) for topic, text, _ in street.heard.messages if topic.startswith(f"{ROOT}/ack/ha-")]
    ends = {answer["id"]: answer["word"] for answer in answers if answer["word"] not in ("accepted", "progress")}
    return list(ends.values()) if len(ends) == count else None


def lamp(street):
    """Its level, and what Home Assistant shows of it."""
    row = street.core.states()[LIGHT]
    return light(street)["level"], row["state"], row["attributes"].get("brightness")


def light(street):
    return json.loads([text for topic, text, _ in street.heard.messages if topic == f"{ROOT}/tele/light"][-1])


def test_the_button_makes_it_identify_itself(street):
    before = len(street.heard.messages)
    street.core.call("button.press", entity_id=f"button.{ID}_identify")
    street.heard.wait(
        lambda heard: any("/ack/ha-" in topic and json.loads(text)["word"] == "ok" for topic, text, _ in heard[before:])
    )


def test_a_restart_of_the_bridge_changes_nothing(street):
    before = {entity: row["state"] for entity, row in ours(street).items()}
    street.end_bridge()
    count = len(announcements(street))
    street.begin_bridge()
    street.paper("nowhere", "lp-0001").info()  # that it is announced says that the bridge works again
    street.core.until(lambda: announcements(street, "nowhere"), "the bridge is back")
    assert len(announcements(street)) == count
    assert ours(street).keys() == before.keys()
    street.heard.publish("lamppost/v1/nowhere/lp-0001/info", b"", retain=True)


def announcements(street, site=CITY):
    topic = f"homeassistant/device/lamppost_{site}_{NODE}/config"
    return [payload for where, payload, _ in street.heard.messages if where == topic]


def test_after_a_restart_home_assistant_has_the_same_entities_and_the_states_that_the_broker_keeps(street):
    before = ours(street)
    street.core.stop()
    street.core.start()
    street.core.until(lambda: set(ours(street)) == set(before), "the same entities")
    for entity in (LIGHT, BAY, ONLINE):
        street.core.until(lambda one=entity: street.core.state(one) not in ("unknown", "unavailable"), entity)
    street.core.until(lambda: number(street.core.state(VOLTAGE)), "the next window's value")


def test_a_part_that_the_configuration_names_no_more_takes_its_entities_with_it(street):
    before = ours(street)
    config = street.config
    config["parts"] = [row for row in config["parts"] if row["id"] != "dust"]
    config["air"]["parts"].remove("dust")
    street.configure()
    gone = {entity for entity in before if entity.startswith(f"sensor.{ID}_pm")}
    assert len(gone) == 4
    # the index of particles goes too: the lamppost does not publish it any more
    street.core.until(lambda: gone <= before.keys() - ours(street).keys(), "the dust sensor's values are gone")
    street.core.until(lambda: number(street.core.state(VOLTAGE)), "the others stay")
    left = before.keys() - ours(street).keys() - gone
    assert left <= {f"sensor.{ID}_air_quality_index", f"binary_sensor.{ID}_alarm_sensorfault_dust"}, left


def test_a_lamppost_that_is_taken_out_leaves_no_entity(street):
    street.lamp.power_off()
    street.heard.publish(f"{ROOT}/info", b"", retain=True)
    street.core.until(lambda: not ours(street), "no entity is left")
