"""CSE7766 (HLW8032) against captured frames, and over a scripted stream."""

from binascii import unhexlify

from captured import rows
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers.cse7766 import Cse7766, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine

BOARD = {"meter": {"kind": "uart", "uart": 2, "tx": 17, "rx": 16}}
LOADED = unhexlify("555A02FB4800032B00404C001FCE5265C00032607102A60E")  # 240.94 V, 2.0216 A, 418.73 W, 678 pulses


def frame(pulses=678, head=0x55, adjust=0x71):
    data = bytearray(LOADED)
    data[0], data[20], data[21], data[22] = head, adjust, pulses >> 8, pulses & 0xFF
    data[23] = sum(data[2:23]) & 0xFF
    return bytes(data)


class Chip:
    """A driver on a stream that repeats one frame every 105 ms."""

    def __init__(self):
        self.frame = frame()
        self.machine = Machine()
        self.part = Cse7766(Wiring(BOARD, self.machine, self.machine.time).bus("meter"))
        self._opened = False

    def read(self):
        machine = self.machine
        if machine.uarts:
            machine.uarts[0].coming = []
            machine.uarts[0].feed([(105 * n + 40, self.frame) for n in range(8)])
        else:
            real = machine.UART

            def uart(number, **setting):
                made = real(number, **setting)
                made.feed([(105 * n + 40, self.frame) for n in range(8)])
                return made

            machine.UART = uart
        return machine.time.run(self.part.read())


def test_every_captured_frame_reads_as_recorded():
    seen = 0
    for row, data in rows("CSE7766"):
        if not row["checksum_ok"]:  # the next frame starts inside it
            with raises(SensorFault, "garbled"):
                decode(data)
            assert decode(data[:-7] + LOADED) == decode(LOADED)
            continue
        told = row["decoded"] if isinstance(row["decoded"], dict) else row["computed"]
        for noise in (b"", b"\x55\x5a", b"\x00" * 7):
            reading = decode(noise + data + noise)
            assert abs(reading["u_mv"] - told["voltage_V"] * 1000) <= 6
            assert abs(reading["i_ma"] - told["current_A"] * 1000) <= 1
            assert abs(reading["p_mw"] - (told["power_W"] or 0) * 1000) <= 6
            assert reading["imp_mwh"] == told["cf"] * told["coeff"]["p"] // 3600000
        seen += 1
    assert seen == 24


def test_every_cut_and_every_flipped_bit_is_a_fault():
    for end in range(1, 24):
        with raises(SensorFault, "garbled"):
            decode(LOADED[:end])
    for bit in range(16, 8 * 24):
        broken = bytearray(LOADED)
        broken[bit // 8] ^= 1 << bit % 8
        with raises(SensorFault, "garbled"):
            decode(broken)


def test_the_newest_of_several_frames_counts():
    assert decode(frame(1) + frame(2))["imp_mwh"] == decode(frame(2))["imp_mwh"]
    assert decode(frame(2) + frame(1)[:23])["imp_mwh"] == decode(frame(2))["imp_mwh"]


def test_what_the_chip_says_of_itself_is_a_word():
    for head, word in ((0xAA, "refused"), (0xF1, "refused"), (0xFC, "signal"), (0xF8, "signal")):
        with raises(SensorFault, word):
            decode(frame(head=head))
    with raises(SensorFault, "warming"):
        decode(frame(adjust=0x31))


def test_less_than_it_can_measure_is_no_load():
    for data in (frame(head=0xF2), frame(adjust=0x61)):
        reading = decode(data)
        assert (reading["p_mw"], reading["pf"]) == (0, 0)
        assert reading["u_mv"] == 240937


def test_it_is_listened_to_with_even_parity_and_never_asked():
    chip = Chip()
    reading = chip.read()
    assert chip.machine.sent == []
    setting = chip.machine.opened[0][1]
    assert (setting["baudrate"], setting["parity"]) == (4800, 0)
    assert sorted(reading) == sorted(Cse7766.QUANTITIES)


def test_energy_counts_pulses_from_the_start_and_over_the_end_of_the_counter():
    chip = Chip()
    chip.frame = frame(65530)
    assert chip.read()["imp_mwh"] == 0
    chip.machine.time.now += 1000
    chip.frame = frame(65534)
    assert chip.read()["imp_mwh"] == 6  # 1.5 mWh each
    chip.machine.time.now += 1000
    chip.frame = frame(6)
    assert chip.read()["imp_mwh"] == 18


def test_a_chip_that_began_anew_adds_what_it_counted_and_no_more():
    chip = Chip()
    chip.frame = frame(28000)
    chip.read()
    chip.machine.time.now += 1000
    chip.frame = frame(4)
    assert chip.read()["imp_mwh"] == 6


def test_a_counter_that_cannot_be_adds_nothing():
    chip = Chip()
    chip.frame = frame(100)
    chip.read()
    chip.machine.time.now += 1000
    chip.frame = frame(40000)
    assert chip.read()["imp_mwh"] == 0


def test_silence_and_babble_are_named():
    chip = Chip()
    chip.frame = b""
    with raises(SensorFault, "silent"):
        chip.read()
    chip.frame = b"\x55\x5a\x00"
    with raises(SensorFault, "garbled"):
        chip.read()
    chip.frame = frame()
    assert chip.read()["u_mv"] == 240937


def test_the_self_test_passes_and_names_silence():
    chip = Chip()
    chip.read()
    chip.machine.uarts[0].feed([(105 * n, chip.frame) for n in range(60)])
    assert {row[5:] for row in chip.machine.time.run(part_rows(chip.part))} == {(True, "")}
