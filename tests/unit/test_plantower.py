"""The PMS sensors against frames recorded from real ones, and through waking, warming, noise and silence."""

from captured import rows
from ground import Seed
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers import plantower, pms3003, pms5003, pms5003t
from lamppost.drivers.pms3003 import Pms3003
from lamppost.drivers.pms5003 import Pms5003
from lamppost.drivers.pms5003t import Pms5003t
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine

BOARD = {"air": {"kind": "uart", "uart": 2, "tx": 25, "rx": 26}}
OF_5003 = [frame for _, frame in rows("PMS5003/PMS7003")]
OF_5003T = [frame for _, frame in rows("PMS5003T", "frame")]
OF_3003 = [frame for _, frame in rows("PMS3003")]
DECODERS = ((pms5003, OF_5003), (pms5003t, OF_5003T), (pms3003, OF_3003))


def frame(*values):
    """A whole frame with these words."""
    head = bytes((0x42, 0x4D, 0, 2 * len(values) + 2)) + b"".join([value.to_bytes(2, "big") for value in values])
    return head + sum(head).to_bytes(2, "big")


def dust(machine, kind=Pms5003, **options):
    return kind(Wiring(BOARD, machine, machine.time).bus("air"), **options)


def sending(*answers):
    """A machine with a part that, once woken, sends one of the answers (the last for ever) to each look at it."""
    answers = list(answers)
    machine = Machine()
    make = machine.UART

    def opened(number, **setting):
        uart = make(number, **setting)
        any_, flush = uart.any, [0]

        def looked():
            if machine.sent and not uart.coming and machine.time.now > flush[0] + 500:
                flush[0] = machine.time.now
                uart.feed([(0, answers.pop(0) if len(answers) > 1 else answers[0])])
            return any_()

        uart.any = looked
        return uart

    machine.UART = opened
    return machine


def test_every_recorded_frame_reads_as_recorded():
    seen = 0
    for name, module in (("PMS5003/PMS7003", pms5003), ("PMS5003T", pms5003t), ("PMS3003", pms3003)):
        for row, data in rows(name, "frame"):
            told = row["decoded"]
            reading = module.decode(b"\x00\x42\x4d" + data + b"\x42\x4d\x00\x1c\x00")
            wanted = {"pm1": "pm01", "pm2_5": "pm25", "pm10": "pm10", "t": "temp", "rh": "rhum"}
            wanted = {ours: round(10 * float(told[theirs])) for ours, theirs in wanted.items() if theirs in told}
            assert reading == wanted
            seen += 1
    assert seen == 18


def test_the_recorded_stream_fragment_of_a_wrong_mode_is_refused():
    row, data = rows("PMS5003T", "stream fragment")[0]
    assert row["checksum_ok"] is False
    with raises(SensorFault, "garbled"):
        pms5003t.decode(data)


def test_the_masses_of_the_open_air_count_and_not_those_of_a_hall():
    reading = pms5003.decode(frame(1, 2, 3, 40, 50, 60, 0, 0, 0, 0, 0, 0, 0x9700))
    assert reading == {"pm1": 400, "pm2_5": 500, "pm10": 600}


def test_the_newest_of_several_frames_counts():
    assert pms5003.decode(OF_5003[0] + OF_5003[1] + OF_5003[2][:20]) == pms5003.decode(OF_5003[1])


def test_nothing_is_silence_and_cuts_and_flips_are_garbled():
    for module, frames in DECODERS:
        with raises(SensorFault, "silent"):
            module.decode(b"")
        for at in range(1, len(frames[0])):
            with raises(SensorFault, "garbled"):
                module.decode(frames[0][:at])
            bad = bytearray(frames[0])
            bad[at] ^= 0x10
            with raises(SensorFault, "garbled"):
                module.decode(bytes(bad))


def test_another_model_is_foreign():
    with raises(SensorFault, "foreign"):
        pms3003.decode(OF_5003[0])
    with raises(SensorFault, "foreign"):
        pms5003.decode(OF_3003[0])
    with raises(SensorFault, "foreign"):
        pms5003t.decode(OF_5003[0])  # few coarse particles would be 0 Cel and 0 %


def test_what_the_part_cannot_mean_is_out_of_range_and_its_own_error_is_told():
    with raises(SensorFault, "range"):
        pms5003.decode(frame(0, 0, 0, 0, 0xFFFF, 0, 0, 0, 0, 0, 0, 0, 0x9700))
    reading = pms5003t.decode(frame(0, 0, 0, 4, 5, 6, 0, 0, 0, 0, 212, 1001, 0x9A00))
    assert reading == {"t": 212, "rh": None, "pm1": 40, "pm2_5": 50, "pm10": 60}
    with raises(SensorFault, "refused"):
        pms5003.decode(frame(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x9702))


def test_frost_is_below_zero():
    assert pms5003t.decode(frame(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 65536 - 85, 900, 0x9A00))["t"] == -85


def test_the_commands_are_the_manuals():
    assert plantower.command(0xE1, 0) == bytes.fromhex("424DE100000170")
    assert plantower.command(0xE4, 0) == bytes.fromhex("424DE400000173")


def test_it_is_woken_once_and_its_values_count_after_the_warm_up():
    machine = sending(*OF_5003)
    part = dust(machine)
    with raises(SensorFault, "warming"):
        machine.time.run(part.read())
    assert machine.sent == [Pms5003.WAKE]
    machine.time.now += 31000
    assert machine.time.run(part.read())["pm2_5"] >= 60
    assert machine.sent == [Pms5003.WAKE]
    assert machine.opened[0][1]["baudrate"] == 9600


def test_one_that_was_silent_is_woken_and_warms_up_anew():
    machine = sending(OF_3003[0])
    part = dust(machine, Pms3003)
    for _ in range(2):
        with raises(SensorFault, "warming"):
            machine.time.run(part.read())
    machine.time.now += 31000
    machine.time.run(part.read())
    uart = machine.uarts[0]
    looked, uart.any = uart.any, lambda: 0
    with raises(SensorFault, "silent"):
        machine.time.run(part.read())
    uart.any = looked
    with raises(SensorFault, "warming"):
        machine.time.run(part.read())
    assert machine.sent == [Pms3003.WAKE] * 2


def test_a_part_that_is_not_there_is_silent_within_the_time_out():
    machine = Machine()
    part = dust(machine)
    for _ in range(3):
        begun = machine.time.now
        with raises(SensorFault, "silent"):
            machine.time.run(part.read())
        assert machine.time.now - begun < 5000
    assert part.timeout.silent == 3


def test_after_any_noise_it_is_in_step_within_two_frames():
    seed = Seed(21)
    for module, frames in DECODERS:
        for _ in range(200):
            good = frames[seed.below(len(frames))]
            assert module.decode(seed.bytes(seed.below(60)) + good + good) == module.decode(good)


def test_noise_alone_is_never_a_reading():
    seed = Seed(22)
    for module, _ in DECODERS:
        for _ in range(300):
            with raises(SensorFault):
                module.decode(seed.bytes(seed.below(200)))


def test_the_self_test_judges_by_the_first_frame():
    machine = sending(OF_5003T[0])
    verdict = machine.time.run(part_rows(dust(machine, Pms5003t)))
    assert [row[0] for row in verdict] == ["pm2_5", "pm10", "t", "rh"]
    assert {row[5] for row in verdict} == {True}
    assert machine.time.now < 3000


def test_a_pms5003t_whose_climate_cell_died_still_measures_particles():
    alive = frame(0, 0, 0, 4, 5, 6, 0, 0, 0, 0, 212, 480, 0x9A00)
    dead = frame(0, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0x9A00)
    machine = sending(alive, dead)
    part = dust(machine, Pms5003t, warm_s=0)
    assert machine.time.run(part.read())["rh"] == 480
    reading = machine.time.run(part.read())
    assert reading == {"t": None, "rh": None, "pm1": 40, "pm2_5": 50, "pm10": 60}


def test_a_longer_frame_and_an_answer_to_a_command_are_foreign():
    for other in (frame(*range(17)), plantower.command(0xE1, 1)[:2] + b"\x00\x04\xe1\x01\x01\x75"):
        for module in (pms3003, pms5003, pms5003t):
            with raises(SensorFault, "foreign"):
                module.decode(b"\x00\x42" + other + b"\x4d")
