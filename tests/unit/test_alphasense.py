"""Alphasense pairs: the note's arithmetic by hand, temperatures between its columns, and ozone without the NO2."""

from lamppost.sensing.air.alphasense import between, excess, gases

# electronic zeros and sensitivities as printed on real boards; factors as in AAN 803-02 for a CO sensor, by 10 Cel
NT = [[-30, 1000], [-20, 1000], [-10, 1000], [0, 1000], [10, -200], [20, -900], [30, -1500], [40, -1500], [50, -1500]]
NO2 = {"gas": "no2", "id": "202040001", "date": "2026-03-01", "we": 0, "ae": 1, "we_zero_uv": 224000,
       "ae_zero_uv": 226000, "nv_ppb": 223000, "nt": [[-30, 1300], [50, 1300]]}  # fmt: skip
OX = {"gas": "o3", "id": "204040002", "date": "2026-03-01", "we": 2, "ae": 3, "we_zero_uv": 227000,
      "ae_zero_uv": 219000, "nv_ppb": 334000, "no2_nv_ppb": 300000, "nt": [[-30, 1000], [50, 1000]]}  # fmt: skip
CO = {"gas": "co", "id": "132040003", "date": "2026-03-01", "we": 2, "ae": 3, "we_zero_uv": 360000,
      "ae_zero_uv": 344000, "nv_ppb": 444000, "nt": NT}  # fmt: skip


def test_the_notes_first_algorithm_by_hand():
    # (233.0 - 224) - 1.3 * (228.0 - 226) = 6.4 mV; / 0.223 mV/ppb = 28.7 ppb
    reading = {"a0_uv": 233000, "a1_uv": 228000}
    assert excess(NO2, reading, 200) == 6400
    assert gases([NO2], reading, 200) == {"no2": 287}


def test_below_zero_air_is_below_zero_and_not_cut_off():
    assert gases([NO2], {"a0_uv": 223000, "a1_uv": 226000}, 200) == {"no2": -45}


def test_the_factor_lies_straight_between_the_notes_temperatures():
    assert between(NT, 200) == -900
    assert between(NT, 250) == -1200
    assert between(NT, 50) == 400
    assert between(NT, -400) == 1000 and between(NT, 600) == -1500
    assert between([[20, 7]], 200) == 7
    reading = {"a2_uv": 380000, "a3_uv": 354000}
    assert excess(CO, reading, 250) == 20000 + 12000


def test_ozone_is_what_the_ox_sensor_says_less_what_the_no2_in_the_air_makes_it_say():
    # OX: 20.02 - 1 * 0 mV; of it 28.7 ppb * 0.3 mV/ppb are NO2
    reading = {"a0_uv": 233000, "a1_uv": 228000, "a2_uv": 247020, "a3_uv": 219000}
    found = gases([OX, NO2], reading, 200)
    assert found["no2"] == 287
    assert found["o3"] == round((20.02 - 28.7 * 0.3) / 0.334 * 10)
    alike = dict(OX)
    del alike["no2_nv_ppb"]
    assert gases([alike, NO2], reading, 200)["o3"] == round((20.02 - 28.7 * 0.334) / 0.334 * 10)


def test_without_its_no2_no_ozone_is_told():
    reading = {"a2_uv": 247020, "a3_uv": 219000}
    assert gases([OX], reading, 200) == {"o3": None}
    assert gases([OX, NO2], reading, 200) == {"no2": None, "o3": None}


def test_without_a_temperature_nothing_is_told():
    assert gases([NO2], {"a0_uv": 233000, "a1_uv": 228000}, None) == {"no2": None}


def test_a_zero_that_moves_with_the_temperature_is_taken_off():
    moving = dict(NO2)
    moving["zero"] = [[0, 0], [20, 2230]]
    assert gases([moving], {"a0_uv": 233000, "a1_uv": 228000}, 200) == {"no2": 187}
    assert gases([moving], {"a0_uv": 233000, "a1_uv": 228000}, 100) == {"no2": 237}


def test_a_sensor_whose_current_flows_the_other_way_has_a_negative_sensitivity():
    other = dict(NO2)
    other["nv_ppb"] = -223000
    assert gases([other], {"a0_uv": 217600, "a1_uv": 226000}, 200) == {"no2": 287}
