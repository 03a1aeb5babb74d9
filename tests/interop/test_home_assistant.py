"""`lamplighter bridge home-assistant`: what it announces, and what its templates make of the contract's messages."""

import contextlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from home_assistant.paper import ACCEPTED, Paper, announcement
from home_assistant.run_page import PAGE
from interop.brokers import Mosquitto, Subscriber
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lamplighter.bridge.home_assistant import discovery
from lamplighter.bridge.home_assistant.announcer import REST_S, SILENT_S, Announcer
from lamplighter.bridge.home_assistant.components import component
from lamplighter.bridge.home_assistant.sensor_classes import GEAR, QUANTITIES
from lamplighter.contract import UNITS as VALUES
from lamplighter.contract import examples
from lamplighter.telemetry.subscriber import Incoming

ALARM = "alarm_" + examples.files()["alarm-sensorFault"]["topic"].rpartition("/")[2]
CONFIG = "homeassistant/device/lamppost_lisbon_lp-0066/config"
# of Home Assistant's documentation: the units that each class of sensor allows, as far as lampposts have them
UNITS = {
    "voltage": {"V"}, "current": {"A"}, "power": {"W"}, "reactive_power": {"var"}, "apparent_power": {"VA"},
    "power_factor": {None, "%"}, "frequency": {"Hz"}, "energy": {"kWh"}, "pm1": {"µg/m³"}, "pm25": {"µg/m³"},
    "pm4": {"µg/m³"}, "pm10": {"µg/m³"}, "carbon_dioxide": {"ppm"}, "nitrogen_dioxide": {"µg/m³"},
    "ozone": {"µg/m³"}, "sulphur_dioxide": {"µg/m³"}, "temperature": {"°C"}, "humidity": {"%"},
    "atmospheric_pressure": {"hPa"}, "illuminance": {"lx"}, "duration": {"h"}, "signal_strength": {"dBm"},
    "aqi": {None}, None: {None, "µg/m³", "ppb"},
}  # fmt: skip


@pytest.fixture
def street(broker):
    """street(name of an example, **changes): publish it, as the lamppost would."""
    publisher = Subscriber(broker.port, "homeassistant/device/+/config")

    def publish(name, **changes):
        example = examples.files()[name]
        payload = {**example["payload"], **changes}
        retained = name.startswith(("info", "state", "tele-parking", "tele-light", "alarm"))
        publisher.publish(example["topic"], json.dumps(payload).encode(), retain=retained)

    publish.subscriber = publisher
    yield publish
    publisher.close()


def bridge(broker, *options):
    command = [sys.executable, "-m", "lamplighter", "bridge", "home-assistant", "--host", broker.host]
    done = subprocess.run(
        [*command, "--port", str(broker.port), "--json", *options], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextlib.contextmanager
def bridging(broker):
    """The command as it runs beside the test; yields a function that reads its next line."""
    running = subprocess.Popen(
        [sys.executable, "-m", "lamplighter", "bridge", "home-assistant", "--host", broker.host, "--port",
         str(broker.port), "--json", "--seconds", "30"], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield lambda: json.loads(running.stdout.readline())
    finally:
        running.terminate()
        running.communicate(timeout=20)


RIGHTS = re.search(r"```text\n(user .*?)```", PAGE.read_text("utf-8"), re.S)


def test_the_bridge_and_home_assistant_need_no_other_rights_than_the_page_tells(tmp_path):
    assert RIGHTS
    users = {"bridge": "b-secret", "home-assistant": "h-secret", "street": "s-secret"}
    broker = Mosquitto(tmp_path / "broker", users, RIGHTS[1] + "\nuser street\ntopic readwrite lamppost/#\n")
    broker.start()
    (tmp_path / "password").write_text("b-secret\n")
    street = Subscriber(broker.port, "lamppost/#", "street", "s-secret")
    home = Subscriber(broker.port, "homeassistant/#", "home-assistant", "h-secret")
    try:
        Paper(lambda topic, payload, retain: street.publish(topic, payload, retain=retain), "milan", "lp-0042").all()
        access = ("--user", "bridge", "--password-file", str(tmp_path / "password"))
        (said, *_) = bridge(broker, "--seconds", "3", *access)
        assert said["new"]
        home.wait(lambda heard: any(topic.endswith("lamppost_milan_lp-0042/config") for topic, _, _ in heard))
        home.publish("lamppost/v1/milan/lp-0042/cmd/identify", b"{}")
        street.wait(lambda heard: any(topic.endswith("/cmd/identify") for topic, _, _ in heard))
    finally:
        street.close()
        home.close()
        broker.stop()


def announced(street):
    found = [payload for topic, payload, _ in street.subscriber.messages if topic == CONFIG and payload]
    return json.loads(found[-1])


def rendered(template, message):
    """As Home Assistant does it: the payload as `value`, and as JSON where it is that."""
    text = message if isinstance(message, str) else json.dumps(message)
    world = ImmutableSandboxedEnvironment()  # it has limits, as that of Home Assistant
    about = {"value": text, "value_json": json.loads(text) if text else None}
    now = lambda: datetime.now(UTC)  # noqa: E731
    earlier = lambda *_: "earlier"  # noqa: E731
    return world.from_string(template).render(**about, now=now, utcnow=now, timedelta=timedelta, state_attr=earlier)


def test_a_lamppost_becomes_one_device_with_values_bays_lamp_and_alarms(broker, street):
    for name in ("info", "state", "tele-parking", "tele-light", "alarm-sensorFault"):
        street(name)
    (said,) = bridge(broker, "--seconds", "3")
    device = announced(street)
    assert said == {"node": "lisbon/lp-0066", "components": len(device["cmps"]), "new": True}
    assert device["dev"]["ids"] == ["lamppost_lisbon_lp-0066"] and device["o"]["name"] == "lamplighter"
    assert {"online", "identify", "bay_1", "light_lux", ALARM} <= set(device["cmps"])
    ids = [component["uniq_id"] for component in device["cmps"].values()]
    assert len(set(ids)) == len(ids)


def test_each_sensor_has_a_unit_that_its_class_allows_and_the_micro_sign_that_is_known_everywhere():
    for name, row in (*QUANTITIES.items(), *GEAR.items()):
        _, unit = row.scale(name)
        assert unit in UNITS[row.device_class], name
        assert "\u03bc" not in (unit or "")
        if row.device_class == "energy":
            assert row.state_class == "total_increasing"


def test_a_gas_keeps_the_unit_of_the_contract():

    gases = ("no2", "o3", "so2", "co", "co2")
    assert {name: f"[{QUANTITIES[name].scale(name)[1]}]" for name in gases} == {
        name: VALUES[name]["ucum"] for name in gases
    }


def test_every_value_of_the_contract_is_a_sensor_or_is_known_to_be_none():
    no_sensor = {
        "e_mwh", "d_mm", "strength", "presence", "d_moving_mm", "d_still_mm", "tilt", "voc_raw", "nox_raw",
    }  # fmt: skip
    rest = {name for name in VALUES if name not in (*QUANTITIES, *GEAR, *no_sensor)}
    assert {name for name in rest if not name.startswith(("mag_", "a0", "a1", "a2", "a3", "ax", "ay", "az"))} == set()


def test_templates_scale_values_show_null_as_unknown_and_take_no_notice_of_what_waited(broker, street):
    for name in ("info", "state", "tele-parking", "tele-light"):
        street(name)
    with bridging(broker) as said:
        assert said()["new"]
        street("tele-energy")
        street("tele-air")
        street("diag")
        assert not said()["new"]
        street.subscriber.wait(lambda heard: any(topic == CONFIG and b"air_pm2_5" in text for topic, text, _ in heard))
    components = announced(street)["cmps"]
    energy = {**examples.files()["tele-energy"]["payload"], "h": 0}
    voltage = components["energy_u_mv"]["val_tpl"]
    assert float(rendered(voltage, {**energy, "u_mv": 230100})) == pytest.approx(230.1)
    assert rendered(voltage, {**energy, "u_mv": None}) == "None"
    assert rendered(voltage, {**energy, "h": 1}) == ""
    assert rendered(components["energy_imp_mwh"]["val_tpl"], {**energy, "imp_mwh": 2_500_000}) == "2.5"
    bay = components["bay_1"]["val_tpl"]
    states = {"occupied": "ON", "free": "OFF", "unknown": "None", "blocked": "None"}
    assert {state: rendered(bay, {"state": state}) for state in states} == states
    assert rendered(components["air_aqi"]["val_tpl"], {"h": 0, "aqi": None}) == "None"
    online = components["online"]
    assert [rendered(online["val_tpl"], {"state": word}) for word in ("online", "lost")] == ["ON", "OFF"]
    assert rendered(components["energy_u_mv"]["avty_tpl"], {"state": "lost"}) == "offline"


def test_an_announcement_that_is_right_is_not_repeated_and_keeps_what_has_not_come_again(broker, street):
    for name in ("info", "state", "alarm-sensorFault"):
        street(name)
    assert bridge(broker, "--seconds", "3")[0]["new"]
    assert bridge(broker, "--seconds", "3") == []
    street.subscriber.publish(examples.files()["alarm-sensorFault"]["topic"], b"", retain=True)
    street("info", firmware="9.9.9")
    (again,) = bridge(broker, "--seconds", "3")
    assert not again["new"]
    device = announced(street)
    assert device["dev"]["sw"].startswith("9.9.9-") and ALARM in device["cmps"]


def test_home_assistant_that_starts_gets_everything_again_and_a_lamppost_can_be_taken_out(broker, street):
    street("info")
    with bridging(broker) as said:
        assert said()["new"]
        street.subscriber.publish("homeassistant/status", b"online")
        assert said()["node"] == "lisbon/lp-0066"
    bridge(broker, "--remove", "lisbon/lp-0066")
    street.subscriber.wait(lambda heard: any(topic == CONFIG and not text for topic, text, _ in heard))


def test_a_lamp_is_commanded_by_overrides_with_an_id_of_their_own_and_an_end():
    lamp = component("lamppost/v1/lisbon/lp-0066", "lamp")
    full = json.loads(rendered(lamp["cmd_on_tpl"], "{}"))
    assert full["args"]["level"] == 100 and full["args"]["exp"] > full["exp"]
    others = {json.loads(rendered(lamp["cmd_off_tpl"], "{}"))["id"] for _ in range(50)}
    assert len(others) == 50
    assert rendered(lamp["bri_tpl"], {"level": 70}) == "178"


class Broker:
    """Of one announcer, in memory: what it publishes, with a clock that the test moves."""

    def __init__(self):
        self.now = 1000.0
        self.published = {}
        self.announcer = Announcer("homeassistant", lambda *_: None, lambda: self.now)

    def publish(self, topic, payload, retain):
        self.published[topic] = payload

    def deliver(self, topic, payload, retain=False):
        self.announcer.take(Incoming(topic, payload, False, 1))

    def retained(self, topic, payload, _retain):
        self.announcer.take(Incoming(topic, payload, True, 1))

    def announces(self, seconds=REST_S):
        self.now += seconds
        self.announcer.flush(self)
        found = discovery.components_of(self.published.get("homeassistant/device/lamppost_milan_lp-0042/config"))
        return {key for key, made in found.items() if len(made) > 1}


@pytest.fixture
def memory():
    return Broker()


def test_the_core_has_accepted_what_is_announced_today():
    """`make home-assistant` records what a real Home Assistant took without a complaint."""
    accepted = json.loads(ACCEPTED.read_text("utf-8"))["message"]
    assert announcement() == accepted, "run `make home-assistant`: it records this anew if the core accepts it"


def test_a_bay_that_no_boot_serves_any_more_goes_and_does_not_come_back_by_what_the_broker_keeps(memory):
    Paper(memory.retained, "milan", "lp-0042", boot=7).all()
    assert {"bay_1", "bay_2", "lamp"} <= memory.announces()
    node = Paper(memory.deliver, "milan", "lp-0042", boot=8)
    node.info()
    assert {"bay_1", "bay_2", "lamp"} <= memory.announces()
    node.light()
    node.bay("1", "free")
    assert "bay_2" in memory.announces(SILENT_S / 2)
    node.light()
    assert {"bay_1", "lamp"} <= memory.announces(SILENT_S) and "bay_2" not in memory.announces()
    again = Broker()
    for topic, payload in memory.published.items():
        again.retained(topic, payload, True)
    Paper(again.retained, "milan", "lp-0042", boot=7).bay("2", "free")
    Paper(again.retained, "milan", "lp-0042", boot=8).info()
    assert "bay_1" in again.announces() and "bay_2" not in again.announces()


def test_a_bay_stays_while_its_lamppost_has_no_power(memory):
    node = Paper(memory.deliver, "milan", "lp-0042", boot=7)
    node.all()
    node.state("lost")
    assert "bay_2" in memory.announces(12 * 3600)
    after = Paper(memory.deliver, "milan", "lp-0042", boot=8)
    after.info()
    after.state("online")
    assert "bay_2" in memory.announces()


def test_changes_that_come_close_together_are_one_message(memory):
    """Home Assistant 2025.4 drops part of an update that comes while it still works on the one before."""
    node = Paper(memory.deliver, "milan", "lp-0042")
    node.info()
    assert memory.announces()
    node.light()
    assert "lamp" not in memory.announces(seconds=0.5)
    node.bay("1", "free")
    assert {"lamp", "bay_1"} <= memory.announces()


def test_spoiled_announcements_at_the_broker_are_made_anew(memory):
    where = "homeassistant/device/lamppost_milan_lp-0042/config"
    spoiled = (
        b"\xff", b"[]", b"{}", b'{"cmps": 5}', b'{"cmps": {"": {}, "bay_1": 5, "bay_#": {"p": "x", "a": 1}}}',
        b'{"cmps": {"gear_": {"p": "sensor", "a": 1}, "air_": {"p": 7}, "energy": {"p": [], "a": 1}}}', b"[" * 9999,
    )  # fmt: skip
    for payload in spoiled:
        broker = Broker()
        broker.retained(where, payload, True)
        Paper(broker.deliver, "milan", "lp-0042").info()
        assert broker.announces() == {"online", "identify"}, payload


def test_an_announcement_of_another_maker_is_left_alone(memory):
    memory.retained("homeassistant/device/0x00158d/config", b'{"cmps": {}}', True)
    memory.retained("homeassistant/device/lamppost_/config", b'{"cmps": {}}', True)
    memory.deliver("homeassistant/status", b"online")
    memory.announces()
    assert memory.published == {}


def test_the_least_brightness_is_still_light_and_a_transition_is_a_ramp():
    on = component("lamppost/v1/milan/lp-0042", "lamp")["cmd_on_tpl"]
    from_home_assistant = ImmutableSandboxedEnvironment().from_string(on)
    now = lambda: datetime.now(UTC)  # noqa: E731
    about = {"now": now, "utcnow": now, "timedelta": timedelta}
    assert json.loads(from_home_assistant.render(**about, brightness=1))["args"]["level"] == 1
    assert json.loads(from_home_assistant.render(**about, brightness=128, transition=100))["args"]["ramp_s"] == 30
