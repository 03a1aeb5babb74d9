"""TLS in real MicroPython against a real Mosquitto: who the broker is, who the node is, and each way to be neither."""

from __future__ import annotations

import pytest
from brokers import Mosquitto, Subscriber, free_port
from certificates import Authority
from test_mosquitto import first_of_each, sequence, wait_for, wait_for_key

HOST = "broker.lan"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "Nobody's CA")


@pytest.fixture
def serve(tmp_path, authority):
    """serve(identity, client=False, **of Mosquitto) -> a Mosquitto with TLS; its `plain` port is for subscribers."""
    brokers = []

    def _serve(identity, client=False, **more):
        broker = Mosquitto(tmp_path / f"broker-{len(brokers)}", **more)
        lines = broker.config.read_text().splitlines()
        lines[1:1] = [
            f"cafile {authority.pem}", f"certfile {identity.crt}", f"keyfile {identity.key}",
            f"require_certificate {'true' if client else 'false'}",
        ]  # fmt: skip
        # Mosquitto opens its ports in this order, and start() waits for the last
        broker.plain = free_port()
        lines.insert(0, f"listener {broker.plain} 127.0.0.1")
        broker.config.write_text("\n".join(lines) + "\n")
        brokers.append(broker)
        broker.start()
        return broker

    yield _serve
    for broker in brokers:
        broker.stop()


@pytest.fixture
def subscribe():
    subscribers = []

    def _subscribe(broker, **more):
        subscribers.append(Subscriber(broker.plain, **more))
        return subscribers[-1]

    yield _subscribe
    for subscriber in subscribers:
        subscriber.close()


def trusting(authority, identity=None, **more):
    tls = {"ca": str(authority.der), "server_name": HOST, **more}
    if identity:
        tls |= {"cert": str(identity.der), "key": str(identity.key_der)}
    return tls


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("client", [False, True], ids=["server", "both"])
def test_records_arrive_once_and_in_order(serve, subscribe, authority, start, version, client):
    broker = serve(authority.issue("broker"), client)
    subscriber = subscribe(broker)
    tls = trusting(authority, authority.issue("node", "lp-0042") if client else None)
    mqtt = {"port": broker.port, "version": version, "window": 16, "tls": tls}
    node = start(mqtt, set={"drain_per_s": 0})
    node.tell("append 300 0")
    wait_for(subscriber, 300)
    assert sequence(subscriber) == list(range(300))
    assert node.report()["connections"] == 1


def test_a_killed_broker_loses_nothing_under_tls(serve, subscribe, authority, start):
    broker = serve(authority.issue("broker"), client=True)
    subscriber = subscribe(broker)
    tls = trusting(authority, authority.issue("node", "lp-0042"))
    node = start({"port": broker.port, "window": 16, "tls": tls}, set={"drain_per_s": 0})
    node.tell("append 400 3")
    wait_for(subscriber, 100)
    broker.kill()
    node.wait(lambda said: "fault" in said)
    broker.start()
    wait_for_key(subscriber, 399)
    assert first_of_each(sequence(subscriber)) == list(range(400))


def test_a_quiet_link_under_tls_stays_up_and_a_command_comes_through(serve, subscribe, authority, start):
    broker = serve(authority.issue("broker"))
    subscriber = subscribe(broker)
    node = start({"port": broker.port, "keepalive_s": 1, "tls": trusting(authority)})
    subscriber.wait(lambda messages: len(messages) >= 2)
    with pytest.raises(AssertionError):
        subscriber.wait(lambda messages: len(messages) > 2, within=2.5)  # two keep-alives and a half of silence
    subscriber.publish("lamppost/v1/lisbon/lp-0042/cmd/reset", b"{}")
    assert node.wait(lambda said: "command" in said)["command"] == "cmd/reset"
    assert node.report()["connections"] == 1


def test_password_and_access_list_hold_under_tls(serve, subscribe, authority, start):
    acl = "user lp\ntopic write lamppost/#\nuser reader\ntopic read lamppost/#\n"
    broker = serve(authority.issue("broker"), users={"lp": "a", "reader": "b"}, acl=acl)
    subscriber = subscribe(broker, user="reader", password="b")
    mqtt = {"port": broker.port, "version": 5, "user": "lp", "tls": trusting(authority)}
    wrong = start({**mqtt, "password": "wrong"})
    wrong.wait(lambda said: said.get("fault") in ("notallowed", "badlogin"))
    wrong.close()
    node = start({**mqtt, "password": "a"})
    node.tell("append 5 0")
    wait_for(subscriber, 5)


BAD = {
    "expired": lambda ours, theirs: ours.issue("bad", begins=-20, ends=-2),
    "notyet": lambda ours, theirs: ours.issue("bad", begins=2, ends=20),
    "wrongname": lambda ours, theirs: ours.issue("bad", host="other.lan"),
    "untrusted": lambda ours, theirs: theirs.issue("bad"),
}


@pytest.mark.parametrize("word", BAD)
def test_a_certificate_that_is_not_good_is_named_and_tried_again(serve, authority, stranger, start, word):
    broker = serve(BAD[word](authority, stranger))
    node = start({"port": broker.port, "user": "lp", "password": "secret-9", "tls": trusting(authority)})
    node.wait_fault(word)
    node.wait_fault(word, since=len(node.said))
    report = node.report()
    assert report["connections"] == 0 and report["acknowledged"] == 0
    assert b"lisbon_lp-0042" not in (broker.folder / "mosquitto.log").read_bytes(), "CONNECT was not sent"


@pytest.mark.parametrize(("begins", "ends"), [(-20, -2), (2, 20)])
def test_without_the_time_the_clock_is_blamed_and_not_the_certificate(serve, authority, start, begins, ends):
    broker = serve(authority.issue("bad", begins=begins, ends=ends))
    node = start({"port": broker.port, "tls": trusting(authority)}, clock=False, set={"tls_time_ms": 300})
    node.wait_fault("clock")
    node.wait_fault("clock", since=len(node.said))


def test_without_the_time_a_stranger_is_still_a_stranger(serve, authority, stranger, start):
    broker = serve(stranger.issue("bad", begins=2, ends=20))
    node = start({"port": broker.port, "tls": trusting(authority)}, clock=False, set={"tls_time_ms": 300})
    node.wait_fault("untrusted")


def test_the_handshake_waits_for_the_time_but_not_for_ever(serve, subscribe, authority, start):
    broker = serve(authority.issue("broker"))
    subscriber = subscribe(broker)
    node = start({"port": broker.port, "tls": trusting(authority)}, clock=False)
    node.tell("append 3 0")
    node.wait(lambda said: "appended" in said)
    assert node.report()["connections"] == 0
    node.tell("time")
    wait_for(subscriber, 3)
    late = start({"port": broker.port, "tls": trusting(authority)}, clock=False, set={"tls_time_ms": 300})
    late.wait(lambda said: "connected" in said.get("log", ""))


@pytest.mark.parametrize("who", ["nobody", "stranger"])
def test_a_broker_that_wants_another_client_certificate_is_named(serve, authority, stranger, start, who):
    broker = serve(authority.issue("broker"), client=True)
    identity = stranger.issue("node", "lp-0042") if who == "stranger" else None
    node = start({"port": broker.port, "tls": trusting(authority, identity)})
    node.wait_fault("rejected")
    node.wait_fault("rejected", since=len(node.said))


def test_files_that_are_missing_or_no_certificates_are_named(broker, authority, start, tmp_path):
    broken = tmp_path / "broken.der"
    broken.write_bytes(b"\x30\x82garbage")
    good = authority.issue("node", "lp-0042")
    for tls, named in (
        ({"ca": "/nowhere/ca.der"}, "/nowhere/ca.der"),
        ({"ca": str(broken)}, "broken.der"),
        ({"ca": str(authority.der), "cert": str(good.der), "key": str(broken)}, "broken.der"),
        ({"ca": str(authority.der), "cert": str(good.der)}, "key"),
    ):
        node = start({"port": broker.port, "tls": tls})
        assert named in node.wait_fault("nocert")["detail"]


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16\x03\x03\xff\xff" + b"z" * 400], ids=["http", "huge"]
)
def test_a_port_that_speaks_no_tls_is_named_and_tried_again(authority, start, pretend, answer):
    mute = pretend(answer)
    node = start({"port": mute.port, "tls": trusting(authority)})
    node.wait_fault("tls")
    node.wait_fault("tls", since=len(node.said))


def test_a_broker_in_the_clear_is_named(broker, authority, start):
    node = start({"port": broker.port, "tls": trusting(authority)})
    node.wait(lambda said: said.get("fault") in ("tls", "rejected"))


def test_a_server_that_falls_silent_in_the_handshake_holds_nothing_up(authority, start, pretend):
    mute = pretend(b"")
    node = start({"port": mute.port, "tls": trusting(authority)}, set={"connect_ms": 2500})
    node.wait_fault("timeout")
    assert node.report()["beats"] >= 3, "the other tasks run meanwhile, and so does the watchdog"
