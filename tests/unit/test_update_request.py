"""What ota/desired may say, and when a node must not restart for an update."""

import json

from ground import MIDNIGHT
from lamppost.core.faults import UpdateFault
from lamppost.ops.update.request import Request, near_dusk

WANTED = {"id": "u1", "url": "http://releases.lan/a/b.release", "sha256": "AB" * 32}
LISBON = {"lat": 38.72, "lon": -9.14}  # the sun sets at about 17:18 UTC on 22 November
HOUR = 3600


def request(**changes):
    return Request(json.dumps(dict(WANTED, **changes)).encode())


def refused(body):
    try:
        Request(body)
    except UpdateFault as fault:
        return fault.word == "desired"
    return False


def test_a_request_names_server_file_and_hash():
    wanted = request()
    assert wanted.place == ("http", "releases.lan", 80, "/a/b.release") and wanted.sha256 == "ab" * 32
    assert wanted.same(request()) and not wanted.same(request(id="u2")) and not wanted.same(None)


def test_what_is_no_request_is_refused_with_a_word():
    for body in (b"", b"[]", b"7", b"null", b"{}", b"\xff\xfe", b"[" * 500, b'{"id":1}'):
        assert refused(body), body
    for name, value in (("id", ""), ("id", 7), ("id", "x" * 65), ("id", 'a"b'), ("url", "ftp://a/b"), ("url", None),
                        ("url", "http://a/" + "b" * 200), ("sha256", 5), ("sha256", None)):  # fmt: skip
        assert refused(json.dumps(dict(WANTED, **{name: value})).encode()), name


def test_how_long_to_wait_and_to_watch_has_defaults_and_limits():
    assert (request().spread_s, request().healthy_s) == (60, 300)
    assert (request(spread_s=0).spread_s, request(healthy_s=10).healthy_s) == (0, 10)
    for name, value in (("spread_s", -1), ("spread_s", 3601), ("spread_s", "1"), ("spread_s", True), ("spread_s", 1.5),
                        ("healthy_s", 9), ("healthy_s", 3601), ("healthy_s", None)):  # fmt: skip
        assert refused(json.dumps(dict(WANTED, **{name: value})).encode()), (name, value)


def test_no_node_restarts_within_half_an_hour_of_sunset():
    for minutes, near in ((16 * 60, False), (16 * 60 + 55, True), (17 * 60 + 20, True), (17 * 60 + 45, True),
                          (18 * 60, False), (7 * 60 + 20, False)):  # fmt: skip
        assert near_dusk(MIDNIGHT + minutes * 60, 9, LISBON) == near, minutes


def test_without_a_time_the_hour_after_power_on_counts_as_dusk():
    assert near_dusk(None, 60, LISBON) and near_dusk(None, HOUR - 1, None)
    assert not near_dusk(None, HOUR, LISBON)
    assert not near_dusk(MIDNIGHT, 60, None), "without a place nobody knows the dusk"


def test_where_the_sun_does_not_set_there_is_no_dusk():
    assert not near_dusk(MIDNIGHT, 9, {"lat": 89.0, "lon": 0.0})
