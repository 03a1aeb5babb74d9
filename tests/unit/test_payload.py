"""Envelopes that any JSON parser reads back."""

import json

from lamppost.core.payload import HEAD_MAX, body, head_into, number


def message(head, rest=b'"x":1}'):
    buf = bytearray(HEAD_MAX + 64)
    end = head_into(buf, 3, *head)
    return json.loads((bytes(buf[3:end]) + rest).decode()), end - 3


def test_a_record_with_time_and_one_without():
    read, _ = message((7, 42, 817130700, 3, 20, False))
    assert read == {"v": 1, "b": 7, "s": 42, "ts": "2025-11-22T12:45:00Z", "tq": 3, "h": 0, "x": 1}
    read, _ = message((7, None, None, 0, 0, True))
    assert read == {"v": 1, "b": 7, "s": None, "ts": None, "tq": 0, "h": 1, "x": 1}


def test_uncertainty_is_told_while_the_time_is_not_from_the_network():
    assert message((1, 0, 0, 2, 1500, False))[0]["tu"] == 1500
    assert "tu" not in message((1, 0, 0, 3, 20, False))[0]


def test_the_longest_head_fits():
    _, size = message((4294967295, 4294967295, 3155760000, 2, 4294967295, True))
    assert size <= HEAD_MAX


def test_integers_are_written_with_the_point_of_their_row():
    assert number("t", -5) == "-0.5"
    assert number("t", 234) == "23.4"
    assert number("pf", 7) == "0.07"
    assert number("u_mv", 230100) == "230100"
    assert number("imp_mwh", 9999999990000) == "9999999990000"
    assert number("t", None) == "null"


def test_a_body_closes_its_envelope_and_keeps_missing_values_null():
    text = body([("t", None), ("rh", 493)], {"t": "U", "rh": "V"}, '"part":"climate"')
    read, _ = message((1, 0, None, 0, 0, False), text)
    assert read["t"] is None
    assert read["rh"] == 49.3
    assert read["part"] == "climate"
    assert read["q"] == {"t": "U", "rh": "V"}
