"""The diagnosis on generated nights, in a short form; `make diagnosis` plays thousands."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import bus_load  # noqa: E402
import lamp_nights  # noqa: E402


def test_healthy_lamps_raise_no_alarm():
    raised = {number: lamp_nights.Night(number).run() for number in range(20)}
    assert {number: codes for number, codes in raised.items() if codes} == {}


@pytest.mark.parametrize("fault", lamp_nights.FAULTS)
def test_an_injected_fault_is_found_in_its_night(fault):
    for number in range(2):
        assert lamp_nights.FAULTS[fault] in lamp_nights.Night(number, fault).run(), (fault, number)


def test_a_lamppost_uses_less_than_one_per_cent_of_its_dali_bus():
    found = bus_load.measure(1)
    assert found["percent"] < 1
    assert 0 < found["banks_ms"] < 20000
