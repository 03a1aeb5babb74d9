"""The SDS011 against recorded frames, and its periods of work and sleep, which its memory need not learn."""

from captured import rows
from ground import Seed
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers.sds011 import Sds011, command, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine

BOARD = {"air": {"kind": "uart", "uart": 2, "tx": 25, "rx": 26}}
DATA = rows("SDS011", "data")[-1][1]
WORK, QUERY, PERIOD, CONTINUOUS, SLEEP = command(6, 1, 1), command(4), command(8), command(8, 1, 0), command(6, 1, 0)


def answer(*data):
    body = bytes(data + (0,) * (4 - len(data))) + b"\x58\xd9"
    return b"\xaa\xc5" + body + bytes((sum(body) & 0xFF, 0xAB))


class Dusty:
    """An SDS011 that only answers; asleep it hears nothing but the command to work."""

    def __init__(self, period=0):
        self.period = period
        self.asleep = True
        self.machine = Machine(self.script)

    def part(self, **options):
        return Sds011(Wiring(BOARD, self.machine, self.machine.time).bus("air"), **options)

    def script(self, request, setting):
        out = b""
        for at in range(0, len(request), 19):
            one = request[at : at + 19]
            self.asleep = self.asleep and one != WORK
            if one == QUERY and not self.asleep:
                out += DATA
            elif one == PERIOD:
                out += answer(8, 0, self.period)
            elif one == CONTINUOUS:
                self.period = 0
                out += answer(8, 1, 0)
            elif one == SLEEP:
                self.asleep = True
                out += answer(6, 1, 0)
            elif one == WORK:
                out += answer(6, 1, 1)
        return [(20, out)]

    def read(self, part):
        return self.machine.time.run(part.read())


def test_every_recorded_frame_reads_as_recorded():
    seen = 0
    for row, data in rows("SDS011", "data"):
        told = row["decoded"]
        wanted = {"pm2_5": round(10 * float(told["pm25"])), "pm10": round(10 * float(told["pm10"]))}
        assert decode(b"\xaa\xc0\x01" + data + b"\xaa") == wanted
        seen += 1
    assert seen >= 4


def test_answers_are_foreign_and_commands_no_frames():
    for _, data in rows("SDS011", "reply"):
        with raises(SensorFault, "foreign"):
            decode(data)
    for _, data in rows("SDS011", "command"):
        with raises(SensorFault, "garbled"):
            decode(data)


def test_the_commands_are_the_documents():
    printed = {data for _, data in rows("SDS011", "command")}
    assert {CONTINUOUS, QUERY} <= printed
    assert SLEEP == bytes.fromhex("AAB406010000000000000000000000FFFF05AB")


def test_nothing_is_silence_cuts_are_garbled_and_beyond_the_range_is_refused():
    with raises(SensorFault, "silent"):
        decode(b"")
    for at in range(1, 10):
        with raises(SensorFault, "garbled"):
            decode(DATA[:at])
    body = b"\xff\xff\x00\x00\x58\xd9"
    with raises(SensorFault, "range"):
        decode(b"\xaa\xc0" + body + bytes((sum(body) & 0xFF, 0xAB)))


def test_it_is_woken_and_asked_once_for_its_period_and_counts_after_the_warm_up():
    dusty = Dusty()
    part = dusty.part()
    with raises(SensorFault, "warming"):
        dusty.read(part)
    dusty.machine.time.now += 31000
    assert dusty.read(part) == decode(DATA)
    assert dusty.machine.sent[0] == WORK + QUERY
    assert dusty.machine.sent.count(PERIOD) == 1
    assert CONTINUOUS not in dusty.machine.sent


def test_a_working_period_that_somebody_set_is_ended_and_written_once():
    dusty = Dusty(period=10)
    part = dusty.part(warm_s=0)
    for _ in range(3):
        dusty.read(part)
    assert dusty.period == 0
    assert dusty.machine.sent.count(CONTINUOUS) == 1


def test_laser_and_fan_rest_between_readings_where_configured():
    dusty = Dusty()
    part = dusty.part(sleeps=True, warm_s=15)
    assert part.works_ms == 15000 and dusty.part().works_ms is None
    for _ in range(2):
        begun = dusty.machine.time.now
        assert dusty.read(part) == decode(DATA)
        assert dusty.asleep
        assert 15000 <= dusty.machine.time.now - begun < 20000
        dusty.machine.time.now += 130000


def test_it_rests_after_a_reading_that_failed_too():
    dusty = Dusty()
    part = dusty.part(sleeps=True)
    dusty.read(part)
    real = dusty.machine.script
    dusty.machine.script = lambda request, setting: [] if QUERY in request else real(request, setting)
    with raises(SensorFault, "silent"):
        dusty.read(part)
    assert dusty.machine.sent[-1] == SLEEP


def test_a_part_that_is_not_there_is_silent():
    machine = Machine()
    part = Sds011(Wiring(BOARD, machine, machine.time).bus("air"))
    for _ in range(2):
        with raises(SensorFault, "silent"):
            machine.time.run(part.read())


def test_noise_is_no_reading_and_after_it_the_second_frame_is():
    seed = Seed(23)
    hits = 0
    for _ in range(500):
        try:
            decode(seed.bytes(seed.below(200)))
            hits += 1
        except SensorFault:
            pass
        assert decode(seed.bytes(seed.below(60)) + DATA + DATA) == decode(DATA)
    assert hits <= 1


def test_the_self_test_judges_by_the_first_frame():
    dusty = Dusty()
    verdict = dusty.machine.time.run(part_rows(dusty.part()))
    assert [(row[0], row[5]) for row in verdict] == [("pm2_5", True), ("pm10", True)]
    assert dusty.machine.time.now < 3000
