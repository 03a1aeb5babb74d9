"""ops/config_push.py: what a message on cfg/desired makes of a configuration, and what is reported of it."""

import asyncio
import json

from lamppost.core.faults import LinkFault
from lamppost.ops import config_store
from lamppost.ops.config_push import ConfigPush, Push
from lamppost.ops.config_trial import Trial
from test_config_store import GOOD, folder

RUNNING = json.dumps(dict(GOOD, location={"lat": 38.722252})).encode()


def read(message, secure=True, running=RUNNING):
    return Push(json.dumps(message).encode(), running, "f1", secure)


def keys(push):
    return [key for key, _ in push.errors]


def test_a_whole_document_replaces_the_configuration():
    push = read({"id": "a", "config": GOOD, "minutes": 3})
    assert (push.errors, push.id, push.minutes, json.loads(push.data)) == ([], "a", 3, GOOD)


def test_a_patch_changes_what_it_names_and_leaves_every_other_digit():
    push = read({"id": "a", "from": "f1", "patch": {"asset": "A 1"}})
    assert push.errors == [] and json.loads(push.data)["asset"] == "A 1"
    assert b'"lat":38.722252' in push.data


def test_a_patch_of_another_configuration_is_refused():
    assert keys(read({"id": "a", "from": "f0", "patch": {}})) == ["from"]
    assert keys(read({"id": "a", "patch": {}})) == ["from"]


def test_secrets_are_taken_over_tls_only_and_their_values_are_in_no_error():
    for section in ("wifi", "mqtt"):
        message = {"id": "a", "from": "f1", "patch": {section: {"password": "hush"}}}
        assert read(message).errors == []
        push = read(message, secure=False)
        assert keys(push) == [section + ".password"] and "hush" not in str(push.errors)
    assert read({"id": "a", "from": "f1", "patch": {"wifi": {"password": None}}}, secure=False).errors == []


def test_a_message_that_cannot_be_read_has_errors_and_raises_nothing():
    for body in (b"", b"x", b"[]", b"{}", b"\xff" * 50, b"[" * 30000, b'{"id":5,"config":{}}', b'{"id":"a","config":'):
        assert Push(body, RUNNING, "f1", True).errors, body
    for minutes in (0, 241, "x", True, None, 1.5):
        assert "minutes" in keys(read({"id": "a", "config": GOOD, "minutes": minutes})), minutes
    assert "config" in keys(read({"id": "a", "config": GOOD, "patch": {}}))


def test_a_document_without_names_of_certificates_keeps_those_of_the_lamppost():
    tls = {"ca": "/certs/ca-1.der", "cert": "/certs/node-1.der", "key": "/certs/key-1.der"}
    running = json.dumps(dict(GOOD, mqtt={"host": "broker.lan", "tls": tls})).encode()
    push = read({"id": "a", "config": dict(GOOD, mqtt={"host": "b", "tls": {}})}, running=running)
    assert json.loads(push.data)["mqtt"] == {"host": "b", "tls": tls}
    other = {"ca": "/certs/ca-2.der", "cert": "/c", "key": "/k"}
    push = read({"id": "a", "config": dict(GOOD, mqtt={"host": "b", "tls": other})}, running=running)
    assert json.loads(push.data)["mqtt"]["tls"] == other
    push = read({"id": "a", "config": GOOD}, running=running)
    assert "tls" not in json.loads(push.data)["mqtt"]


class Place:
    """A node with a link that the test steers. It stands for app.Node."""

    def __init__(self, trial, answering=()):
        self.config, self.fingerprint, self.board = GOOD, "f1", {"buses": {}}
        self.broker = self.link = self.health = self.clock = self.recorder = self
        self.tls, self.parts = {}, {"meter": None, "dust": None}
        self.up = self.subscribed = self.acknowledged = True
        self.last_fault = LinkFault("nowifi", "wrong password")
        self.connections = 1
        self.good = list(answering)
        self.events, self.reported, self.resets, self.lines = [], [], 0, []
        self.now = 0
        self.push = ConfigPush(self, trial, None, self.reset)

    def answering(self, part):
        return part in self.good

    def uptime_s(self):
        return self.now

    def log(self, text):
        self.lines.append(text)

    def event(self, kind, body):
        self.events.append((kind, json.loads(b"{" + body)))

    def publish_now(self, topic, body, qos, retain):
        assert (topic, qos, retain) == (b"cfg/reported", 1, True)
        if self.up:
            self.reported.append(json.loads(b"{" + body))
        return self.up

    async def leave(self, why):
        pass

    def reset(self):
        self.resets += 1
        raise SystemExit  # nothing runs after it

    def run(self):
        """One look, which a reset may end; what was reported last."""
        try:
            asyncio.run(self.push.look())
        except SystemExit:
            pass
        return self.reported[-1] if self.reported else None


def on_trial(parts=(), minutes=1):
    root = folder(config_json=json.dumps(GOOD))
    trial = Trial(print, root)
    trial.begin(json.dumps(dict(GOOD, asset="A")).encode(), "p1", "d1", "f2", minutes, list(parts), [])
    trial.start(False)
    return trial, root


def test_a_trial_is_confirmed_by_a_session_an_acknowledged_record_and_the_parts_that_answered_before():
    for missing, confirmed in (
        ({}, True), ({"up": False}, False), ({"subscribed": False}, False), ({"acknowledged": False}, False),
        ({"good": ["dust"]}, False),
    ):  # fmt: skip
        trial, _ = on_trial(["meter"])
        place = Place(trial, ["meter"])
        for name in missing:
            setattr(place, name, missing[name])
        place.run()
        assert trial.phase == ("stable" if confirmed else "trial"), missing
        assert bool(place.events) == confirmed


def test_a_stable_configuration_is_reported_at_each_connection():
    place = Place(Trial(print, folder()))
    place.run()
    assert (place.reported[0]["phase"], place.reported[0]["config"], place.reported[0]["id"]) == ("stable", "f1", "")
    place.run()
    assert len(place.reported) == 1
    place.connections += 1
    place.run()
    assert len(place.reported) == 2


def test_the_configuration_before_comes_back_with_the_reason_when_the_powered_minutes_are_over():
    trial, root = on_trial(minutes=1)
    place = Place(trial)
    place.up = False
    while not place.resets:
        place.now += 10
        place.run()
        assert place.now < 300
    assert (trial.phase, trial.reason) == ("reverted", "nowifi: wrong password")
    assert 50 <= place.now <= 80
    assert "asset" not in config_store.load(root)[0]


def test_a_push_restarts_the_node_with_it_and_is_not_taken_again_at_the_next_connection():
    root = folder(config_json=json.dumps(GOOD))
    body = json.dumps({"id": "p1", "config": dict(GOOD, asset="A")}).encode()
    place = Place(Trial(print, root), ["meter"])
    place.push.take("desired", body, True)
    place.run()
    assert [told["phase"] for told in place.reported] == ["checked", "trial"] and place.resets == 1
    trial = Trial(print, root)
    trial.start(False)
    place = Place(trial)
    for _ in range(2):
        place.push.take("desired", body, True)
        place.run()
    assert place.resets == 0 and place.reported[-1]["phase"] == "stable" and place.reported[-1]["id"] == "p1"
    assert config_store.load(root)[0]["asset"] == "A"


def test_a_rejected_push_is_reported_with_every_key_and_changes_nothing():
    root = folder(config_json=json.dumps(GOOD))
    place = Place(Trial(print, root))
    place.tls = None
    wrong = dict(GOOD, node="lp-9", v=7, wifi={"ssid": "x", "password": "hush hush"})
    place.push.take("desired", json.dumps({"id": "p1", "config": wrong}).encode(), True)
    told = place.run()
    assert (told["phase"], told["config"]) == ("rejected", "f1")
    assert "wifi.password" in [row["key"] for row in told["errors"]]
    assert "hush" not in str(place.reported) + str(place.lines)
    assert config_store.load(root)[0] == GOOD and place.resets == 0
    place.tls = {}
    place.push.take("desired", json.dumps({"id": "p2", "config": wrong}).encode(), True)
    assert [row["key"] for row in place.run()["errors"]] == ["v", "node"]


def test_a_push_of_what_the_node_has_already_is_stable_without_a_restart():
    root = folder(config_json=json.dumps(GOOD))
    place = Place(Trial(print, root))
    for body in (b'{"id":"p","from":"f1","patch":{}}', b'{"id":"p","config":' + config_store.text(root) + b"}"):
        place.push.take("desired", body, True)
        assert (place.run()["phase"], place.resets) == ("stable", 0)
