"""A bay's state through cars, passers-by, rain, and a lidar that stops seeing."""

from binascii import unhexlify

from captured import lines
from ground import MIDNIGHT, Hours, Notes, Seed, drain, fault
from lamppost.core.faults import SensorFault
from lamppost.drivers.tfmini import decode
from lamppost.sensing.parking.bay import ParkingBay
from lamppost.sensing.parking.calibration_store import pack, unpack
from slow import long

MAGNET = ("mag_x_ut", "mag_y_ut", "mag_z_ut")
RADAR = ("presence",)
EMPTY = (2000, -300, 4300)  # hundredths of a microtesla
CAR = (3100, 200, 3600)
OPTIONS = {"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 1000}


class Bay:
    """A bay with a range finder, and with a magnetometer or a radar where `also` names their quantities."""

    def __init__(self, utc=None, options=OPTIONS, also=(), notes=None, eye=True, every_ms=1000):
        self.every_ms = every_ms
        self.hours = Hours(utc)
        self.parking = ParkingBay(options, self.hours.clock, notes)
        self.feeds = {}
        for quantities in ((("d_mm", "strength"),) if eye else ()) + also:
            self.feeds[quantities[0]] = self.parking.of(quantities)
        self.field = EMPTY
        self.alive = 0

    def see(self, d_mm, seconds, strength=900):
        return self._run(seconds, lambda: self.feeds["d_mm"][0]({"d_mm": d_mm, "strength": strength}))

    def feel(self, seconds, *field):
        """Without a range finder."""
        self.field = field or EMPTY
        return self._run(seconds, lambda: None)

    def lose(self, word, seconds):
        return self._run(seconds, lambda: self.feeds["d_mm"][1](fault(word)))

    def _run(self, seconds, see):
        def feed():
            see()
            if "mag_x_ut" in self.feeds:
                self.feeds["mag_x_ut"][0](dict(zip(MAGNET, self.field)))
            if "presence" in self.feeds:
                self.feeds["presence"][0]({"presence": self.alive})

        return self.hours.run(seconds, self.parking, feed, self.every_ms)


def states(told):
    return [message["state"] for _, message, _ in told]


def test_the_first_state_comes_within_seconds_of_the_start():
    bay = Bay(MIDNIGHT)
    told = bay.see(3190, 5)
    assert states(told) == ["free"]
    topic, message, stamp = told[0]
    assert topic == "tele/parking/1"
    assert stamp == (MIDNIGHT + 4, True, 3, 20)
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


def test_a_part_that_is_silent_for_five_minutes_makes_the_bay_unknown():
    bay = Bay(MIDNIGHT)
    bay.see(3200, 30)
    assert bay.lose("silent", 299) == []
    told = bay.lose("silent", 10)
    assert states(told) == ["unknown"]
    message = told[0][1]
    assert message["confidence"] is None and message["d_mm"] is None and message["strength"] is None
    assert message["q"] == {"confidence": "U", "d_mm": "U", "strength": "U"}
    assert message["evidence"] == "silent"


def test_how_long_a_state_is_held_without_readings_can_be_configured():
    bay = Bay(options={"bay": "1", "part": "bay-1", "empty_mm": 3200, "hold_s": 30})
    bay.see(3200, 30)
    assert states(bay.lose("silent", 35)) == ["unknown"]


def test_no_echo_in_clear_air_is_a_dark_car_and_its_leaving_is_seen():
    bay = Bay()
    bay.see(3200, 300)
    assert states(bay.lose("signal", 20)) == ["occupied"]
    assert bay.lose("signal", 1800) == []
    assert states(bay.see(3200, 10)) == ["free"]


def test_echoes_that_are_lost_in_fog_are_no_car():
    bay = Bay()
    bay.see(3200, 60)
    told = []
    for strength in range(800, 100, -20):  # it thickens
        told += bay.see(3200, 10, strength) + bay.lose("signal", 1)
    told += bay.lose("signal", 200)
    assert told == []
    assert states(bay.lose("signal", 200)) == ["unknown"]


def test_the_recorded_loss_of_signal_never_becomes_a_distance():
    bay = Bay()
    bay.see(3200, 30)
    frames = [unhexlify(line.strip().split(",")[3]) for line in lines("tfmini_low_signal_dropout.csv")[1:]]
    told = []
    take, miss = bay.feeds["d_mm"]
    for frame in frames + frames:  # 58 seconds
        bay.hours.now_ms += 1000
        try:
            take(decode(frame))
        except SensorFault as caught:
            miss(caught)
        told += drain(bay.parking)
    assert [message["d_mm"] for _, message, _ in told if message["d_mm"]] == []
    bay.see(3200, 10)
    assert bay.parking.state == "free"


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
    assert told[0][2].known is False  # stamped with the uptime while no time is known


def test_each_hour_the_state_is_told_again():
    bay = Bay()
    told = bay.see(3200, 3 * 3600 + 60)
    assert states(told) == ["free"] * 4
    assert [late[2].seconds - early[2].seconds for early, late in zip(told, told[1:])] == [3600] * 3


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


@long
def test_the_empty_distance_follows_slow_changes_but_no_parked_car():
    bay = Bay()
    bay.see(3200, 60)
    for d_mm in range(3200, 3040, -2):  # snow
        assert bay.see(d_mm, 20) == []
    assert states(bay.see(2620, 30)) == ["occupied"]  # 420 mm above the snow
    assert [state for state in states(bay.see(2620, 36000)) if state != "occupied"] == []
    assert states(bay.see(3040, 30)) == ["free"]


def test_a_bay_is_unknown_until_it_was_seen_in_both_states():
    bay = Bay(options={"bay": "1", "part": "bay-1"})
    told = bay.see(1400, 5400)
    assert set(states(told)) == {"unknown"}
    assert told[0][1]["evidence"] == "empty distance not learned" and told[0][1]["confidence"] is None
    assert states(bay.see(3200, 60)) == ["free"]
    assert states(bay.see(1400, 60)) == ["occupied"]
    assert bay.see(1400, 3600)[0][1]["evidence"] == "distance"


def test_an_empty_bay_is_unknown_until_the_first_car_has_stood_there_for_two_minutes():
    bay = Bay(options={"bay": "1", "part": "bay-1"})
    assert set(states(bay.see(3200, 5400))) == {"unknown"}
    assert bay.see(1400, 90) == []  # somebody
    assert bay.see(3200, 300) == []
    assert states(bay.see(1400, 180)) == ["occupied"]
    assert states(bay.see(3200, 60)) == ["free"]


def test_a_car_that_stood_there_at_the_first_start_is_never_taken_for_the_ground():
    bay = Bay(options={"bay": "1", "part": "bay-1"})
    assert states(bay.see(2600, 600)) == ["unknown"]
    assert states(bay.see(4200, 60)) == ["free"]
    assert states(bay.see(2600, 60)) == ["occupied"]


def test_a_bay_that_never_gave_an_echo_is_unknown_whether_its_distance_was_given_or_not():
    for options in (OPTIONS, {"bay": "1", "part": "bay-1"}):
        bay = Bay(options=options)
        told = bay.lose("signal", 2 * 3600)
        assert set(states(told)) == {"unknown"}, options
        assert told[0][1]["evidence"] == "no echo yet"


def test_after_a_cut_a_dark_car_is_told_where_the_ground_gave_an_echo_before():
    notes = Notes()
    Bay(notes=notes).see(3200, 4000)
    assert states(Bay(notes=notes).lose("signal", 30))[-1] == "occupied"


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


def test_after_a_cut_the_car_on_the_bay_is_seen_within_seconds_though_nothing_was_configured():
    options, notes = {"bay": "1", "parts": ["bay-1", "iron"]}, Notes()
    before = Bay(options=options, also=(MAGNET,), notes=notes)
    before.see(3200, 120)
    before.field = CAR
    before.see(1400, 180)
    before.field = EMPTY
    before.see(3200, 4000)
    after = Bay(options=options, also=(MAGNET,), notes=notes)
    after.field = CAR
    assert states(after.see(1400, 10)) == ["occupied"]
    assert after.parking.magnetometer.dev > 1000


def test_people_and_trolleys_without_iron_change_nothing_where_a_magnetometer_watches():
    bay = Bay(also=(MAGNET,))
    bay.see(3200, 120)
    assert bay.see(1400, 1200) == []
    bay.see(3200, 60)
    assert bay.parking.state == "free"


def test_somebody_under_the_sensor_changes_nothing_within_a_minute_where_the_field_is_not_sure():
    bay = Bay(also=(MAGNET,))
    bay.see(3200, 120)
    bay.field = (2000, -300, 4300 + 100)  # a neighbour: neither a vehicle here nor none
    assert bay.see(1400, 60) == []
    assert bay.see(3200, 60) == []
    assert bay.parking.state == "free"


def test_a_tram_while_the_range_finder_is_silent_makes_no_car():
    bay = Bay(also=(MAGNET,))
    bay.see(3200, 120)
    bay.field = (2000, -300, 4300 + 600)
    assert bay.lose("silent", 40) == []
    bay.field = EMPTY
    assert bay.see(3200, 60) == []


def test_a_thing_without_iron_that_stays_blocks_the_bay():
    bay = Bay(also=(MAGNET,))
    bay.see(3200, 120)
    assert states(bay.see(1400, 1900)) == ["blocked"]


def test_a_car_that_is_seen_and_felt_is_told_sooner_and_says_so():
    bay = Bay(also=(MAGNET,))
    bay.see(3200, 120)
    bay.field = CAR
    told = bay.see(1400, 7)
    assert states(told) == ["occupied"]
    assert told[0][1]["evidence"] == "distance and magnetic field"
    assert told[0][1]["mag_nt"] > 10000 and told[0][1]["q"]["mag_nt"] == "V"


def test_iron_in_the_street_changes_nothing_while_the_empty_ground_is_seen():
    bay = Bay(also=(MAGNET,))
    bay.see(3200, 120)
    bay.field = CAR
    assert bay.see(3200, 900) == []


def test_a_covered_lens_leaves_the_bay_to_the_magnetometer():
    bay = Bay(also=(MAGNET,))
    bay.see(3200, 120)
    assert bay.see(100, 300) == []
    bay.field = CAR
    told = bay.see(100, 20)
    assert states(told) == ["occupied"]
    assert told[0][1]["evidence"].startswith("lens covered")


def test_a_magnetometer_alone_learns_the_field_that_comes_back():
    bay = Bay(options={"bay": "1", "part": "iron"}, also=(MAGNET,), eye=False)
    told = bay.feel(600)
    assert states(told) == ["unknown"] and told[0][1]["evidence"] == "empty field not learned"
    assert states(bay.feel(90, *CAR)) == []
    assert states(bay.feel(90)) == ["free"]
    assert states(bay.feel(90, 1200, 900, 4600)) == ["occupied"]


def test_a_car_beside_the_magnetometer_at_its_first_start_is_not_taken_for_the_empty_bay():
    bay = Bay(options={"bay": "1", "part": "iron"}, also=(MAGNET,), eye=False)
    assert states(bay.feel(600, *CAR)) == ["unknown"]
    assert states(bay.feel(90)) == []
    assert states(bay.feel(90, 1200, 900, 4600)) == []
    assert states(bay.feel(90)) == ["free"]


def test_a_tram_that_passes_again_and_again_is_learned():
    bay = Bay(options={"bay": "1", "part": "iron"}, also=(MAGNET,), eye=False)
    bay.feel(90)
    bay.feel(120, *CAR)
    bay.feel(120)
    told = []
    for _ in range(12):
        told.append(states(bay.feel(20, 2000, -300 + 900, 4300 + 300)))
        bay.feel(300)
    assert told[3:] == [[]] * 9
    assert states(bay.feel(30, *CAR)) == ["occupied"]


@long
def test_the_empty_field_follows_the_temperature_and_a_neighbour():
    bay = Bay(options={"bay": "1", "part": "iron"}, also=(MAGNET,), eye=False)
    bay.feel(90)
    bay.feel(120, *CAR)
    bay.feel(120)
    x, y, z = EMPTY
    for n in range(400):  # 8 microtesla in some hours
        assert bay.feel(30, x + 2 * n, y, z - n) == [] or n % 100
    assert bay.parking.state == "free"
    bay.feel(600, x + 800 + 150, y + 100, z - 400)
    assert bay.parking.state == "free"


def test_a_radar_alone_never_says_that_a_bay_is_free_or_occupied():
    bay = Bay(options={"bay": "1", "part": "radar"}, also=(RADAR,), eye=False)
    bay.alive = 1
    told = bay.feel(600)
    bay.alive = 0
    assert states(told + bay.feel(600)) == ["unknown"]


def test_who_moves_before_the_sensor_makes_no_car_however_long():
    bay, seed = Bay(), Seed(3)
    bay.see(3200, 120)
    told = []
    for _ in range(60):
        told += bay.see(1200 + seed.below(800), 1)
    assert told == []
    assert bay.parking.state == "free"


def test_a_bay_that_is_read_each_five_seconds_or_ten_times_a_second_is_told_too():
    for every_ms in (100, 5000):
        bay = Bay(every_ms=every_ms)
        assert states(bay.see(3200, 60)) == ["free"]
        assert states(bay.see(1400, 30)) == ["occupied"], every_ms
        assert states(bay.see(3200, 30)) == ["free"], every_ms


def alone(notes=None):
    """A bay with a magnetometer only that remembers what it is like when it is empty."""
    notes = notes or Notes()
    notes.keep("bay 1", pack(0, list(EMPTY) + [1300]))
    bay = Bay(options={"bay": "1", "part": "iron"}, also=(MAGNET,), eye=False, notes=notes)
    assert states(bay.feel(300)) == ["free"]
    return bay


def test_who_stands_and_sways_for_most_of_a_minute_is_no_car_and_the_next_car_is_told_in_time():
    bay, seed = Bay(), Seed(11)
    bay.see(3200, 120)
    told = []
    for _ in range(20):
        where = 900 + seed.below(1500)
        for second in range(45):
            if second % 3 == 0:
                where += seed.below(401) - 200
            told += bay.see(where + seed.below(81) - 40, 1)
        told += bay.see(3200, 60)
    assert told == []
    assert states(bay.see(1400, 10)) == ["occupied"]


def test_a_car_whose_echo_jitters_as_the_ground_does_is_told_in_time():
    bay, seed = Bay(), Seed(12)
    for _ in range(600):
        bay.see(3190 + 10 * seed.below(3), 1)
    told = []
    for d_mm in (1900, 1650, 1480):  # it shunts in
        told += bay.see(d_mm, 1)
    for _ in range(8):
        told += bay.see(1390 + 10 * seed.below(3), 1)
    assert states(told) == ["occupied"]


def test_what_stands_where_no_vehicle_ever_stood_has_to_stand_longer():
    bay, seed = Bay(), Seed(13)

    def see(where, seconds):
        """When the first state was told; a range finder that is right to 2 or 3 cm."""
        told = [second for second in range(seconds) if bay.see(where + seed.below(90) - 45, 1)]
        return told[0] if told else None

    for _ in range(4):
        see(3200, 300)
        see(1400, 300)
    see(3200, 300)
    usual = see(1400, 300)
    see(3200, 300)
    assert usual + 2 < see(2300, 300)


@long
def test_a_car_that_stands_while_the_night_cools_down_is_seen_to_leave():
    bay = alone()
    x, y, z = CAR
    bay.feel(60, x, y, z)
    for n in range(100):  # 12 microtesla in three hours
        bay.feel(120, x + 9 * n, y - 6 * n, z + 6 * n)
    assert bay.parking.state == "occupied"
    x, y, z = EMPTY
    assert states(bay.feel(20, x + 900, y - 600, z + 600)) == ["free"]


def test_a_lorry_that_halts_behind_the_bay_is_no_car():
    bay = alone()
    x, y, z = EMPTY
    told = []
    for _ in range(5):
        told += bay.feel(65, x + 200, y + 300, z - 150) + bay.feel(300)
    assert told == []


def test_trams_that_were_learned_are_known_after_a_cut():
    notes = Notes()
    bay = alone(notes)
    x, y, z = EMPTY
    for _ in range(9):
        bay.feel(20, x, y + 900, z + 300)
        bay.feel(300)
    bay.feel(3700)  # it is kept with the next message
    after = Bay(options={"bay": "1", "part": "iron"}, also=(MAGNET,), eye=False, notes=notes)
    assert states(after.feel(60)) == ["free"]
    assert after.feel(25, x, y + 900, z + 300) == []
    assert states(after.feel(60) + after.feel(10, *CAR)) == ["occupied"]


def test_a_note_of_an_older_version_that_knows_no_trams_is_read():
    assert unpack(b"\x80\x0c\x01d\x00\xf1\xff\xd7\x00B\x00") == (3200, [2000, -300, 4300, 1320])
    assert unpack(pack(3200, [2000, -300, 4300, 1320])) == (3200, [2000, -300, 4300, 1320])


def test_after_a_cut_a_magnetometer_alone_tells_the_car_on_the_bay_within_seconds():
    notes = Notes()
    alone(notes)
    after = Bay(options={"bay": "1", "part": "iron"}, also=(MAGNET,), eye=False, notes=notes)
    assert states(after.feel(10, *CAR)) == ["occupied"]
    assert states(after.feel(10)) == ["free"]


def test_beside_a_range_finder_the_empty_field_follows_a_neighbour_that_stays():
    bay = Bay(also=(MAGNET,))
    bay.see(3200, 120)
    x, y, z = EMPTY
    bay.field = (x + 300, y, z)
    bay.see(3200, 900)
    assert bay.parking.magnetometer.dev < 30
    assert bay.see(1400, 60) == [], "somebody, while the field does not move"


def test_a_state_that_the_broker_has_forgotten_is_told_again_at_once():
    bay = Bay()
    bay.see(3200, 60)
    bay.parking.report_again()
    assert states(bay.see(3200, 5)) == ["free"]
