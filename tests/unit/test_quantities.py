"""The table of quantities: every name has its row, and the right point is set in a body."""

from lamppost.core import payload, quantities
from lamppost.core.faults import SensorFault
from lamppost.core.quantities import QUANTITIES, checked, decimals, limits, unit
from raising import raises


def test_every_name_has_its_limits_and_its_unit():
    for name, row in QUANTITIES.items():
        low, high = limits(name)
        assert decimals(name) in (0, 1, 2) and low is not None and (high is None or low < high)
        assert row.ucum and " " not in row.ucum + row.rec20


def test_a_name_that_is_a_part_of_another_has_its_own_row():
    assert (decimals("p"), limits("p")) == (1, (2500, 12000))
    assert (decimals("p_mw"), limits("p_mw")) == (0, (-100000000, 100000000))
    assert (decimals("t"), limits("t")) == (1, (-450, 900))
    assert unit("co") == ("[ppb]", "61") and unit("co2") == ("[ppm]", "59")
    assert unit("q_mvar") == ("mV.A{reactive}", "")


def test_what_is_no_quantity_has_no_decimals_and_no_unit():
    for name in ("window_s", "mw", "0", "", "-"):
        assert decimals(name) == 0
        with raises(KeyError):
            quantities.unit(name)


def test_a_body_has_the_point_of_each_quantity():
    values = (("lux", 1234), ("window_s", 60), ("mag_z_ut", -5))
    assert payload.body(values, None) == b'"lux":123.4,"window_s":60,"mag_z_ut":-0.05}'


def test_a_reading_with_one_impossible_value_is_refused_by_its_name():
    assert checked({"t": 215, "rh": 400}) == {"t": 215, "rh": 400}
    with raises(SensorFault, "range") as caught:
        checked({"t": 215, "rh": 1001})
    assert caught.error.detail == "rh = 1001"
