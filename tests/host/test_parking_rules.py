"""Which parts may watch a bay together: said in words before a node is configured."""

import pytest
from lamplighter.config.rules import errors

PARTS = [
    {"id": "eye", "part": "tfmini", "bus": "a"}, {"id": "iron", "part": "rm3100", "bus": "b"},
    {"id": "radar", "part": "ld2410", "bus": "c"}, {"id": "meter", "part": "pzem004t", "bus": "d"},
]  # fmt: skip


def said(*bays):
    found = errors({"parts": PARTS, "parking": [{"bay": str(n), **bay} for n, bay in enumerate(bays, 1)]}, None)
    return [(".".join(map(str, path[2:])), cause) for path, cause in found]


def test_one_part_or_several_watch_a_bay():
    assert said({"part": "eye"}) == []
    assert said({"parts": ["eye", "iron", "radar"], "empty_mm": 3200}) == []
    assert said({"part": "iron"}) == []


@pytest.mark.parametrize(
    ("bay", "where", "cause"),
    [
        ({}, "part", "is missing (the id of a part that observes the bay)"),
        ({"part": "eye", "parts": ["iron"]}, "part", "has both part and parts; keep one"),
        ({"part": "radar"}, "part", "a radar detects people, not vehicles; add a range finder or a magnetometer"),
        ({"parts": ["meter", "eye"]}, "parts.0", "meter measures energy, not distance"),
        ({"parts": ["iron"], "empty_mm": 3200}, "empty_mm", "no part of this bay measures distance; leave it out"),
        ({"parts": ["eyes", "iron"]}, "parts.0", "no part has the id eyes; did you mean eye?"),
    ],
)
def test_what_does_not_fit_is_said_where_it_stands(bay, where, cause):
    assert (where, cause) in said(bay)


def test_a_part_watches_one_bay():
    assert said({"part": "eye"}, {"parts": ["iron", "eye"]}) == [("parts.1", "eye already observes bay 1")]
