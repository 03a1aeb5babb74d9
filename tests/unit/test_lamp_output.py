"""The lamp's outputs: what a level does to the relay's coil and to the dimming voltage."""

from lamppost.lamp.analogue import AnalogueOutput
from lamppost.lamp.output import Output
from lamppost.lamp.relay import Relay, RelayOutput


class Pwm:
    duty = None

    def duty_u16(self, value):
        self.duty = value


class Pin:
    level = None

    def __call__(self, level):
        self.level = level


MEASURED = ((10, 1500), (25, 3000), (50, 5200), (75, 7000), (100, 9000))


def test_the_coil_is_driven_only_to_switch_the_lamp_off():
    pin = Pin()
    output = RelayOutput(Relay(pin))
    assert pin.level == 0
    output.set(0)
    assert pin.level == 1
    output.set(1000)
    assert pin.level == 0 and not output.DIMS


def test_the_voltage_follows_the_five_measured_points_and_ten_volts_is_the_whole_duty():
    pwm = Pwm()
    output = AnalogueOutput(pwm, None, MEASURED)
    assert output.mv(1000) == 9000 and pwm.duty == 9000 * 65535 // 10000
    assert [output.mv(level) for level in (10, 100, 175, 250, 500, 875)] == [1500, 1500, 2250, 3000, 5200, 8000]
    output.set(500)
    assert pwm.duty == 5200 * 65535 // 10000
    output.set(0)
    assert pwm.duty == 0


def test_an_inverting_circuit_gets_the_rest_of_the_duty():
    pwm = Pwm()
    output = AnalogueOutput(pwm, None, inverted=True)
    assert pwm.duty == 0  # the lamp is on as soon as the output is made
    output.set(250)
    assert pwm.duty == 65535 - 2500 * 65535 // 10000


def test_level_zero_cuts_the_supply_where_there_is_a_relay():
    pwm, pin = Pwm(), Pin()
    output = AnalogueOutput(pwm, Relay(pin))
    assert pin.level == 0
    output.set(0)
    assert pin.level == 1
    output.set(100)
    assert pin.level == 0 and pwm.duty == 6553


def test_an_output_that_drives_nothing_takes_every_level():
    assert Output().set(500) is None and Output().report() == ""
