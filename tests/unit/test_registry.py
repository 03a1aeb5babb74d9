"""Drivers by the names that a configuration uses."""

import os

from lamppost.core.faults import SensorFault
from lamppost.core.quantities import QUANTITIES
from lamppost.drivers import registry
from raising import raises

DRIVERS = __file__.rsplit("/", 1)[0] + "/../../firmware/lamppost/drivers"


def fits(part_id):
    try:
        return registry.driver(part_id)[1]
    except SensorFault as fault:
        assert fault.word == "foreign"
        return None


def parts():
    """{id: class} of all that the shelf gives out."""
    names = [name.rsplit(".", 1)[0] for name in os.listdir(DRIVERS) if name.endswith("py")]  # .py, on a board .mpy
    found = {name: fits(name) for name in names}
    return {name: kind for name, kind in found.items() if kind}


def test_every_part_has_a_driver_that_keeps_the_seam():
    assert len(parts()) == 31
    for part_id, kind in parts().items():
        assert set(kind.QUANTITIES) <= set(QUANTITIES), part_id
        for call in ("read",):
            assert callable(getattr(kind, call)), part_id
        for quantity, low, high in getattr(kind, "LIMITS", ()):
            assert quantity in kind.QUANTITIES, part_id
            assert low < high


def test_what_relatives_share_is_no_part():
    shared = "lidar_frame plantower ina belling float_meter ratio streaming_dust registry sps30_i2c"
    for name in shared.split(" "):
        with raises(SensorFault, "foreign"):
            registry.driver(name)


def test_an_unknown_part_is_foreign_whatever_it_is_called():
    for name in ("pzem4", "", ".", "..core", "Tfmini", "tfmini.", "tfmini.decode", "../app", "os", "pzem 004t", "ü"):
        with raises(SensorFault, "foreign") as caught:
            registry.decode(name, b"\x00")
        assert name in caught.error.detail


def test_a_part_that_cannot_be_built_says_why_and_lets_the_others_live():
    absent = registry.Absent("x", SensorFault("bus", "no bus"))
    assert absent.QUANTITIES == ()
    with raises(SensorFault, "bus"):
        absent.read().send(None)


def test_every_driver_calls_nothing_silence():
    for part_id in parts():
        with raises(SensorFault, "silent"):
            registry.decode(part_id, b"")
