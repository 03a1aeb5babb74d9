"""Energy windows, and a register that neither meter nor power cut nor clock can fool."""

from ground import MIDNIGHT, Hours, Seed, fault
from lamppost.drivers.pzem004t import Pzem004t
from lamppost.sensing.energy.meter import Energy
from lamppost.sensing.energy.register import Register
from slow import long

WRAP = Pzem004t.WRAP_MWH
METER = Pzem004t(None)


class Counters:
    """What journal/counters.py promises: two numbers, and to be told when they change."""

    def __init__(self, imp_mwh=0, meter_mwh=None):
        self.imp_mwh = imp_mwh
        self.meter_mwh = meter_mwh
        self.changes = 0

    def changed(self):
        self.changes += 1


class Lamp:
    """A meter under a load of 360 W: 100 mWh a second, shown in whole Wh."""

    def __init__(self, utc=None, counters=None, window_s=60, start_mwh=5000000, meter=METER):
        self.hours = Hours(utc)
        self.counters = counters or Counters()
        options = {"part": "meter", "window_s": window_s, "every_ms": 1000, "mid": False}
        self.energy = Energy(options, self.hours.clock, self.counters, meter)
        self.mwh = start_mwh
        self.p_mw = 360000
        self.u_mv = 230000

    def reading(self):
        return {
            "u_mv": self.u_mv,
            "i_ma": self.p_mw * 1000 // 230000,
            "p_mw": self.p_mw,
            "imp_mwh": self.mwh // 1000 * 1000,
            "f_mhz": 50000,
            "pf": 98,
        }

    def feed(self):
        self.mwh += self.p_mw // 3600
        self.energy.take(self.reading())

    def run(self, seconds):
        return self.hours.run(seconds, self.energy, self.feed)

    def lose(self, word, seconds):
        return self.hours.run(seconds, self.energy, lambda: self.energy.miss(fault(word)))


def test_a_window_holds_means_maximum_and_the_energy_that_flowed():
    lamp = Lamp(MIDNIGHT)
    lamp.run(60)
    lamp.run(30)
    lamp.p_mw = 720000
    told = lamp.run(30)
    topic, message, stamp = told[0]
    assert topic == "tele/energy"
    assert stamp[:3] == (MIDNIGHT + 120, True, 3)
    assert message["p_max_mw"] == 720000
    assert 530000 < message["p_mean_mw"] < 550000
    assert message["u_mv"] == 230000 and message["f_mhz"] == 50000 and message["pf"] == 0.98
    assert message["window_s"] == 60 and message["part"] == "meter" and message["mid"] is False
    assert 8000 <= message["e_mwh"] <= 10000
    assert set(message["q"].values()) == {"V"}


def test_the_register_begins_where_the_first_meter_stands():
    lamp = Lamp(MIDNIGHT, start_mwh=215782000)
    message = lamp.run(60)[0][1]
    assert message["imp_mwh"] // 100000 == 2157
    assert message["e_mwh"] <= 7000  # what it had counted before is no energy of ours


def test_windows_add_up_to_what_the_register_shows():
    lamp = Lamp(MIDNIGHT + 7)
    told = lamp.run(3600)
    first = told[0][1]
    assert sum([message["e_mwh"] for _, message, _ in told[1:]]) == told[-1][1]["imp_mwh"] - first["imp_mwh"]


def test_a_window_cut_short_says_so_by_its_length_and_letter():
    message = Lamp(MIDNIGHT + 20).run(60)[0][1]
    assert message["window_s"] == 40
    assert message["q"]["e_mwh"] == "G"
    assert message["q"]["u_mv"] == "V"


def test_the_time_becoming_known_loses_and_doubles_no_energy():
    lamp = Lamp()
    told = lamp.run(50)
    lamp.hours.know(MIDNIGHT + 20)
    told += lamp.run(200)
    assert [stamp.known for _, _, stamp in told] == [True] * 4
    assert [message["window_s"] for _, message, _ in told[:3]] == [51, 39, 60]
    spent = told[-1][1]["imp_mwh"] - 5000000
    assert sum([message["e_mwh"] for _, message, _ in told]) in (spent, spent - 1000)


def test_a_silent_meter_is_null_with_a_letter_and_never_the_last_value():
    lamp = Lamp(MIDNIGHT)
    lamp.run(59)
    message = lamp.lose("silent", 61)[1][1]
    for name in ("u_mv", "i_ma", "p_mean_mw", "p_max_mw", "pf", "f_mhz", "imp_mwh", "e_mwh"):
        assert message[name] is None
        assert message["q"][name] == "U"


def test_silence_of_a_known_meter_means_that_the_mains_are_gone():
    lamp = Lamp(MIDNIGHT)
    lamp.lose("silent", 60)
    assert not lamp.energy.supply_lost  # it may not even be connected
    lamp.run(10)
    lamp.lose("silent", 4)
    assert not lamp.energy.supply_lost
    lamp.lose("silent", 3)
    assert lamp.energy.supply_lost
    lamp.run(1)
    assert not lamp.energy.supply_lost


def test_noise_on_the_line_is_no_loss_of_mains():
    lamp = Lamp(MIDNIGHT)
    lamp.run(10)
    lamp.lose("garbled", 60)
    assert not lamp.energy.supply_lost


def test_energy_that_flowed_while_nobody_listened_is_counted_and_flagged():
    lamp = Lamp(MIDNIGHT)
    before = lamp.run(60)[0][1]["imp_mwh"]
    lamp.lose("garbled", 60)
    lamp.mwh += 6000
    message = lamp.run(60)[0][1]
    assert message["imp_mwh"] - before == 12000
    assert message["q"]["e_mwh"] == "G"


def test_few_readings_make_an_estimate():
    lamp = Lamp(MIDNIGHT)
    lamp.run(60)
    told = lamp.run(20) + lamp.lose("garbled", 40)
    message = told[0][1]
    assert message["u_mv"] == 230000
    assert message["q"]["u_mv"] == "E"


def test_zero_volts_for_a_second_spoils_neither_register_nor_means():
    lamp = Lamp(MIDNIGHT)
    lamp.run(60)
    before = lamp.counters.imp_mwh
    lamp.run(30)
    good, lamp.u_mv, lamp.mwh = lamp.mwh, 0, lamp.mwh + 50000000
    lamp.run(1)
    lamp.u_mv, lamp.mwh = 230000, good
    message = lamp.run(29)[0][1]
    assert message["u_mv"] == 230000
    assert 5000 <= message["imp_mwh"] - before <= 7000


def test_power_beyond_voltage_times_current_is_not_believed():
    lamp = Lamp(MIDNIGHT)
    lamp.run(10)
    wrong = lamp.reading()
    wrong["p_mw"] = 20000000
    lamp.energy.take(wrong)
    assert lamp.run(50)[0][1]["p_max_mw"] == 360000


def test_a_lamp_of_one_second_windows_loses_none_to_jitter():
    lamp = Lamp(MIDNIGHT, window_s=1)
    seed = Seed(3)
    told = []
    for _ in range(300):
        jitter = seed.below(400)
        lamp.hours.now_ms += jitter
        told += lamp.run(1)
    assert [message for _, message, _ in told if message["u_mv"] is None] == []
    ends = [stamp.seconds for _, _, stamp in told]
    assert ends == sorted(set(ends))
    assert sum([message["window_s"] for _, message, _ in told]) == ends[-1] - MIDNIGHT


@long
def test_a_week_of_nights_cut_at_dawn_publishes_a_register_that_only_grows():
    seed = Seed(5)
    counters = Counters()
    mwh = begun = 5000000
    told = []
    for night in range(7):
        lamp = Lamp(counters=Counters(counters.imp_mwh, counters.meter_mwh), window_s=900, start_mwh=mwh)
        dusk = MIDNIGHT + 86400 * night + seed.below(3600)
        known_at = 10 + seed.below(120)
        seconds = 0
        while seconds < 36000:
            if seconds < known_at <= seconds + 10:
                lamp.hours.know(dusk + known_at)
            lamp.p_mw = 36000 * (1 + seed.below(20))
            feed = lamp.feed if seed.below(50) else lambda: lamp.energy.miss(fault("garbled"))  # noqa: B023
            for _, message, at in lamp.hours.run(10, lamp.energy, feed):
                told.append((night, at, message))
                counters = Counters(lamp.counters.imp_mwh, lamp.counters.meter_mwh)  # kept with each window
            seconds += 10
        mwh = lamp.mwh
    registers = [message["imp_mwh"] for _, _, message in told]
    assert registers == sorted(registers)
    assert len(told) >= 7 * 40
    times = [stamp.seconds for _, stamp, _ in told if stamp.known]
    assert times == sorted(set(times))
    # nothing is counted twice, and only the hours after the last window of the last night are still to come
    assert registers[-1] - begun <= mwh - begun <= registers[-1] - begun + 400000
    within = [
        (late[2]["imp_mwh"] - early[2]["imp_mwh"], late[2]["e_mwh"])
        for early, late in zip(told, told[1:])
        if early[0] == late[0]
    ]
    assert [pair for pair in within if pair[0] != pair[1]] == []


# The register alone


def register(imp_mwh=1000000, meter_mwh=500000):
    counters = Counters(imp_mwh, meter_mwh)
    return counters, Register(counters, WRAP, Pzem004t.P_MAX_MW)


def test_after_a_power_cut_the_meter_tells_what_the_cut_swallowed():
    counters, reg = register()
    assert reg.take(507000, None) == "G"
    assert counters.imp_mwh == 1007000
    assert reg.take(508000, 1000) == "V"
    assert counters.imp_mwh == 1008000


def test_a_jump_that_cannot_have_flowed_is_a_glitch_and_costs_nothing():
    counters, reg = register()
    reg.take(500000, None)
    assert reg.take(3500000000, 1000) == "E"  # 3 MWh in a second
    assert reg.take(501000, 1000) == "V"
    assert counters.imp_mwh == 1001000
    assert reg.events == {"glitch": 1, "wrap": 0, "reset": 0, "swap": 0}


def test_a_fall_that_lasts_one_reading_is_a_glitch_too():
    counters, reg = register()
    reg.take(500000, None)
    assert reg.take(0, 1000) == "E"
    assert reg.take(501000, 1000) == "V"
    assert counters.imp_mwh == 1001000
    assert reg.events["glitch"] == 1 and reg.events["reset"] == 0


def test_a_meter_that_was_reset_goes_on_without_a_jump():
    counters, reg = register()
    reg.take(500000, None)
    letters = [reg.take(n * 100, 1000) for n in range(8)]
    assert letters == ["E", "E", "E", "E", "G", "V", "V", "V"]
    assert counters.imp_mwh == 1000300
    assert reg.events == {"glitch": 0, "wrap": 0, "reset": 1, "swap": 0}


def test_a_wrap_at_the_top_of_the_meter_counts_through():
    counters, reg = register(imp_mwh=WRAP - 2000, meter_mwh=WRAP - 2000)
    assert reg.take(1000, 1000) == "V"
    assert counters.imp_mwh == WRAP + 1000
    assert reg.events["wrap"] == 1


def test_a_reset_near_the_top_is_no_wrap():
    counters, reg = register(imp_mwh=WRAP // 2, meter_mwh=WRAP // 2)
    for _ in range(6):
        reg.take(0, 1000)
    assert counters.imp_mwh == WRAP // 2
    assert (reg.events["wrap"], reg.events["reset"]) == (0, 1)


def test_another_meter_never_adds_its_past():
    for other in (77000000000 // 10, 400000000):
        counters, reg = register(meter_mwh=500000000)
        reg.take(500000000, None)
        for n in range(6):
            reg.take(other + n * 1000, 1000)
        assert counters.imp_mwh == 1001000  # only what flowed after it was believed
        assert reg.events["swap"] == 1


def test_another_meter_after_a_power_cut_never_adds_its_past():
    counters, reg = register()
    for n in range(6):
        reg.take(9000000000 + n * 1000, None if n == 0 else 1000)
    assert counters.imp_mwh == 1001000
    assert reg.events["swap"] == 1


def test_whatever_meters_and_cuts_do_the_register_never_runs_back_nor_counts_too_much():
    for start in range(60):
        seed = Seed(start)
        counters = Counters()
        kept = (0, None)
        meter = true = told = 0
        reg, since = Register(counters, WRAP, Pzem004t.P_MAX_MW), None
        begun = None
        for _ in range(400):
            flow = seed.below(7000)  # up to the most that 26 kW can push through in a second
            meter, true = (meter + flow) % WRAP, true + flow
            far = (meter + 100000000 + seed.below(1000) * 9000000) % WRAP
            shown = meter // 1000 * 1000
            chance = seed.below(100)
            if chance == 0:  # reset
                meter = 0
            elif chance == 1:  # another meter
                meter = far
            elif chance == 2:  # misread
                shown = far
            elif chance == 3:  # the power is cut; the last checkpoint may be a few readings old
                counters = Counters(*kept)
                reg, since = Register(counters, WRAP, Pzem004t.P_MAX_MW), None
            reg.take(shown, since)
            since = 1000
            if begun is None:
                begun = counters.imp_mwh - true
            assert counters.imp_mwh - begun <= true + 1000
            if seed.below(5) == 0:  # a window ends: checkpoint, then publish
                kept = (counters.imp_mwh, counters.meter_mwh)
                assert counters.imp_mwh >= told
                told = counters.imp_mwh
        assert told - begun > true // 2  # and it does count


def test_a_value_that_the_meter_does_not_give_is_null_while_the_others_go_on():
    lamp = Lamp(MIDNIGHT)
    usual = lamp.reading
    lamp.reading = lambda: dict(usual(), f_mhz=None)
    message = lamp.run(120)[-1][1]
    assert message["f_mhz"] is None and message["q"]["f_mhz"] == "U"
    assert message["u_mv"] == 230000 and message["q"]["u_mv"] == "V" and message["q"]["imp_mwh"] == "V"
