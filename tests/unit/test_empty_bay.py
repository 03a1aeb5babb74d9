"""An empty bay as it is measured when somebody says that it is empty."""

import asyncio

from ground import Notes, fault
from lamppost.core.clock import Clock
from lamppost.core.faults import SensorFault
from lamppost.sensing.parking import empty_bay
from lamppost.sensing.parking.bay import ParkingBay
from raising import raises


class Scripted:
    """A part that gives these readings in turn, the last one for ever; None: no reading."""

    def __init__(self, *readings):
        self.readings = list(readings)
        self.QUANTITIES = tuple([reading for reading in readings if reading][0]) if any(readings) else ("d_mm",)

    async def read(self):
        reading = self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]
        if reading is None:
            raise fault("signal")
        return reading


def measure(*parts):
    return asyncio.run(empty_bay.measure(parts, 0))


def away(*distances):
    return Scripted(*[{"d_mm": mm, "strength": 900} if mm else None for mm in distances])


FIELD = {"mag_x_ut": 2000, "mag_y_ut": -300, "mag_z_ut": 4300}


def test_distance_and_field_are_the_middle_of_some_readings():
    assert measure(away(3190, 3210, 0, 3200))[:2] == (3200, None)
    assert measure(away(3200), Scripted(FIELD))[:2] == (3200, [2000, -300, 4300, 0])
    assert measure(Scripted(FIELD))[:2] == (0, [2000, -300, 4300, 0])


def test_a_bay_in_which_something_moves_or_without_an_echo_is_not_measured():
    with raises(SensorFault, "signal"):
        measure(away(3200, 1500, 3200, 1400, 3200, 900, 3200))
    with raises(SensorFault, "signal"):
        measure(away(3200, 0, 0, 0, 0, 0))


def test_what_was_measured_is_enough_to_tell_the_state():
    notes = Notes()
    notes.keep(empty_bay.name("1"), measure(away(3200))[2])
    now = [0]
    bay = ParkingBay({"bay": "1"}, Clock(lambda: now[0], lambda late, early: late - early), notes)
    take, _ = bay.of(("d_mm", "strength"))
    for d_mm, state in ((3200, "free"), (1400, "occupied"), (3200, "free")):
        for _ in range(20):
            now[0] += 1000
            take({"d_mm": d_mm, "strength": 900})
        assert bay.state == state
