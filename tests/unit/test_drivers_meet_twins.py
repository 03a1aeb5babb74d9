"""Drivers of the firmware and simulated parts of the host were written apart; here they talk to each other."""

import pytest
from lamplighter.virtual.parts import bme280, ds3231, pzem004t, sps30, tfmini
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers import shelf
from raising import raises
from wire import Machine, Uart

CPYTHON_ONLY = True  # the twins have a test of their own under MicroPython

BOARD = {
    "uart": {"kind": "uart", "uart": 1, "tx": 27, "rx": 14},
    "i2c": {"kind": "i2c", "i2c": 0, "scl": 22, "sda": 21},
}


class TwinUart(Uart):
    """The UART of a Machine with a twin at its other end."""

    twin = None

    def write(self, data):
        self.twin.written(data, self._machine.time.now * 1000)
        return len(data)

    def _listen(self):
        if self.setting["baudrate"] == self.twin.baud:
            self.feed([(0, self.twin.emitted(self._machine.time.now * 1000))])

    def any(self):
        self._listen()
        return super().any()


class TwinI2c:
    def __init__(self, machine, twin):
        self._machine = machine
        self._twin = twin

    def __call__(self, number, scl, sda, freq):
        return self

    def _here(self, address):
        if address != self._twin.address:
            raise OSError(19)
        return self._machine.time.now * 1000

    def writeto_mem(self, address, register, data):
        self._twin.write(bytes((register,)) + data, self._here(address))

    def readfrom_mem(self, address, register, count):
        now_us = self._here(address)
        self._twin.write(bytes((register,)), now_us)
        return self._twin.read(count, now_us)


class Pair:
    """A driver and a twin on one wire, and a time that passes only while somebody sleeps."""

    def __init__(self, part_id, twin, **options):
        self.twin = twin
        self.machine = Machine()
        self.machine.I2C = TwinI2c(self.machine, twin)

        def uart(number, **setting):
            made = TwinUart(self.machine, number, **setting)
            made.twin = twin
            return made

        self.machine.UART = uart
        bus = Wiring(BOARD, self.machine, self.machine.time).bus("i2c" if part_id in ("bme280", "ds3231") else "uart")
        self.part = shelf.build(part_id, bus, options)

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


def set_clock(twin):
    """As a lamppost leaves it: a fresh one says that it is not set."""
    twin.write(b"\x0f\x00", 0)
    return twin


def pairs():
    return {
        "pzem004t": Pair("pzem004t", pzem004t.Twin({})),
        "tfmini": Pair("tfmini", tfmini.Twin({})),
        "sps30": Pair("sps30", sps30.Twin({}), warm_s=0),
        "bme280": Pair("bme280", bme280.Twin({})),
        "ds3231": Pair("ds3231", set_clock(ds3231.Twin({}))),
    }


@pytest.mark.parametrize("part_id", sorted(pairs()))
def test_the_driver_reads_its_twin(part_id):
    pair = pairs()[part_id]
    words = pair.words(12)
    assert words[2:] == ["good"] * 10, words  # the first may be warming


@pytest.mark.parametrize("part_id", sorted(pairs()))
def test_a_twin_that_falls_silent_is_silent_and_comes_back(part_id):
    pair = pairs()[part_id]
    pair.words(3)
    pair.twin.fault("silence")
    assert set(pair.words(3)) == {"silent"}
    pair.twin.fault("none")
    assert "good" in pair.words(3)


@pytest.mark.parametrize("part_id", ["pzem004t", "tfmini", "sps30"])
@pytest.mark.parametrize("kind", ["checksum", "noise"])
def test_a_twin_that_answers_rubbish_is_garbled_and_never_good(part_id, kind):
    pair = pairs()[part_id]
    pair.words(3)
    pair.twin.fault(kind)
    assert set(pair.words(5)) <= {"garbled", "silent"}
    pair.twin.fault("none")
    assert "good" in pair.words(3)


def test_the_meter_reads_what_the_twin_was_set_to():
    pair = pairs()["pzem004t"]
    pair.twin.set(volts=230.2, watts=100)
    reading = pair.read()
    assert reading["u_mv"] == 230200
    assert reading["p_mw"] == 100000


def test_a_slow_meter_is_heard_after_a_few_questions():
    pair = pairs()["pzem004t"]
    pair.twin.fault("slow", ms=400)
    assert pair.words(6)[-3:] == ["good"] * 3


def test_the_lidar_follows_the_twin_at_once():
    pair = pairs()["tfmini"]
    for mm in (3200, 1480, 3210):
        pair.twin.set(mm=mm)
        assert pair.read()["d_mm"] == (mm + 5) // 10 * 10


def test_a_lidar_without_echo_gives_no_distance():
    pair = pairs()["tfmini"]
    pair.read()
    for blind in ({"strength": 20}, {"strength": None, "sun": 1}):
        pair.twin.set(**blind)
        with raises(SensorFault, "signal"):
            pair.read()


def test_the_particle_sensor_warms_up_and_then_counts():
    pair = Pair("sps30", sps30.Twin({}))
    words = pair.words(40)
    assert words[0] == "warming" and words[-1] == "good"
    assert 25 <= words.count("warming") <= 32


def test_the_self_tests_of_all_parts_pass():
    for part_id, pair in pairs().items():
        rows = pair.machine.time.run(pair.part.selftest())
        assert [row for row in rows if not row[5]] == [], part_id


def test_a_clock_that_the_driver_has_set_goes_on_by_itself_and_over_a_cut():
    pair = Pair("ds3231", ds3231.Twin({"values": {"ppm": 2}}))
    with raises(SensorFault, "unset"):
        pair.read()
    pair.wait(500)
    pair.part.set(848664000)
    pair.wait(86400 * 1000 * 10)
    utc_s, tu_ms = pair.machine.time.run(pair.part.time())
    assert abs(utc_s - 848664000 - 864000 - 2) <= 1
    assert tu_ms >= 4300
    again = Pair("ds3231", ds3231.Twin({"state": pair.twin.state()}))
    again.machine.time.now = pair.machine.time.now + 3600000
    assert abs(again.machine.time.run(again.part.time())[0] - utc_s - 3600) <= 2


def test_a_clock_without_its_battery_has_lost_the_time():
    pair = Pair("ds3231", ds3231.Twin({"values": {"battery": 0}}))
    pair.part.set(848664000)
    again = Pair("ds3231", ds3231.Twin({"state": pair.twin.state()}))
    with raises(SensorFault, "unset"):
        again.read()
