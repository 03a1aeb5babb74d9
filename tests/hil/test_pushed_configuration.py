"""A configuration that comes over the air is tried, and the lamppost is never lost by it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

TOPIC = "lamppost/v1/hil/lp-hil/cfg/desired"


@pytest.fixture
def push(broker):
    """push(id, **message): as a retained message, which the broker delivers at each connection."""
    import paho.mqtt.client as paho

    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect(broker.host, broker.port)
    client.loop_start()

    def _push(id, **message):
        client.publish(TOPIC, json.dumps({"id": id, **message}), 1, retain=True).wait_for_publish(5)

    yield _push
    client.disconnect()
    client.loop_stop()


def fingerprint(heard):
    return heard.until("info", within=120)["config"]


def phases(heard, id):
    """The phases of a push in the order in which they were reported first."""
    return list(dict.fromkeys(m["phase"] for m in heard.all("cfg/reported") if m["id"] == id))


def test_a_good_push_is_checked_tried_and_stable_and_stays_over_a_restart(node, heard, push):
    heard.arrival()
    before = fingerprint(heard)
    push("good", **{"from": before}, patch={"asset": "A 1", "energy": {"window_s": 2}})
    stable = heard.until("cfg/reported", lambda m: m["phase"] == "stable" and m["id"] == "good", node.within(120))
    assert phases(heard, "good") == ["checked", "trial", "stable"]
    assert stable["config"] != before and stable["errors"] == []
    heard.until("evt/config", lambda m: m["phase"] == "applied" and m["config"] == stable["config"], node.within(60))
    heard.forget()
    node.reset()
    assert heard.until("info", lambda m: m["b"] > stable["b"], node.within(60))["asset"] == "A 1"
    again = heard.until("cfg/reported", lambda m: m["b"] > stable["b"], node.within(60))
    assert (again["phase"], again["id"]) == ("stable", "good"), "the retained message is not taken a second time"


@pytest.mark.parametrize(
    "patch, reason",
    [
        ({"wifi": {"ssid": "no such network"}}, "nowifi: no access point of that name"),
        ({"mqtt": {"host": "no-such-broker.lan"}}, "nodns: no-such-broker.lan"),
    ],
)
def test_what_does_not_connect_costs_its_minutes_and_the_old_configuration_comes_back(node, heard, push, patch, reason):
    heard.arrival()
    before = fingerprint(heard)
    push("lost", **{"from": before}, minutes=1, patch=patch)
    reverted = heard.until("cfg/reported", lambda m: m["phase"] == "reverted", node.within(240))
    assert (reverted["id"], reverted["config"]) == ("lost", before)
    assert reverted["reason"].startswith(reason)
    heard.until("evt/config", lambda m: m["phase"] == "reverted" and m["config"] == before, node.within(60))
    heard.until("alarm/configReverted", bool, node.within(60))
    heard.nothing_lost()


def test_a_bad_document_is_rejected_with_every_error_and_changes_nothing(node, heard, push):
    heard.arrival()
    before = fingerprint(heard)
    patch = {"node": "lp-2", "mqtt": {"port": 0}, "parts": [{"id": "x", "part": "unheard-of", "bus": "nowhere"}]}
    push("bad", **{"from": before}, patch=patch)
    rejected = heard.until("cfg/reported", lambda m: m["phase"] == "rejected", node.within(60))
    keys = {row["key"] for row in rejected["errors"]}
    assert {"node", "mqtt.port", "parts.x.part", "parts.x.bus", "energy.part"} <= keys
    assert rejected["config"] == before
    push("stale", **{"from": "000000000000"}, patch={"asset": "B"})
    stale = heard.until("cfg/reported", lambda m: m["id"] == "stale", node.within(60))
    assert [row["key"] for row in stale["errors"]] == ["from"]


def test_a_secret_over_plain_mqtt_is_refused_and_never_repeated(node, heard, push):
    heard.arrival()
    before = fingerprint(heard)
    push("plain", **{"from": before}, patch={"wifi": {"password": "over the air"}})
    rejected = heard.until("cfg/reported", lambda m: m["phase"] == "rejected", node.within(60))
    assert [row["key"] for row in rejected["errors"]] == ["wifi.password"]
    assert "over the air" not in json.dumps(heard.all("cfg/reported"))
    assert "over the air" not in node.console.text


@pytest.mark.virtual_only
def test_cuts_in_the_middle_of_a_trial_neither_end_it_early_nor_keep_the_node_on_it(node, heard, push):
    heard.arrival()
    before = fingerprint(heard)
    push("cut", **{"from": before}, minutes=1, patch={"wifi": {"ssid": "no such network"}})
    heard.until("cfg/reported", lambda m: m["phase"] == "trial", node.within(60))
    for _ in range(3):
        node.console.forget()
        node.started()
        node.power_off()
        node.power_on()
    node.started()
    assert "config: reverted" not in node.console.text
    reverted = heard.until("cfg/reported", lambda m: m["phase"] == "reverted", node.within(240))
    assert reverted["config"] == before


@pytest.fixture
def lamplighter_push(broker, tmp_path):
    """lamplighter_push(patch, *words) -> (exit code, result, what it said) of `lamplighter push config --patch`."""

    def run(patch, *words, minutes=1):
        file = tmp_path / "patch.json"
        file.write_text(json.dumps(patch))
        command = [sys.executable, "-m", "lamplighter", "push", "config", "hil/lp-hil", file, "--patch", "--json"]
        command += ["--host", broker.host, "--port", str(broker.port), "--minutes", str(minutes), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=110)
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout.splitlines()[0]), done.stderr

    return run


def test_the_command_follows_a_push_to_its_end_and_leaves_nothing_at_the_broker(node, heard, lamplighter_push):
    heard.arrival()
    code, told, said = lamplighter_push({"asset": "A 2"})
    assert (code, told["phase"], told["ok"]) == (0, "stable", True)
    assert [word for word in ("checked", "on trial", "stable") if word in said] == ["checked", "on trial", "stable"]
    heard.until("cfg/desired", lambda m: m == {}, node.within(10))
    code, told, said = lamplighter_push({"mqtt": {"port": -1}, "site": "x"})
    assert (code, told["phase"]) == (35, "rejected") and "mqtt.port: must be a whole number" in said
    assert {row["key"] for row in told["errors"]} == {"mqtt.port", "site"}


@pytest.mark.virtual_only
def test_the_command_says_why_a_lamppost_went_back_and_keeps_secrets_off_a_plain_line(node, heard, lamplighter_push):
    heard.arrival()
    code, told, said = lamplighter_push({"wifi": {"password": "over the air"}})
    assert (code, told["error"]) == (38, "secrets-in-clear") and "over the air" not in said
    code, told, said = lamplighter_push({"wifi": {"ssid": "no such network"}})
    assert (code, told["phase"], told["reason"]) == (36, "reverted", "nowifi: no access point of that name")
    node.power_off()
    heard.until("state", lambda m: m["state"] == "lost", node.within(60))
    code, told, said = lamplighter_push({"asset": "A 3"}, "--wait", "1")
    assert (code, told["phase"]) == (37, "") and "it is lost. The broker keeps the push for it." in said
    node.power_on()
    heard.until("cfg/reported", lambda m: m["phase"] == "stable" and m["id"] == told["id"], node.within(120))
