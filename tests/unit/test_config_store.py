"""ops/config_store.py: the configuration is there or it is not, never half."""

import json
import os

from lamppost.core.faults import SettingsFault
from lamppost.ops import config_store
from raising import raises

GOOD = {"v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": "street"}, "mqtt": {"host": "broker.lan"}}


def folder(**files):
    root = "/tmp/lamplighter-settings-%d/" % id(files)
    try:
        os.mkdir(root[:-1])
    except OSError:
        pass
    for name in os.listdir(root):
        os.remove(root + name)
    for name, text in files.items():
        with open(root + name.replace("_", "."), "w") as file:
            file.write(text)
    return root


def test_a_good_configuration_is_loaded_with_the_fingerprint_of_its_bytes():
    doc, fingerprint, reverted = config_store.load(folder(config_json=json.dumps(GOOD)))
    assert doc["node"] == "lp-0042"
    assert len(fingerprint) == 12
    assert reverted is None


def test_the_fingerprint_tells_configurations_apart_but_no_passwords():
    prints = []
    for node, password in (("lp-0042", "first secret"), ("lp-0042", 'other "secret"'), ("lp-0043", "first secret")):
        doc = dict(GOOD, node=node, wifi={"ssid": "street", "password": password})
        prints.append(config_store.load(folder(config_json=json.dumps(doc)))[1])
    assert prints[0] == prints[1] != prints[2]


def test_without_a_configuration_the_word_is_missing():
    with raises(SettingsFault, "missing"):
        config_store.load(folder())


def test_a_configuration_cut_in_half_falls_back_to_the_one_before():
    doc, _, reverted = config_store.load(folder(config_json='{"v":1,"si', config_old=json.dumps(GOOD)))
    assert doc["site"] == "lisbon"
    assert reverted == "unreadable"


def test_a_configuration_nested_without_end_falls_back_to_the_one_before():
    _, _, reverted = config_store.load(folder(config_json="[" * 30000, config_old=json.dumps(GOOD)))
    assert reverted == "unreadable"


def test_a_configuration_without_broker_is_refused_by_its_key():
    without = dict(GOOD, mqtt={})
    with raises(SettingsFault, "invalid") as caught:
        config_store.load(folder(config_json=json.dumps(without)))
    assert caught.error.detail == "mqtt.host"


def test_sections_and_passwords_of_the_wrong_kind_are_refused_by_their_key():
    for key, value, told in (
        ("parts", 5, "parts"), ("parts", ["meter"], "parts"),
        ("parts", [{"id": "meter", "bus": 2}], "parts.part, parts.bus"), ("energy", [], "energy"),
        ("parking", {}, "parking"),
        ("time", "pool.ntp.org", "time"), ("wifi", {"ssid": "street", "password": 12345678}, "wifi.password"),
        ("mqtt", {"host": 1883}, "mqtt.host"), ("site", 7, "site"),
    ):  # fmt: skip
        with raises(SettingsFault, "invalid") as caught:
            config_store.load(folder(config_json=json.dumps(dict(GOOD, **{key: value}))))
        assert caught.error.detail == told, (key, value)


def test_every_wrong_key_is_named_at_once():
    with raises(SettingsFault, "invalid") as caught:
        config_store.check({"node": "lp-0042", "wifi": {"password": 5}, "parts": {}})
    assert caught.error.detail == "site, wifi.ssid, mqtt.host, wifi.password, parts"


def test_a_configuration_that_cannot_be_used_does_not_replace_the_one_to_fall_back_to():
    other = json.dumps(dict(GOOD, node="lp-0043"))
    root = folder(config_json="{", config_old=json.dumps(GOOD), config_new=other)
    config_store.adopt(root)
    os.remove(root + "config.json")
    assert config_store.load(root)[0]["node"] == "lp-0042"


def test_adopting_keeps_the_old_configuration_beside():
    root = folder(config_json=json.dumps(GOOD), config_new=json.dumps(dict(GOOD, node="lp-0043")))
    config_store.adopt(root)
    assert config_store.load(root)[0]["node"] == "lp-0043"
    assert config_store.fresh(root), "the next start tells of the new configuration"
    assert not config_store.fresh(root), "and only the next"
    assert sorted(os.listdir(root)) == ["config.json", "config.old"]


def test_a_broken_new_configuration_is_not_adopted():
    root = folder(config_json=json.dumps(GOOD), config_new="{")
    with raises(SettingsFault, "unreadable"):
        config_store.adopt(root)
    assert config_store.load(root)[0]["node"] == "lp-0042"


def test_a_node_that_lost_its_configuration_starts_with_the_one_before_and_takes_a_new_one():
    root = folder(config_old=json.dumps(GOOD), config_new=json.dumps(dict(GOOD, node="lp-0043")))
    assert config_store.load(root)[0]["node"] == "lp-0042"
    config_store.adopt(root)
    assert config_store.load(root)[0]["node"] == "lp-0043"
