"""Air beyond the means: calibrations, dried particles, gases of voltages, indices of ticks, hours of work."""

from ground import MIDNIGHT, Hours, Notes, Seed
from lamppost.drivers.ads1115 import Ads1115
from lamppost.drivers.bme280 import Bme280
from lamppost.drivers.scd41 import Scd41
from lamppost.drivers.sds011 import Sds011
from lamppost.drivers.sgp41 import Sgp41
from lamppost.drivers.sps30 import Sps30
from lamppost.sensing.air.conversions import dry_mass
from lamppost.sensing.air.windows import Air
from test_alphasense import NO2

BENCH = {"part": "dust", "quantity": "pm2_5", "slope": 0.8, "offset": 1.5, "id": "KS-1", "date": "2026-03-14"}


class Place:
    """An Air over drivers without a bus, fed with what each would read."""

    def __init__(self, parts, memory=None, **options):
        self.hours = Hours(MIDNIGHT)
        self.memory = memory or Notes()
        self.seed = Seed(9)
        options = dict({"parts": list(parts), "window_s": 600, "every_ms": 10000}, **options)
        self.parts = options["parts"]
        self.air = Air(options, self.hours.clock, parts, self.memory)

    def run(self, seconds, readings, every_ms=10000):
        def feed():
            for part in self.parts:
                reading = readings[part]
                self.air.take(part, {name: moved(value, self.seed) for name, value in reading.items()})

        return [message for _, message, _ in self.hours.run(seconds, self.air, feed, every_ms)]


def moved(value, seed):
    return None if value is None else value + seed.below(2)


DUST = {"pm1": 50, "pm2_5": 100, "pm4": 120, "pm10": 140}
CLIMATE = {"t": 200, "rh": 600, "p": 10130}


def test_a_calibrated_value_goes_out_with_its_id_and_the_measured_one_beside():
    message = Place({"dust": Sps30(Bus())}, calibration=[BENCH]).run(600, {"dust": DUST})[0]
    assert abs(message["raw"]["pm2_5"] - 10.05) < 0.06
    assert abs(message["pm2_5"] - (message["raw"]["pm2_5"] * 0.8 + 1.5)) < 0.11
    assert message["calibration"] == {"pm2_5": "KS-1"}
    assert message["pm10"] > 13.9 and message["q"]["pm2_5"] == "V"


def test_a_calibration_of_another_sensor_is_not_applied_and_the_value_is_called_uncalibrated():
    place = Place({"dust": Sps30(Bus())}, serials={"dust": "B"}, calibration=[dict(BENCH, serial="A")])
    message = place.run(600, {"dust": DUST})[0]
    assert abs(message["pm2_5"] - 10.05) < 0.06
    assert message["q"]["pm2_5"] == "C" and message["q"]["pm10"] == "V"
    assert message["aqi"]["of"] == ["pm10"]


def test_particles_are_dried_by_the_published_formula():
    for tenths, rh, kappa, dry in ((100, 0, 40, 100), (100, 800, 40, 51), (1000, 500, 30, 846), (100, 1000, 40, 0)):
        assert dry_mass(tenths, rh, kappa) == dry
        share = 1 + kappa / 165 * rh / (1000 - rh) if rh < 1000 else 1e9
        assert abs(dry - tenths / share) <= 0.5


def test_without_humidity_particles_are_told_as_measured_and_marked():
    message = Place({"dust": Sps30(Bus())}, humidity="crilley-2018").run(600, {"dust": DUST})[0]
    assert message["q"]["pm2_5"] == "E" and message["pm2_5"] == message["raw"]["pm2_5"]


def test_a_gas_of_voltages_is_uncalibrated_until_it_stood_beside_a_reference():
    volts = {"a0_uv": 233000, "a1_uv": 228000}
    cell = dict(NO2, part="adc")
    for calibration, letter in (([], "C"), ([dict(BENCH, part="adc", quantity="no2", serial=NO2["id"])], "V")):
        place = Place({"climate": Bme280(None), "adc": Ads1115(None)}, cells=[cell], calibration=calibration)
        message = place.run(600, {"climate": CLIMATE, "adc": volts})[0]
        assert message["q"]["no2"] == letter
        assert 20 < message["no2"] < 35
        assert message["aqi"]["of"] == ([] if letter == "C" else ["no2"])


def test_without_weather_no_gas_can_be_known():
    place = Place({"adc": Ads1115(None)}, cells=[dict(NO2, part="adc")])
    message = place.run(600, {"adc": {"a0_uv": 233000, "a1_uv": 228000}})[0]
    assert message["no2"] is None and message["q"]["no2"] == "U"


def test_ticks_become_indices_and_the_sensor_is_told_the_weather():
    gas = Sgp41(None)
    place = Place({"climate": Bme280(None), "gas": gas})
    place.run(600, {"climate": CLIMATE, "gas": {"voc_raw": 30000, "nox_raw": 16000}}, 1000)
    message = place.run(600, {"climate": CLIMATE, "gas": {"voc_raw": 30000, "nox_raw": 16000}}, 1000)[0]
    assert 80 <= message["voc_index"] <= 120 and message["nox_index"] == 1
    assert message["q"]["voc_index"] == "V" and "voc_raw" not in message
    assert gas._air == (600 * 65535 // 1000, 650 * 65535 // 1750) or abs(gas._air[0] - 39321) < 200


def test_hours_of_work_are_remembered_and_go_on():
    memory = Notes()
    told = Place({"dust": Sps30(Bus()), "climate": Bme280(None)}, memory).run(
        7200, {"dust": DUST, "climate": CLIMATE}
    )
    assert told[-1]["hours"] in ({"dust": 1}, {"dust": 2}), "the climate sensor does not wear"
    again = Place({"dust": Sps30(Bus())}, memory).run(3600, {"dust": DUST})
    assert again[-1]["hours"]["dust"] in (2, 3)


def test_a_sensor_that_rests_between_readings_has_worked_only_while_it_did():
    dust = Sds011(Bus(), sleeps=True)
    place = Place({"dust": dust}, every_ms=150000)
    told = place.run(36000, {"dust": {"pm2_5": 100, "pm10": 150}}, 150000)
    assert told[-1]["hours"]["dust"] in (1, 2), "30 s of each 150"


def test_a_dead_carbon_dioxide_cell_is_unavailable_while_temperature_and_humidity_go_on():
    place = Place({"co2": Scd41(None)})
    message = place.run(600, {"co2": {"co2": None, "t": 250, "rh": 370}})[0]
    assert message["co2"] is None and message["q"] == {"co2": "U", "t": "V", "rh": "V"}


class Bus:
    """What a driver asks of its bus before it is read."""

    time = None

    def ask(self):
        """As a UART has it."""
