"""Drivers of the firmware and simulated parts of the host were written apart; here they talk to each other."""

import importlib

import pytest
from lamplighter.parts import catalogue
from lamplighter.virtual.parts import ds3231, sps30
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers import registry
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine, Uart

CPYTHON_ONLY = True  # the twins have a test of their own under MicroPython

BOARD = {
    "uart": {"kind": "uart", "uart": 1, "tx": 27, "rx": 14},
    "rs485": {"kind": "rs485", "uart": 2, "tx": 17, "rx": 16, "de": 4},
    "i2c": {"kind": "i2c", "i2c": 0, "scl": 22, "sda": 21},
}


class TwinUart(Uart):
    """The UART of a Machine with a twin at its other end."""

    twin = None

    def write(self, data):
        if self.setting["baudrate"] == self.twin.baud:
            self.twin.written(data, self._machine.time.now * 1000)
        return len(data)

    def _listen(self):
        said = self.twin.emitted(self._machine.time.now * 1000)
        if self.setting["baudrate"] == self.twin.baud:
            self.feed([(0, said)])

    def any(self):
        self._listen()
        return super().any()


class TwinI2c:
    def __init__(self, machine, pair):
        self._machine = machine
        self._pair = pair

    def __call__(self, number, scl, sda, freq):
        return self

    def _here(self, address):
        if address != self._pair.twin.address:
            raise OSError(19)
        return self._machine.time.now * 1000

    def writeto(self, address, data):
        self._pair.twin.write(bytes(data), self._here(address))

    def readfrom(self, address, count):
        return self._pair.twin.read(count, self._here(address))

    def writeto_mem(self, address, register, data):
        self.writeto(address, bytes((register,)) + data)

    def readfrom_mem(self, address, register, count):
        self.writeto(address, bytes((register,)))
        return self.readfrom(address, count)


class Pair:
    """A driver and a twin on one wire, and a time that passes only while somebody sleeps."""

    def __init__(self, part_id, bus=None, twin=None, **options):
        self.part_id = part_id
        bus = bus or catalogue.get(part_id).bus
        self._module = importlib.import_module("lamplighter.virtual.parts." + part_id)
        self._bus = bus
        self.twin = twin or self._module.Twin({"bus": bus})
        self.machine = Machine()
        self.machine.I2C = TwinI2c(self.machine, self)
        self.machine.UART = self._uart
        self.part = registry.build(part_id, Wiring(BOARD, self.machine, self.machine.time).bus(bus), options)

    def _uart(self, number, **setting):
        self._line = TwinUart(self.machine, number, **setting)
        self._line.twin = self.twin
        return self._line

    def lose_its_supply(self):
        """As after a brown-out of the part alone: another twin with what outlives that."""
        self.twin = self._module.Twin({"bus": self._bus, "state": self.twin.state()})
        if self._bus != "i2c":
            self._line.twin = self.twin

    def wait(self, ms):
        self.machine.time.now += ms

    def read(self):
        self.wait(1000)
        return self.machine.time.run(self.part.read())

    def words(self, times):
        """What `times` reads gave: the fault's word, or "good"."""
        out = []
        for _ in range(times):
            try:
                self.read()
                out.append("good")
            except SensorFault as fault:
                out.append(fault.word)
        return out


def near(percent):
    return lambda value: abs(value) * percent / 100


# part on a bus: (options of the driver, what surrounds it, {quantity: (value, how far off it may be)}).
# What a chip's front end adds is its data sheet's tolerance of the board, not a resolution of its numbers.
GRID = {"volts": 231.4, "watts": 184.3, "pf": 0.9, "hertz": 49.87}
PHASE = {"u_mv": 231400, "i_ma": 885, "p_mw": 184300, "pf": 90}
WARM = {"warm_s": 0}


def meter(*left_out, off=(100, 2, 150, 1), **more):
    """What a meter reads of GRID; off -- in mV, mA, mW and hundredths."""
    found = {name: (PHASE[name], each) for name, each in zip(PHASE, off)}
    return {name: row for name, row in {**found, **more}.items() if name not in left_out}


FIELD = {"x_ut": 21.37, "y_ut": -4.52, "z_ut": -43.9}
DUST = {"pm2_5": 31}
CASES = {
    "pzem004t": ({}, GRID, meter(f_mhz=(49900, 50))),
    "pzem004t rs485": ({}, GRID, meter(f_mhz=(49900, 50))),
    "sdm120": ({}, GRID, meter(off=(1, 1, 1, 1), s_mva=(204778, 1), f_mhz=(49870, 1))),
    "sdm630": ({}, {**GRID, "watts": 552.9},
               {"u1_mv": (231400, 1), "u3_mv": (231400, 1), "i2_ma": (885, 1), "p2_mw": (184300, 1),
                "p_mw": (552900, 3), "pf": (90, 1), "f_mhz": (49870, 1)}),
    "ddsu666": ({}, GRID, meter(off=(1, 1, 1, 1), f_mhz=(49870, 1))),
    "bl0942": ({}, GRID, meter(off=(1200, 5, 900, 1), f_mhz=(49870, 5))),
    "bl0940": ({}, {"volts": 231.4, "watts": 184.3, "pf": 0.9}, meter(off=(2400, 9, 1900, 1))),
    "cse7766": ({}, {"volts": 231.4, "watts": 184.3, "pf": 0.9}, meter(off=(300, 2, 200, 1))),
    "ade7953": ({}, GRID, meter(off=(50, 1, 20, 1), f_mhz=(49870, 10))),
    "ina226": ({}, {"volts": 12.31, "amps": 0.7}, {"u_mv": (12310, 2), "i_ma": (700, 1), "p_mw": (8617, 20)}),
    "ina228": ({}, {"volts": 12.31, "amps": 3.5, "celsius": 31},
               {"u_mv": (12310, 1), "i_ma": (3500, 1), "p_mw": (43085, 10), "t": (310, 1)}),
    "a02yyuw": ({}, {"mm": 1234}, {"d_mm": (1234, 1)}),
    "tfmini": ({}, {"mm": 3456}, {"d_mm": (3460, 5)}),
    "tfmini i2c": ({}, {"mm": 3456}, {"d_mm": (3460, 5)}),
    "tfluna": ({}, {"mm": 2345}, {"d_mm": (2345, 5)}),
    "tfluna i2c": ({}, {"mm": 2345}, {"d_mm": (2345, 5)}),
    "rm3100": ({}, FIELD, {"mag_x_ut": (2137, 2), "mag_y_ut": (-452, 2), "mag_z_ut": (-4390, 2)}),
    "qmc5883l": ({}, FIELD, {"mag_x_ut": (2137, 4), "mag_y_ut": (-452, 4), "mag_z_ut": (-4390, 4)}),
    "ld2410": ({}, {"moving_mm": 1500}, {"presence": (1, 0), "d_moving_mm": (1500, 10)}),
    "sps30": (WARM, DUST, {"pm2_5": (310, 1)}),
    "sps30 i2c": (WARM, DUST, {"pm2_5": (310, 1)}),
    "pms5003": (WARM, DUST, {"pm2_5": (310, 5)}),
    "pms5003t": (WARM, {**DUST, "celsius": -4.5, "percent": 61}, {"pm2_5": (310, 5), "t": (-45, 1), "rh": (610, 1)}),
    "pms3003": (WARM, DUST, {"pm2_5": (310, 5)}),
    "sds011": (WARM, DUST, {"pm2_5": (310, 1)}),
    "scd41": (WARM, {"ppm": 612, "celsius": -3.3, "humidity": 71}, {"co2": (612, 1), "t": (-33, 1), "rh": (710, 1)}),
    "sgp41": ({}, {"voc_raw": 27123, "nox_raw": 15987}, {"voc_raw": (27123, 1), "nox_raw": (15987, 1)}),
    "sht4x": ({}, {"celsius": -12.3, "humidity": 88.8}, {"t": (-123, 1), "rh": (888, 1)}),
    "bme280": ({}, {"celsius": -4.5, "humidity": 61, "hpa": 990}, {"t": (-45, 1), "rh": (610, 2), "p": (9900, 1)}),
    "bmp280": ({}, {"celsius": 17.2, "hpa": 1003.4}, {"t": (172, 1), "p": (10034, 1)}),
    "ads1115": ({}, {"a0": 0.3, "a1": 1.25, "a2": 2.5, "a3": 0},
                {"a0_uv": (300000, 125), "a1_uv": (1250000, 125), "a2_uv": (2500000, 125), "a3_uv": (0, 125)}),
    "veml7700": ({}, {"lux": 431}, {"lux": (4310, 43)}),
    "bh1750": ({}, {"lux": 431}, {"lux": (4310, 43)}),
    "lis3dh": ({}, {"tilt": 7.5, "toward": 90}, {"tilt": (75, 2), "ay_mg": (131, 2), "az_mg": (991, 2)}),
    "ds3231": ({}, {"celsius": -7.25}, {"t": (-72, 1)}),
}  # fmt: skip
# answers without a checksum of their own: what noise makes of them may be a reading
UNCHECKED = {part.id for part in catalogue.every() if part.bus == "i2c"} - {"scd41", "sgp41", "sht4x"}
WORDS = {"good", "silent", "garbled", "refused", "foreign", "range", "signal", "warming", "unset", "bus"}


def pair_of(case):
    part_id, _, bus = case.partition(" ")
    pair = Pair(part_id, bus or None, **CASES[case][0])
    if part_id == "ds3231":
        set_clock(pair.twin)
    return pair


def unchecked(case):
    return case.partition(" ")[0] in UNCHECKED or case == "tfluna i2c"


def set_clock(twin):
    """As a lamppost leaves it: a fresh one says that it is not set."""
    twin.write(b"\x0f\x00", 0)
    return twin


def every(function):
    return pytest.mark.parametrize("case", CASES)(function)


def test_every_part_of_the_shelf_meets_its_twin():
    assert {case.partition(" ")[0] for case in CASES} == set(catalogue.ids())


@every
def test_the_driver_reads_its_twin_to_the_last_digit_that_it_has(case):
    pair = pair_of(case)
    pair.twin.set(**CASES[case][1])
    words = pair.words(40)  # those with a fan or a mirror settle
    assert words[4:] == ["good"] * 36, words  # the first may be warming
    reading = pair.read()
    assert set(reading) - {"utc_s"} == set(pair.part.QUANTITIES)
    for name, (value, off) in CASES[case][2].items():
        assert abs(reading[name] - value) <= off, (name, reading)


@every
def test_a_twin_that_falls_silent_is_silent_and_comes_back(case):
    pair = pair_of(case)
    pair.words(4)
    pair.twin.fault("silence")
    words = pair.words(4)
    assert set(words[1:]) == {"silent"}, words  # a line may hold what was sent before
    pair.twin.fault("none")
    assert "good" in pair.words(4)


@every
@pytest.mark.parametrize("kind", ["checksum", "noise"])
def test_a_twin_that_answers_rubbish_is_never_believed_and_is_read_again_at_once(case, kind):
    pair = pair_of(case)
    pair.words(4)
    pair.twin.fault(kind)
    words = pair.words(8)
    if unchecked(case):
        assert set(words) <= WORDS, words
    else:
        # the sum of a BL0942 that is off by one fits the question to its neighbour
        assert set(words[1:]) <= {"garbled", "silent", "warming", "foreign"}, words
    pair.twin.fault("none")
    words = pair.words(5)
    assert words[-1] == "good", words


@every
def test_every_fault_of_the_twin_has_a_word_and_an_end(case):
    pair = pair_of(case)
    kinds = ("slow", "stuck", *getattr(pair.twin, "FAULTS", ()))
    for kind in kinds:
        pair.words(3)
        pair.twin.fault(kind)
        words = pair.words(6)
        assert set(words) <= WORDS, (kind, words)
        pair.twin.fault("none")
        words = pair.words(8)
        assert words[-1] == "good", (kind, words)


@every
def test_a_part_that_lost_its_supply_is_set_up_again(case):
    pair = pair_of(case)
    pair.words(4)
    pair.lose_its_supply()
    words = pair.words(8)
    assert words[-1] == "good", words


@every
def test_its_self_test_passes_where_all_is_well(case):
    pair = pair_of(case)
    rows = pair.machine.time.run(part_rows(pair.part))
    assert rows and [row for row in rows if not row[5]] == []


@pytest.mark.parametrize("part_id", ["sdm120", "sdm630", "ddsu666", "ade7953", "bl0942", "bl0940", "ina226", "ina228"])
def test_a_meter_that_is_wired_backwards_says_so_in_its_self_test(part_id):
    pair = pair_of(part_id)
    pair.twin.set(**({"amps": -0.4} if part_id.startswith("ina") else {"watts": -120, "pf": 0.9}))
    pair.words(3)
    rows = pair.machine.time.run(part_rows(pair.part))
    assert "backwards" in [row[6] for row in rows]
    assert min(pair.read()[name] for name in pair.part.QUANTITIES if name in ("p_mw", "p1_mw")) < 0


@pytest.mark.parametrize("part_id", ["sdm120", "sdm630", "ddsu666", "bl0942"])
def test_a_meter_at_another_speed_is_silent(part_id):
    pair = Pair(part_id, baud=9600 if part_id in ("sdm120", "bl0942") else 4800)
    assert set(pair.words(3)) == {"silent"}


@pytest.mark.parametrize("part_id", [part.id for part in catalogue.every() if part.option("address")])
def test_a_part_at_another_address_is_silent(part_id):
    option = catalogue.get(part_id).option("address")
    others = [n for n in option.get("enum", (option["minimum"], option["maximum"])) if n != option["default"]]
    if not others:
        return  # it has only one
    bus = "i2c" if catalogue.get(part_id).goes_on("i2c") else None
    assert set(Pair(part_id, bus, address=others[-1]).words(3)) == {"silent"}


@pytest.mark.parametrize(
    ("part_id", "fitted"),
    [("bme280", "bmp280"), ("bmp280", "bme280"), ("ina226", "ina228"), ("ina228", "ina226"), ("pms5003", "pms3003"),
     ("pms3003", "pms5003"), ("bl0940", "bl0942"), ("ddsu666", "sdm630"), ("lis3dh", "rm3100")],
)  # fmt: skip
def test_another_model_than_configured_is_never_believed(part_id, fitted):
    twin = importlib.import_module("lamplighter.virtual.parts." + fitted).Twin({})
    bus = catalogue.get(fitted).bus
    options = {}
    if bus == "i2c":
        twin.address = catalogue.get(part_id).address
    if catalogue.get(part_id).option("baud"):
        options["baud"] = twin.baud
    pair = Pair(part_id, bus, twin, **options)
    assert "good" not in pair.words(6)


def test_the_meter_reads_what_the_twin_was_set_to():
    pair = pair_of("pzem004t")
    pair.twin.set(volts=230.2, watts=100)
    reading = pair.read()
    assert reading["u_mv"] == 230200
    assert reading["p_mw"] == 100000


def test_a_slow_meter_is_heard_after_a_few_questions():
    pair = pair_of("pzem004t")
    pair.twin.fault("slow", ms=400)
    assert pair.words(6)[-3:] == ["good"] * 3


def test_the_lidar_follows_the_twin_at_once():
    pair = pair_of("tfmini")
    for mm in (3200, 1480, 3210):
        pair.twin.set(mm=mm)
        assert pair.read()["d_mm"] == (mm + 5) // 10 * 10


def test_a_lidar_without_echo_gives_no_distance():
    pair = pair_of("tfmini")
    pair.read()
    for blind in ({"strength": 20}, {"strength": None, "sun": 1}):
        pair.twin.set(**blind)
        with raises(SensorFault, "signal"):
            pair.read()


def test_the_particle_sensor_warms_up_and_then_counts():
    pair = Pair("sps30", twin=sps30.Twin({}))
    words = pair.words(40)
    assert words[0] == "warming" and words[-1] == "good"
    assert 25 <= words.count("warming") <= 32


def test_a_clock_that_the_driver_has_set_goes_on_by_itself_and_over_a_cut():
    pair = Pair("ds3231", twin=ds3231.Twin({"values": {"ppm": 2}}))
    with raises(SensorFault, "unset"):
        pair.read()
    pair.wait(500)
    pair.part.set(848664000)
    pair.wait(86400 * 1000 * 10)
    utc_s, tu_ms = pair.machine.time.run(pair.part.time())
    assert abs(utc_s - 848664000 - 864000 - 2) <= 1
    assert tu_ms >= 4300
    again = Pair("ds3231", twin=ds3231.Twin({"state": pair.twin.state()}))
    again.machine.time.now = pair.machine.time.now + 3600000
    assert abs(again.machine.time.run(again.part.time())[0] - utc_s - 3600) <= 2


def test_a_clock_without_its_battery_has_lost_the_time():
    pair = Pair("ds3231", twin=ds3231.Twin({"values": {"battery": 0}}))
    pair.part.set(848664000)
    again = Pair("ds3231", twin=ds3231.Twin({"state": pair.twin.state()}))
    with raises(SensorFault, "unset"):
        again.read()
