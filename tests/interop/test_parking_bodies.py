"""What a bay tells keeps to the contract, with each set of sensors that may watch it."""

import pytest
from lamplighter import paths
from lamplighter.contract import check_message

paths.importable()

from lamppost.core.clock import Clock  # noqa: E402
from lamppost.core.faults import SensorFault  # noqa: E402
from lamppost.core.payload import HEAD_MAX, head_into  # noqa: E402
from lamppost.sensing.parking.bay import ParkingBay  # noqa: E402

LIDAR, SOUND, IRON, RADAR = ("d_mm", "strength"), ("d_mm",), ("mag_x_ut", "mag_y_ut", "mag_z_ut"), ("presence",)
READING = {"d_mm": 1500, "strength": 900, "mag_x_ut": 2000, "mag_y_ut": -300, "mag_z_ut": 4300, "presence": 1}


@pytest.mark.parametrize("fitted", [(LIDAR,), (SOUND,), (IRON,), (LIDAR, IRON, RADAR), (SOUND, LIDAR), (RADAR,), ((),)])
def test_every_message_of_a_bay_is_valid(fitted):
    now = [0]
    bay = ParkingBay({"bay": "1", "hold_s": 30}, Clock(lambda: now[0], lambda late, early: late - early))
    feeds = [(names, *bay.of(names)) for names in fitted]
    told = []
    for second in range(300):
        now[0] += 1000
        for names, take, miss in feeds:
            if 100 < second < 200 or not names:
                miss(SensorFault("silent"))
            else:
                take({name: READING[name] for name in names})
        sample = bay.poll()
        if sample:
            topic, body, (time_s, known, tq, tu_ms) = sample
            head = bytearray(HEAD_MAX)
            end = head_into(head, 0, 4, len(told), time_s if known else None, tq, tu_ms, False)
            payload = bytes(head[:end]) + body
            assert check_message(f"lamppost/v1/lisbon/lp-1/{topic.decode()}", payload) == [], payload
            told.append(payload)
    assert told
