"""Which version of MQTT is spoken: 5.0 wherever the broker knows it, 3.1.1 where it does not, and no endless change."""

from lamppost.link.protocol import V3, V5, Protocol

HOUR = 3600
DAY = 24 * HOUR


def test_a_broker_that_refuses_5_0_is_spoken_to_in_3_1_1_at_once_and_asked_again_after_a_day():
    protocol = Protocol(V5)
    assert protocol.choose(10) == V5
    assert protocol.failed("version", 10)
    assert protocol.choose(10 + DAY - 1) == V3
    assert protocol.choose(10 + DAY) == V5


def test_a_broker_that_refuses_both_versions_is_not_asked_by_turns():
    protocol = Protocol(V5)
    protocol.failed("version", 0)
    for now in range(0, HOUR, 60):
        assert protocol.choose(now) == V3 and not protocol.failed("version", now)


def test_a_broker_that_hangs_up_on_connect_twice_is_tried_with_3_1_1_and_stays_there_when_that_works():
    protocol = Protocol(V5)
    assert not protocol.failed("closed", 0), "one close may have any cause"
    assert protocol.choose(1) == V5
    assert protocol.failed("closed", 1)
    assert protocol.choose(2) == V3
    protocol.answered(2)
    assert protocol.choose(2 + HOUR - 1) == V3
    assert protocol.choose(2 + HOUR) == V5
    assert not protocol.failed("closed", 2 + HOUR) and protocol.failed("closed", 2 + HOUR)


def test_a_broker_that_hangs_up_on_both_versions_is_spoken_to_in_5_0_for_an_hour():
    protocol = Protocol(V5)
    spoken = []
    for now in range(0, HOUR, 60):
        spoken.append(protocol.choose(now))
        protocol.failed("closed", now)
    assert spoken.count(V3) == 1 and spoken[2] == V3


def test_a_network_that_is_away_says_nothing_of_the_version():
    protocol = Protocol(V5)
    for word in ("nowifi", "nodns", "refused", "timeout", "closed", "refused", "closed", "timeout"):
        assert not protocol.failed(word, 5) and protocol.choose(5) == V5
    protocol.failed("closed", 6)
    assert protocol.failed("closed", 7)
    for word in ("nowifi", "timeout"):
        protocol.failed(word, 8)
        assert protocol.choose(8) == V3, "3.1.1 has not been answered yet"
    protocol.failed("badlogin", 9)
    assert protocol.choose(9 + HOUR - 1) == V3, "a refusal of the user is an answer in this version"


def test_a_session_by_5_0_clears_what_closes_before_it_have_counted():
    protocol = Protocol(V5)
    protocol.failed("closed", 0)
    protocol.answered(1)
    assert not protocol.failed("closed", 2)


def test_3_1_1_is_kept_where_the_configuration_asks_for_it():
    protocol = Protocol(V3)
    for word in ("version", "closed", "closed", "closed"):
        assert not protocol.failed(word, 0) and protocol.choose(2 * DAY) == V3
