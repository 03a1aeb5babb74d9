"""`lamplighter bridge ngsi-ld` against a stand-in that answers as the brokers do: each value once, whatever it says."""

import json
import random
import socket
import threading
from datetime import datetime, timedelta

import pytest
from context_broker import ContextBroker
from lamplighter.bridge.ngsi_ld import answers, entity_context
from lamplighter.bridge.ngsi_ld.client import Answer, Client, NotNow
from lamplighter.bridge.ngsi_ld.forwarding import Forwarding
from lamplighter.bridge.ngsi_ld.ledger import Ledger
from lamplighter.contract import examples
from lamplighter.problems import (
    BridgeHistoryUnsupported,
    BridgeLedgerUnusable,
    BridgeLoginRefused,
    BridgeTargetWrong,
    BridgeTenantUnknown,
)
from lamplighter.store.messages import sort
from lamplighter.store.target import TargetBusy
from publisher import Lamp

NOW = datetime(2026, 11, 22, 13)
STREETLIGHT = "urn:ngsi-ld:Streetlight:lisbon:lp-0042"
METER = "urn:ngsi-ld:ACMeasurement:lisbon:lp-0042"
SPOT = "urn:ngsi-ld:ParkingSpot:lisbon:lp-0042:1"
STYLES = ("orion", "scorpio", "old scorpio", "stellio")


@pytest.fixture(params=["orion"])
def broker(request):
    broker = ContextBroker(request.param)
    yield broker
    broker.stop()


class Bridge:
    """The part between the two brokers; messages come from a Lamp."""

    def __init__(self, broker, folder, history=False, timeout_s=30, **about):
        self.notes = []
        self._broker, self._folder, self._about = broker, folder, {**about, "timeout_s": timeout_s}
        self._history = history
        self.start()

    def start(self):
        client = Client(self._broker.url, **self._about)
        ledger = Ledger(self._folder / "ledger.sqlite", client.where)
        self.parts = client, ledger
        self.forwarding = Forwarding(ledger, client, self.notes.append, history=self._history)
        self.forwarding.open()

    def take(self, *messages, tries=1):
        """Messages as the store's loop hands them over; tried again while the broker is busy."""
        batch = [sort(topic, payload, NOW, retained) for topic, payload, retained in messages]
        for left in range(tries - 1, -1, -1):
            try:
                return self.forwarding.commit(batch)
            except TargetBusy:
                if not left:
                    raise
        return None

    def end(self):
        self.forwarding.close()


@pytest.fixture
def bridge(broker, tmp_path):
    bridge = Bridge(broker, tmp_path, history=True)
    yield bridge
    bridge.end()


def info(lamp):
    """The example of the contract, of this lamppost."""
    body = json.dumps(examples.files()["info"]["payload"]).encode()
    return f"lamppost/v1/{lamp.site}/{lamp.node}/info", body, True


def at(minute, message):
    """The same message with another time."""
    topic, payload, retained = message
    ts = (datetime(2026, 11, 22, 12) + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return topic, json.dumps({**json.loads(payload), "ts": ts}).encode(), retained


def test_a_lamppost_becomes_entities_of_smart_data_models(broker, bridge):
    lamp = Lamp()
    bridge.take(info(lamp), lamp.energy(), lamp.air(), lamp.parking(), lamp.parking("blocked", "2"))
    point = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [-9.1393, 38.7223]}}
    assert all(entity["location"] == point for entity in broker.entities[""].values())
    meter = broker.of(METER)
    assert meter["totalActiveEnergyImport"] == {
        "type": "Property", "value": 215.782, "unitCode": "KWH", "observedAt": "2026-11-22T12:45:00Z",
        "quality": {"type": "Property", "value": "V"},
    }  # fmt: skip
    assert meter["phaseVoltage"]["value"] == {"L1": 230.2} and meter["phaseVoltage"]["unitCode"] == "VLT"
    assert meter["dateObserved"]["value"] == {"@type": "DateTime", "@value": "2026-11-22T12:45:00Z"}
    assert meter["dateObservedFrom"]["value"]["@value"] == "2026-11-22T12:30:00Z"
    light = broker.of(STREETLIGHT)
    assert (light["powerConsumption"]["value"], light["powerConsumption"]["unitCode"]) == (382.9, "WTT")
    assert (light["streetPoleNum"]["value"], light["status"]["value"]) == ("LIS-004711", "ok")
    air = broker.of("urn:ngsi-ld:AirQualityObserved:lisbon:lp-0042")
    assert (air["pm25"]["value"], air["pm25"]["unitCode"]) == (10.1, "GQ")
    assert (air["relativeHumidity"]["value"], air["temperature"]["unitCode"]) == (0.61, "CEL")
    assert (air["reliability"]["value"], air["airQualityIndex"]["value"]) == (1.0, 2)
    site = "urn:ngsi-ld:OnStreetParking:lisbon:lp-0042"
    assert broker.of(SPOT)["refParkingSite"] == {"type": "Relationship", "object": site}
    assert broker.of(SPOT)["status"]["value"] == "occupied"
    assert broker.of(f"{SPOT[:-1]}2")["status"]["value"] == "closed"
    assert broker.of(site)["totalSpotNumber"]["value"] == 2 and broker.of(site)["availableSpotNumber"]["value"] == 0


def test_a_missing_value_is_left_out_and_its_letter_lowers_the_reliability(broker, bridge):
    lamp = Lamp()
    topic, payload, _ = lamp.air()
    body = json.loads(payload)
    letters = {**body["q"], "pm2_5": "U", "t": "W"}
    bridge.take((topic, json.dumps({**body, "pm2_5": None, "q": letters}).encode(), False))
    air = broker.of("urn:ngsi-ld:AirQualityObserved:lisbon:lp-0042")
    assert "pm25" not in air and air["temperature"]["quality"]["value"] == "W"
    assert air["reliability"]["value"] == 0.71  # 5 of 7


def test_every_name_in_an_entity_is_in_its_context(broker, bridge):
    lamp = Lamp()
    bridge.take(info(lamp), lamp.energy(), lamp.air(), lamp.parking())
    for entity in broker.entities[""].values():
        terms = entity_context.of_type(entity["type"])[0]
        assert set(entity) - {"id", "type"} <= terms.keys() and terms[entity["type"]].endswith(entity["type"])
    assert all(isinstance(one[0], dict) and one[1] == entity_context.CORE for one in broker.contexts)


def test_a_raised_alarm_changes_the_status_until_it_is_cleared(broker, bridge):
    lamp = Lamp()
    bridge.take(info(lamp), lamp.alarm("sensorFault-meter"))
    assert broker.of(STREETLIGHT)["status"]["value"] == "ok"
    bridge.take(lamp.alarm("lampFailure"))
    assert broker.of(STREETLIGHT)["status"]["value"] == "defectiveLamp"
    bridge.end()
    bridge.start()
    bridge.take(lamp.over("lampFailure"))
    assert broker.of(STREETLIGHT)["status"]["value"] == "ok"


def test_values_of_one_batch_are_folded_and_the_older_ones_go_to_the_history(broker, bridge):
    lamp = Lamp()
    bridge.take(*(at(minute, lamp.energy()) for minute in (10, 30, 20)))
    writes = [body for method, path, body in broker.requests if "upsert" in path]
    assert len(writes) == 2  # one entity each, as nothing was accepted before
    assert broker.of(METER)["frequency"]["observedAt"] == "2026-11-22T12:30:00Z"
    bridge.forwarding.rest()
    times = {time for id, name, time in broker.instances if (id, name) == (METER, "frequency")}
    assert times == {f"2026-11-22T12:{minute}:00Z" for minute in (10, 20, 30)}
    assert not broker.doubled()


def test_a_record_that_comes_again_is_not_sent_again_even_re_stamped(broker, bridge):
    lamp = Lamp()
    first = lamp.energy()
    bridge.take(first)
    known = len(broker.requests)
    assert bridge.take(first, first).repeats == 2
    bridge.end()
    bridge.start()
    assert bridge.take(at(46, first)).records == 0
    assert [path for _, path, _ in broker.requests[known:] if "upsert" in path] == []
    # another device with the same numbers has other values
    assert bridge.take(at(50, Lamp().energy(imp_mwh=7))).records == 1


def test_a_record_without_time_waits_for_its_time(broker, bridge):
    lamp = Lamp()
    topic, payload, _ = lamp.energy()
    bridge.take((topic, json.dumps({**json.loads(payload), "ts": None, "tq": 0}).encode(), False))
    assert METER not in broker.entities.get("", {}) and bridge.forwarding.sent.untimed == 1
    bridge.take((topic, payload, False))
    assert broker.of(METER)["frequency"]["value"] == 50


def test_of_two_copies_in_a_batch_the_one_with_the_better_time_is_sent(broker, bridge):
    lamp = Lamp()
    topic, payload, _ = lamp.energy()
    rough = json.dumps({**json.loads(payload), "ts": "2026-11-22T12:40:00Z", "tq": 1, "tu": 900000}).encode()
    without = json.dumps({**json.loads(payload), "ts": None, "tq": 0}).encode()
    assert bridge.take((topic, rough, False), (topic, payload, False), (topic, without, False)).records == 1
    bridge.forwarding.rest()
    assert {at for id, _, at in broker.instances if id == METER} == {"2026-11-22T12:45:00Z"}


def test_an_api_that_is_away_for_a_while_does_not_end_the_bridge(broker, bridge):
    lamp = Lamp()
    bridge.take(lamp.energy())
    broker.faults = [(404, {"title": "no route"}, {})]
    bridge.take(at(50, lamp.energy()), tries=2)
    assert broker.of(METER)["frequency"]["observedAt"] == "2026-11-22T12:50:00Z"


def test_a_broker_that_never_says_what_became_of_an_entity_does_not_hold_up_the_rest(broker, bridge):
    lamp = Lamp()
    bridge.take(lamp.energy())
    # the place alone: nothing in it has a time by which the broker could be asked
    broker.faults = ["empty"] * 10
    bridge.take(info(lamp), tries=30)
    assert broker.of(METER)["location"]["type"] == "GeoProperty" and bridge.forwarding.sent.refused == 0


@pytest.mark.parametrize("broker", STYLES, indirect=True)
def test_one_wrong_entity_is_refused_and_the_others_are_sent(broker, bridge):
    bridge.take(Lamp("lp-0001").parking())
    lamps = [Lamp(f"lp-{number:04d}") for number in range(1, 8)]
    bad = "urn:ngsi-ld:ParkingSpot:lisbon:lp-0003:1"
    broker.wrong.add(bad)
    bridge.take(*(lamp.parking("free", "1") for lamp in lamps))
    sent = [id for id in broker.entities[""] if ":ParkingSpot:" in id]
    assert len(sent) == 6 and bad not in sent
    assert bridge.forwarding.sent.refused == 1 and f"Refused: {bad}: " in bridge.notes[0]
    assert "Invalid value" in bridge.notes[0]


@pytest.mark.parametrize("broker", STYLES, indirect=True)
@pytest.mark.parametrize("fault", ["stall", "lost", 500, 503, 429, "page", "redirect", "empty", "error one", 401])
def test_nothing_is_lost_and_nothing_doubled_over_a_fault(broker, tmp_path, fault):
    bridge = Bridge(broker, tmp_path, history=True, timeout_s=1 if fault == "stall" else 30)
    lamps = [Lamp(f"lp-{number:04d}") for number in range(1, 4)]
    bridge.take(*(at(1, lamp.energy()) for lamp in lamps))
    broker.faults = [fault]
    batch = [at(2, lamp.energy()) for lamp in lamps]
    bridge.take(*batch, tries=20)
    bridge.forwarding.rest()
    assert not broker.faults and not broker.doubled()
    for lamp in lamps:
        entity = broker.of(f"urn:ngsi-ld:ACMeasurement:lisbon:{lamp.node}")
        assert entity["frequency"]["observedAt"] == "2026-11-22T12:02:00Z"
    assert bridge.forwarding.sent.refused == 0
    bridge.end()


def test_a_bridge_that_was_killed_after_a_write_asks_whether_it_arrived(broker, bridge):
    bridge.take(at(1, Lamp("lp-0001").energy()))
    lamp = Lamp()
    record = lamp.energy()
    broker.faults = ["lost"]
    with pytest.raises(TargetBusy):
        bridge.take(record)
    bridge.end()  # as a kill: the record was not acknowledged, and comes again
    bridge.start()
    bridge.take(record, at(50, lamp.energy()))
    bridge.forwarding.rest()
    assert broker.of(METER)["frequency"]["observedAt"] == "2026-11-22T12:50:00Z"
    assert broker.instances[METER, "frequency", "2026-11-22T12:45:00Z"] == 1 and not broker.doubled()


class Cut(BaseException):
    """The power goes."""


def cut_at(number, parts, names=("ask", "begin", "settle", "undone", "finish", "mark_late", "drop_late")):
    """Let the bridge end at its step of that number: before a request or a change of the ledger, or after it."""
    left = [number]

    def cutting(act):
        def step(*about):
            for moment in (lambda: None, lambda: act(*about)):
                given = moment()
                left[0] -= 1
                if left[0] < 0:
                    raise Cut
            return given

        return step

    for part in parts:
        for name in set(names) & set(dir(part)):
            setattr(part, name, cutting(getattr(part, name)))


def test_no_end_at_any_step_loses_or_doubles_a_value(broker, tmp_path):
    for number in range(200):
        lamp = Lamp(f"lp-{number:04d}")
        bridge = Bridge(broker, tmp_path, history=True)
        bridge.take(at(5, lamp.energy()))
        batch = [at(minute, lamp.energy()) for minute in (10, 3, 12)]
        cut_at(number, bridge.parts)
        try:
            bridge.take(*batch)
            bridge.forwarding.rest()
            cut = False
        except Cut:
            cut = True
        bridge.end()
        bridge = Bridge(broker, tmp_path, history=True)
        bridge.take(*batch, at(20, lamp.energy()))  # what was not acknowledged comes again
        bridge.forwarding.rest()
        bridge.end()
        meter = f"urn:ngsi-ld:ACMeasurement:lisbon:{lamp.node}"
        times = {time[14:16] for id, name, time in broker.instances if (id, name) == (meter, "frequency")}
        assert times == {"03", "05", "10", "12", "20"} and not broker.doubled(), number
        if not cut:
            break
    assert not cut and number > 10


def test_a_late_value_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(broker, bridge):
    lamp = Lamp()
    bridge.take(at(30, lamp.energy()))
    bridge.take(at(10, lamp.energy()))
    broker.faults = ["lost"]
    bridge.forwarding.rest()
    assert "trying again" in bridge.notes[-1]
    bridge.end()
    bridge.start()
    bridge.forwarding.rest()
    assert broker.instances[METER, "frequency", "2026-11-22T12:10:00Z"] == 1 and not broker.doubled()
    assert bridge.forwarding.sent.lost == 0


def test_a_batch_that_is_too_large_is_divided(broker, bridge):
    bridge.take(Lamp("lp-0001").parking())
    broker.largest = 2
    bridge.take(*(Lamp(f"lp-{number:04d}").parking() for number in range(1, 12)))
    assert sum(":ParkingSpot:" in id for id in broker.entities[""]) == 11 and bridge.forwarding.sent.refused == 0


def test_a_tenant_is_named_in_each_request_and_made_by_a_first_write_of_one_entity(broker, tmp_path):
    bridge = Bridge(broker, tmp_path, tenant="lisbon")
    lamp = Lamp()
    bridge.take(info(lamp), lamp.energy(), lamp.parking())
    assert broker.of(METER, "lisbon") and not broker.entities.get("")
    assert [len(body) for _, path, body in broker.requests if "upsert" in path] == [1, 3]
    bridge.end()


def test_a_broker_without_the_tenant_says_so(broker, tmp_path):
    broker.tenants = {"porto"}
    bridge = Bridge(broker, tmp_path, tenant="lisbon")
    with pytest.raises(BridgeTenantUnknown, match="No such tenant"):
        bridge.take(Lamp().energy())
    bridge.end()


def test_a_token_is_sent_and_read_again_when_it_was_renewed(broker, tmp_path):
    broker.token = "first"
    token = tmp_path / "token"
    token.write_text("wrong\n")
    with pytest.raises(BridgeLoginRefused, match="does not accept the token"):
        Bridge(broker, tmp_path, token_file=token)
    token.write_text("first\n")
    bridge = Bridge(broker, tmp_path, token_file=token)
    bridge.take(at(1, Lamp("lp-0001").energy()))
    broker.token = "second"
    with pytest.raises(TargetBusy, match="401"):
        bridge.take(Lamp().energy())
    token.write_text("second\n")
    bridge.take(Lamp().energy())
    assert broker.of(METER)
    bridge.end()


@pytest.mark.parametrize(("fault", "words"), [
    ("page", "not JSON"), ("redirect", "redirects to http://login.lan"), ("stall", "no answer within"), (500, "500"),
])  # fmt: skip
def test_what_is_no_context_broker_is_said_at_the_start(broker, tmp_path, fault, words):
    broker.faults = [fault]
    with pytest.raises(BridgeTargetWrong, match=words):
        Bridge(broker, tmp_path, timeout_s=0.3)


@pytest.mark.parametrize("url", ["orion.lan", "ftp://orion", "http://", "http://a b", "http://x:99999", "http://x/?a=b",
                                 "http://me:secret@orion.lan", "http://x/\u00e9"])  # fmt: skip
def test_an_address_that_cannot_be_one_is_refused_without_its_password(url):
    with pytest.raises(BridgeTargetWrong) as refused:
        Client(url)
    assert "secret" not in refused.value.cause


def test_nothing_listening_there_is_said(broker, tmp_path):
    broker.stop()
    with pytest.raises(BridgeTargetWrong, match="nothing listens there"):
        Bridge(broker, tmp_path)
    broker.start()


def test_history_needs_a_broker_that_has_one(broker, bridge):
    broker.temporal = False
    lamp = Lamp()
    bridge.take(at(30, lamp.energy()))
    bridge.take(at(10, lamp.energy()))
    with pytest.raises(BridgeHistoryUnsupported):
        bridge.forwarding.rest()


def test_one_ledger_serves_one_bridge_and_one_target(broker, bridge, tmp_path):
    with pytest.raises(BridgeLedgerUnusable, match="Another bridge"):
        Bridge(broker, tmp_path)
    bridge.end()
    with pytest.raises(BridgeLedgerUnusable, match="belongs to"):
        Bridge(broker, tmp_path, tenant="porto")
    (tmp_path / "ledger.sqlite").write_bytes(b"no database at all, but longer than a header of one" * 20)
    with pytest.raises(BridgeLedgerUnusable, match="not a ledger"):
        bridge.start()
    (tmp_path / "ledger.sqlite").unlink()
    bridge.start()


def test_a_broker_that_lost_its_data_gets_every_entity_whole(broker, bridge):
    lamp = Lamp()
    bridge.take(info(lamp), lamp.energy(), lamp.parking())
    before = json.loads(json.dumps(broker.entities))
    broker.entities.clear()
    bridge.forwarding.resend()
    assert broker.entities == before


def test_whatever_a_broker_answers_each_entity_has_one_outcome():
    """Documents made at random of the words that answers have, in places where they do not belong."""
    draw = random.Random(20261122)
    words = ["urn:a", "urn:b", "success", "errors", "BadRequestData", "", None, 7, True, {}, []]
    keys = ["success", "errors", "entityId", "id", "error", "failure", "title", "detail", "type", "observedAt"]

    def document(depth):
        kind = draw.randrange(3) if depth else 2
        if kind == 0:
            return {draw.choice(keys): document(depth - 1) for _ in range(draw.randrange(4))}
        if kind == 1:
            return [document(depth - 1) for _ in range(draw.randrange(4))]
        return draw.choice(words)

    ids = {"urn:a", "urn:b", "urn:c"}
    for _ in range(5000):
        outcome = answers.of_upsert(Answer(draw.choice([200, 201, 204, 207, 400, 422]), document(5)), ids)
        if outcome:
            parts = [outcome.done, set(outcome.refused), set(outcome.again), outcome.unsure]
            assert set().union(*parts) == ids and sum(map(len, parts)) == len(ids)


GOOD = (
    b"HTTP/1.1 207 Multi-Status\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'2b\r\n{"success": [], "errors": [{"entityId": 1}]\r\n1\r\n}\r\n0\r\n\r\n'
)


def test_spoiled_bytes_become_an_answer_or_a_sentence():
    draw = random.Random(20261123)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            for _ in range(400):
                one, _ = server.accept()
                with one:
                    one.recv(65536)
                    spoiled = bytearray(GOOD)
                    for _ in range(draw.randrange(1, 6)):
                        at = draw.randrange(len(spoiled))
                        spoiled[at : at + draw.randrange(3)] = draw.randbytes(draw.randrange(3))
                    one.sendall(spoiled[: draw.randrange(len(spoiled) + 1)])

        threading.Thread(target=serve, daemon=True).start()
        client = Client(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=20)
        kinds = set()
        for _ in range(400):
            try:
                kinds.add(type(client.ask("GET", "entities")))
            except (NotNow, BridgeTargetWrong, BridgeLoginRefused) as refused:
                kinds.add(type(refused))
        assert kinds >= {Answer, NotNow, BridgeTargetWrong}
