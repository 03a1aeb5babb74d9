"""The store's session at a broker: what keeps it out is told in a sentence, and a lost connection is made again."""

import asyncio
import contextlib
import queue
import random
import socket

import mqtt5
import pytest
from brokers import Mosquitto
from certificates import Authority
from lamplighter.problems import BrokerLoginRefused, BrokerNotFound, BrokerRefused, BrokerUnreachable
from lamplighter.store.sources import mqtt_session
from lamplighter.store.sources.mqtt_blocks import Blocks
from lamplighter.store.sources.mqtt_session import KeptSession, MqttDelivery
from lamplighter.telemetry.subscriber import Connection
from publisher import Lamp, Publisher

CONNACK_OK = b"\x20\x03\x00\x00\x00"
PACKETS = [
    mqtt5.ConnAckPacket(),
    mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]),
    *(
        mqtt5.PublishPacket(f"lamppost/v1/lisbon/lp-{number}/tele/air", bytes(size), qos=mqtt5.QoS(1), packet_id=number)
        for number, size in ((1, 0), (2, 100), (3, 300), (4, 70_000))
    ),
    mqtt5.PingRespPacket(),
]
SENT = b"".join(one.write() for one in PACKETS)


def taken(*pieces):
    """The packets of a connection that brings these pieces and is closed then."""

    async def take():
        reader = asyncio.StreamReader()
        blocks, found = Blocks(reader), []
        with contextlib.suppress(ConnectionResetError):
            for piece in pieces:
                reader.feed_data(piece)
                await asyncio.sleep(0)
            reader.feed_eof()
            while True:
                found += await blocks.next()
        return found

    return asyncio.run(take())


@pytest.mark.parametrize("cut", [1, 2, 5, 6, 20, 60, 300, 500, len(SENT) - 1])
def test_packets_are_whole_wherever_the_connection_cuts_them(cut):
    assert taken(SENT[:cut], SENT[cut:]) == PACKETS


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of a panic over text that is no UTF-8
def test_spoiled_bytes_are_no_mqtt_or_other_packets_and_never_anything_else():
    dice = random.Random(3)
    small = b"".join(one.write() for one in PACKETS[:4])
    for _ in range(100):
        spoiled = bytearray(small)
        for _ in range(dice.randint(1, 4)):
            spoiled[dice.randrange(len(small))] = dice.randrange(256)
        with contextlib.suppress(ValueError):
            taken(bytes(spoiled))


class Session:
    """A KeptSession and what it has brought."""

    def __init__(self, port, **more):
        self.arrived = queue.SimpleQueue()
        self.kept = KeptSession("store-1", more.pop("host", "127.0.0.1"), port, ["lamppost/v1/#"],
                                arrived=self.arrived, **more)  # fmt: skip

    def __enter__(self):
        self.kept.__enter__()
        return self

    def __exit__(self, *_):
        self.kept.__exit__()

    def next(self, kind=MqttDelivery):
        while True:
            one = self.arrived.get(timeout=60)
            if isinstance(one, kind):
                return one


def refusal(port, **more):
    with pytest.raises((BrokerRefused, BrokerLoginRefused, BrokerNotFound)) as found, Session(port, **more):
        pass
    return found.value


def test_each_way_to_be_kept_out_has_its_sentence(pretend):
    said = refusal(pretend(b"\x20\x03\x00\x87\x00").port)
    assert isinstance(said, BrokerLoginRefused) and "not authorized" in str(said)
    subscription = CONNACK_OK + mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.NOT_AUTHORIZED]).write()
    said = refusal(pretend(subscription).port)
    assert isinstance(said, BrokerLoginRefused) and "subscribe to lamppost/v1/#" in str(said)
    of_version_3 = b"\x20\x02\x00\x01"
    assert "does not speak MQTT 5.0" in str(refusal(pretend(of_version_3).port))
    assert "gives no MQTT answer within 0.2 s" in str(refusal(pretend(b"").port, timeout=0.2))
    assert "gives no MQTT answer within 0.2 s" in str(refusal(pretend(CONNACK_OK).port, timeout=0.2))
    assert "closed the connection" in str(refusal(pretend(mqtt5.DisconnectPacket().write()).port))
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    said = refusal(port)
    assert isinstance(said, BrokerUnreachable) and "connection refused" in str(said)
    assert isinstance(refusal(1883, host="no..such.name"), BrokerNotFound)


def test_tls_is_checked_and_a_certificate_shown(tmp_path):
    city, stranger = Authority(tmp_path / "city"), Authority(tmp_path / "stranger")
    server, client = city.issue("server", "127.0.0.1"), city.issue("client")
    broker = Mosquitto(tmp_path / "broker")
    tls = [f"cafile {city.pem}", f"certfile {server.crt}", f"keyfile {server.key}", "require_certificate true"]
    lines = broker.config.read_text().splitlines()
    broker.config.write_text("\n".join([lines[0], *tls, *lines[1:]]) + "\n")
    broker.start()
    try:
        with Session(broker.port, tls=city.pem, identity=(client.key, client.crt)) as session:
            assert session.kept.where
        assert "untrusted certificate" in str(refusal(broker.port, tls=stranger.pem, identity=(client.key, client.crt)))
        said = refusal(broker.port, tls=city.pem)
        assert "closed the connection" in str(said) and "--identity" in said.remedy
        assert "cannot be used" in str(refusal(broker.port, tls=broker.config))
    finally:
        broker.stop()
    with pretend_plain(tmp_path) as plain:
        assert "does not offer TLS" in str(refusal(plain.port, tls=True))


@contextlib.contextmanager
def pretend_plain(folder):
    broker = Mosquitto(folder / "plain")
    broker.start()
    yield broker
    broker.stop()


def test_what_was_not_acknowledged_comes_again_and_the_rest_does_not(broker):
    lamp = Lamp()
    with Publisher(broker.port) as street:
        with Session(broker.port) as session:
            street.send(lamp.energy(), lamp.energy())
            first, second = session.next(), session.next()
            session.kept.acknowledge([first])
        street.send(lamp.energy())
        with Session(broker.port) as session:
            again, third = session.next(), session.next()
            assert (again.payload, again.repeated) == (second.payload, True)
            assert third.payload not in (first.payload, second.payload)


def test_a_broker_that_falls_silent_is_left_and_found_again(broker, passage, monkeypatch):
    monkeypatch.setattr(mqtt_session, "KEEPALIVE_S", 2)
    with Session(passage.port) as session, Publisher(broker.port) as street:
        street.send(Lamp().energy())
        before = session.next()
        passage.hush()
        assert session.next(Connection) == Connection(False, "the broker answers no more")
        passage.speak()
        again = session.next()  # before the broker has confirmed the subscription, which it has anyway
        assert session.next(Connection) == Connection(True)
        assert (again.payload, again.repeated) == (before.payload, True)
        session.kept.acknowledge([before])  # of the lost connection, where its number may mean another message
    with Session(broker.port) as session:
        assert session.next().payload == before.payload
