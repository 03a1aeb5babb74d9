"""Drivers by the names that a configuration uses."""

from lamppost.core import quantities
from lamppost.core.faults import SensorFault
from lamppost.drivers import shelf
from raising import raises


def test_every_part_has_a_driver_that_keeps_the_seam():
    for part_id, (_, name) in shelf.PARTS.items():
        kind = getattr(shelf.module(part_id), name)
        assert set(kind.QUANTITIES) <= set(quantities.names())
        for call in ("start", "read", "selftest"):
            assert callable(getattr(kind, call))
        for quantity, low, high in kind.LIMITS:
            assert quantity in kind.QUANTITIES
            assert low < high


def test_an_unknown_part_is_foreign_and_the_known_ones_are_named():
    with raises(SensorFault, "foreign") as caught:
        shelf.decode("pzem4", b"")
    assert "pzem004t" in caught.error.detail


def test_every_driver_calls_nothing_silence():
    for part_id in shelf.PARTS:
        with raises(SensorFault, "silent"):
            shelf.decode(part_id, b"")
