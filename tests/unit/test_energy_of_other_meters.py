"""Energy of meters that have three phases, no register, or one that is gone with their supply."""

from ground import MIDNIGHT, Hours, fault
from lamppost.drivers.ina226 import Ina226
from lamppost.drivers.sdm120 import Sdm120
from lamppost.drivers.sdm630 import Sdm630
from lamppost.sensing.energy.meter import Energy
from lamppost.sensing.energy.register import Register
from slow import long
from test_energy import Counters


class Circuit:
    def __init__(self, meter, window_s=60, **options):
        self.hours = Hours(MIDNIGHT)
        self.counters = Counters()
        options = dict({"part": "meter", "window_s": window_s, "every_ms": 1000}, **options)
        self.energy = Energy(options, self.hours.clock, self.counters, meter)

    def run(self, seconds, reading):
        """reading -- what each reading is, or a function that makes one"""
        give = reading if callable(reading) else lambda: reading
        return self.hours.run(seconds, self.energy, lambda: self.energy.take(give()))


def three_phases(p1=100000, p2=100000, p3=100000, mwh=1000):
    reading = {"f_mhz": 50000, "pf": 98, "s_mva": 320000, "imp_mwh": mwh, "exp_mwh": 77000, "p_mw": p1 + p2 + p3}
    for n, p in enumerate((p1, p2, p3), 1):
        reading.update({f"u{n}_mv": 230000 + n, f"i{n}_ma": abs(p) // 225, f"p{n}_mw": p})
    return reading


def test_three_phases_are_told_each_with_its_letter_and_the_sum_as_power():
    message = Circuit(Sdm630(None)).run(60, three_phases())[0][1]
    assert [message[name] for name in ("u1_mv", "u2_mv", "u3_mv", "p1_mw", "p3_mw")] == [
        230001, 230002, 230003, 100000, 100000,
    ]  # fmt: skip
    assert message["p_mean_mw"] == message["p_max_mw"] == 300000
    assert message["exp_mwh"] == 77000
    assert "u_mv" not in message, "the meter has no such value"
    assert set(message["q"]) == {
        "u1_mv", "u2_mv", "u3_mv", "i1_ma", "i2_ma", "i3_ma", "p1_mw", "p2_mw", "p3_mw", "p_mean_mw", "p_max_mw",
        "s_mva", "pf", "f_mhz", "exp_mwh", "imp_mwh", "e_mwh",
    }  # fmt: skip


def test_one_phase_wired_the_wrong_way_is_named_though_the_sum_is_positive():
    circuit = Circuit(Sdm630(None))
    circuit.run(60, three_phases(p2=-90000))
    assert "p2_mw" in circuit.energy.warned[0] and circuit.energy.warned[1] == -90000
    circuit.run(60, three_phases())
    assert circuit.energy.warned == ()


def test_a_meter_wired_backwards_is_said_unless_power_may_flow_back():
    reading = {"u_mv": 230000, "i_ma": 500, "p_mw": -110000, "f_mhz": 50000, "pf": -96, "imp_mwh": 0, "exp_mwh": 0}
    reading.update({"s_mva": 115000, "q_mvar": 1000})
    for exports, said in ((False, -110000), (True, None)):
        circuit = Circuit(Sdm120(None), exports=exports)
        message = circuit.run(60, reading)[0][1]
        assert message["p_mean_mw"] == -110000 and message["q"]["p_mean_mw"] == "V"
        assert (circuit.energy.warned[1] if circuit.energy.warned else None) == said


def test_the_noise_of_a_meter_without_load_is_not_backwards():
    circuit = Circuit(Sdm630(None))
    circuit.run(60, three_phases(-900, -200, 0))
    assert circuit.energy.warned == ()


def test_without_mains_a_meter_that_is_fed_otherwise_tells_of_their_loss_after_a_while():
    circuit = Circuit(Sdm630(None))
    circuit.run(10, three_phases())
    dark = three_phases(0, 0, 0)
    dark.update(u1_mv=300, u2_mv=0, u3_mv=0)
    circuit.run(4, dark)
    assert not circuit.energy.supply_lost
    circuit.run(3, dark)
    assert circuit.energy.supply_lost
    circuit.run(1, three_phases())
    assert not circuit.energy.supply_lost


def direct(p_mw):
    return {"u_mv": 24000, "i_ma": p_mw // 24, "p_mw": p_mw}


def test_a_part_without_a_register_is_integrated_and_called_an_estimate():
    circuit = Circuit(Ina226(None))
    told = circuit.run(121, direct(36000))  # 10 mWh a second
    message = told[1][1]
    assert message["e_mwh"] == 600 and message["imp_mwh"] == 1180
    assert message["q"]["e_mwh"] == message["q"]["imp_mwh"] == "E"
    assert message["q"]["p_mean_mw"] == "V"
    assert "f_mhz" not in message and "pf" not in message


def test_an_integral_counts_nothing_for_the_time_nobody_looked():
    circuit = Circuit(Ina226(None))
    circuit.run(60, direct(36000))
    before = circuit.counters.imp_mwh
    circuit.hours.run(300, circuit.energy, lambda: circuit.energy.miss(fault("silent")))
    message = circuit.run(60, direct(36000))[-1][1]
    assert message["imp_mwh"] - before <= 610
    assert message["q"]["e_mwh"] == "G"
    assert not circuit.energy.supply_lost, "a part on I2C has the node's supply"


@long
def test_an_integral_of_a_week_loses_nothing_to_rounding_and_takes_nothing_off():
    circuit = Circuit(Ina226(None), window_s=900)
    for hour in range(24):
        circuit.run(3600, direct(1234 + hour))
        circuit.run(10, direct(0))
    true = sum([(1234 + hour) * 3600 for hour in range(24)]) // 3600
    assert abs(circuit.counters.imp_mwh - true) <= 25  # the steps at each change


def test_a_register_that_is_gone_with_the_supply_goes_on_from_nothing():
    counters = Counters(imp_mwh=9000000, meter_mwh=3000000)
    register = Register(counters, 0, 12000000, volatile=True)
    assert register.take(2500, None) == "G"  # what flowed since both were switched on
    assert register.take(3500, 1000) == "V"
    assert counters.imp_mwh == 9003500
    assert register.change is None, "a cut is no other meter"


def test_a_reset_of_the_node_alone_costs_a_volatile_register_nothing():
    counters = Counters(imp_mwh=9000000, meter_mwh=3000000)
    register = Register(counters, 0, 12000000, volatile=True)
    assert register.take(3004000, None) == "G"
    assert counters.imp_mwh == 9004000


def test_a_counter_of_24_bits_that_restarts_is_no_wrap_and_one_that_runs_over_is():
    wrap = 3000000000  # 3 MWh, what a BL0942 counts to
    for anchor, shown, counted in ((100000000, 0, 0), (wrap - 500, 500, 1000)):
        counters = Counters(imp_mwh=wrap, meter_mwh=anchor)
        register = Register(counters, wrap, 12000000, volatile=True)
        register.take(anchor, None)
        for _ in range(8):
            register.take(shown, 1000)
        assert counters.imp_mwh == wrap + counted
        assert register.events["wrap"] == (1 if counted else 0)
