"""A bay's state through cars, passers-by, rain, and a lidar that stops seeing."""

from binascii import unhexlify

from captured import DATA
from ground import MIDNIGHT, Hours, Seed, drain, fault
from lamppost.core.faults import SensorFault
from lamppost.drivers.tfmini import decode
from lamppost.sensing.parking import Parking

OPTIONS = {"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 1000}


class Bay:
    def __init__(self, utc=None, options=OPTIONS):
        self.hours = Hours(utc)
        self.parking = Parking(options, self.hours.clock)

    def see(self, d_mm, seconds, strength=900):
        feed = lambda: self.parking.take({"d_mm": d_mm, "strength": strength})  # noqa: E731
        return self.hours.run(seconds, self.parking, feed)

    def lose(self, word, seconds):
        return self.hours.run(seconds, self.parking, lambda: self.parking.miss(fault(word)))


def states(told):
    return [message["state"] for _, message, _ in told]


def test_the_first_state_comes_within_seconds_of_the_start():
    bay = Bay(MIDNIGHT)
    told = bay.see(3190, 5)
    assert states(told) == ["free"]
    topic, message, at = told[0]
    assert topic == "tele/parking/1"
    assert at == (MIDNIGHT + 4, True, 3, 20)
    assert message["since"] == "2025-11-22T00:00:01Z"
    assert message["d_mm"] == 3190
    assert message["strength"] == 900
    assert message["evidence"] == "distance"
    assert message["q"] == {"confidence": "V", "d_mm": "V", "strength": "V"}
    assert 50 < message["confidence"] <= 100


def test_a_car_comes_and_goes_and_each_change_is_told_once():
    bay = Bay(MIDNIGHT)
    bay.see(3200, 60)
    told = bay.see(1400, 60)
    assert states(told) == ["occupied"]
    assert told[0][1]["since"] == "2025-11-22T00:01:01Z"  # when it came, not when that was certain
    assert states(bay.see(3200, 60)) == ["free"]


def test_passers_by_change_nothing():
    bay = Bay()
    bay.see(3200, 30)
    told = []
    for _ in range(20):
        told += bay.see(1500, 8) + bay.see(3200, 12)
    assert told == []
    assert bay.parking.state == "free"


def test_a_distance_between_the_thresholds_keeps_the_state():
    bay = Bay()
    bay.see(3200, 30)
    assert bay.see(2900, 60) == []  # 300 mm: neither a car nor the ground
    assert states(bay.see(2700, 30)) == ["occupied"]
    assert bay.see(2900, 60) == []


def test_a_distance_that_flutters_over_a_threshold_does_not_flutter_the_state():
    bay = Bay()
    seed = Seed(7)
    bay.see(3200, 30)
    told = []
    for _ in range(600):
        told += bay.see(2800 + seed.below(101) - 50, 1)
    assert len(told) <= 1


def test_no_signal_is_unknown_after_half_a_minute_and_never_near():
    bay = Bay(MIDNIGHT)
    bay.see(3200, 30)
    assert bay.lose("signal", 29) == []
    told = bay.lose("signal", 10)
    assert states(told) == ["unknown"]
    message = told[0][1]
    assert message["confidence"] is None and message["d_mm"] is None and message["strength"] is None
    assert message["q"] == {"confidence": "U", "d_mm": "U", "strength": "U"}
    assert message["evidence"] == "signal"


def test_the_recorded_loss_of_signal_ends_in_unknown_and_comes_back():
    bay = Bay()
    bay.see(3200, 30)
    with open(DATA + "tfmini_low_signal_dropout.csv") as file:
        frames = [unhexlify(line.strip().split(",")[3]) for line in file if line[0] != "n"]
    told = []
    for frame in frames + frames:  # 58 seconds
        bay.hours.now_ms += 1000
        try:
            bay.parking.take(decode(frame))
        except SensorFault as caught:
            bay.parking.miss(caught)
        told += drain(bay.parking)
    assert states(told) == ["unknown"]
    assert states(bay.see(3200, 10)) == ["free"]


def test_a_short_loss_of_signal_changes_nothing_but_confidence():
    bay = Bay()
    bay.see(1400, 120)
    bay.lose("signal", 25)
    assert bay.see(1400, 30) == []
    assert bay.parking.state == "occupied"


def test_a_lidar_that_never_answers_is_told_as_unknown_within_seconds():
    bay = Bay()
    told = bay.lose("silent", 10)
    assert states(told) == ["unknown"]
    assert told[0][1]["evidence"] == "silent"
    assert told[0][2][1] is False  # stamped with the uptime while no time is known


def test_each_hour_the_state_is_told_again():
    bay = Bay()
    told = bay.see(3200, 3 * 3600 + 60)
    assert states(told) == ["free"] * 4
    assert [late[2][0] - early[2][0] for early, late in zip(told, told[1:])] == [3600] * 3


def test_since_is_null_until_the_time_is_known_and_told_then():
    bay = Bay()
    told = bay.see(1400, 30)
    assert told[0][1]["since"] is None
    bay.hours.know(MIDNIGHT + 30)
    told = bay.see(1400, 30)
    assert len(told) == 1
    assert told[0][1]["since"] == "2025-11-22T00:00:01Z"


def test_a_covered_lens_is_blocked_and_not_a_car():
    bay = Bay()
    bay.see(3200, 30)
    told = bay.see(120, 120)
    assert states(told) == ["blocked"]
    assert states(bay.see(3200, 30)) == ["free"]


def test_the_empty_distance_follows_slow_changes_but_no_parked_car():
    bay = Bay()
    bay.see(3200, 60)
    for d_mm in range(3200, 3040, -2):  # snow
        assert bay.see(d_mm, 20) == []
    assert states(bay.see(2620, 30)) == ["occupied"]  # 420 mm above the snow
    assert [state for state in states(bay.see(2620, 36000)) if state != "occupied"] == []
    assert states(bay.see(3040, 30)) == ["free"]


def test_without_a_seed_the_bay_is_unknown_until_a_car_has_shown_the_difference():
    bay = Bay(options={"bay": "1", "part": "bay-1"})
    told = bay.see(1400, 60)  # a car, or the ground: nobody can tell
    assert states(told) == ["unknown"]
    assert told[0][1]["d_mm"] == 1400
    assert states(bay.see(3200, 60)) == ["free"]
    assert states(bay.see(1400, 60)) == ["occupied"]


def test_confidence_is_low_near_the_threshold_and_with_a_weak_echo():
    sure = []
    for d_mm, strength in ((1400, 900), (2790, 900), (1400, 120)):
        bay = Bay()
        sure.append(bay.see(d_mm, 10, strength)[0][1]["confidence"])
    assert sure[0] > sure[1]
    assert sure[0] > sure[2]


def test_a_low_sensor_of_a_small_bay_still_tells_both_states():
    for empty_mm in (300, 600, 1000, 12000):
        bay = Bay(options={"bay": "1", "part": "bay-1", "empty_mm": empty_mm})
        assert states(bay.see(empty_mm, 20)) == ["free"]
        assert states(bay.see(max(empty_mm // 2, 150), 20)) == ["occupied"], empty_mm
