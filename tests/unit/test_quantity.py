"""The table of quantities: rows are fetched when a name comes up, and the right point is set from the first time on."""

import sys

from lamppost.core import borrow, payload, quantities, quantity, units
from lamppost.core.faults import SensorFault
from lamppost.core.payload import body
from raising import raises


def test_every_name_has_its_row_and_its_unit():
    for name in quantities.names():
        low, high = quantity.limits(name)
        assert payload.decimals(name) in (0, 1, 2) and low is not None and (high is None or low < high)
        ucum, rec20 = units.of(name)
        assert ucum and " " not in ucum + rec20


def test_a_name_that_is_a_part_of_another_has_its_own_row():
    assert (payload.decimals("p"), quantity.limits("p")) == (1, (2500, 12000))
    assert (payload.decimals("p_mw"), quantity.limits("p_mw")) == (0, (-100000000, 100000000))
    assert (payload.decimals("t"), quantity.limits("t")) == (1, (-450, 900))
    assert units.of("co") == ("[ppb]", "61") and units.of("co2") == ("[ppm]", "59")
    assert units.of("q_mvar") == ("mV.A{reactive}", "")


def test_what_is_no_quantity_has_no_decimals_and_no_unit():
    for name in ("window_s", "mw", "0", "", "-"):
        assert payload.decimals(name) == 0
        with raises(KeyError):
            units.of(name)


def test_a_body_has_its_points_however_its_names_come_up():
    values = (("lux", 1234), ("window_s", 60), ("mag_z_ut", -5))
    assert body(values, None) == b'"lux":123.4,"window_s":60,"mag_z_ut":-0.05}'


def test_the_table_is_given_back():
    root = borrow.__name__.split(".")[0]
    kept = sys.modules.pop(root + ".core.quantities", None)  # as this file imported it
    payload.learn(("so2", "another"))
    quantity.checked({"so2": 5})
    assert root + ".core.quantities" not in sys.modules
    if kept:
        sys.modules[root + ".core.quantities"] = kept


def test_a_reading_with_one_impossible_value_is_refused_by_its_name():
    assert quantity.checked({"t": 215, "rh": 400}) == {"t": 215, "rh": 400}
    with raises(SensorFault, "range") as caught:
        quantity.checked({"t": 215, "rh": 1001})
    assert caught.error.detail == "rh = 1001"
