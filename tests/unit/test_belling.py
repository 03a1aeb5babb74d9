"""BL0942 and BL0940 against captured packets, and over a scripted wire."""

from binascii import unhexlify

from captured import rows
from ground import Seed
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers import belling, bl0940, bl0942
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine, stream

BOARD = {"meter": {"kind": "uart", "uart": 2, "tx": 17, "rx": 16}}
NOISY = "as received, with line noise before (and after) the packet: "


def whole(row, packet, command=0x58):
    """The packet with the sum that the log of its source left out."""
    if row["checksum_ok"]:
        return packet
    assert len(packet) == 22
    return packet + bytes((~(command + sum(packet)) & 0xFF,))


def meter(kind, machine, **options):
    return kind(Wiring(BOARD, machine, machine.time).bus("meter"), "meter", **options)


def near(value, told, parts=10000):
    return abs(value - told) * parts <= abs(told) + parts


def test_every_captured_bl0942_packet_reads_as_recorded():
    seen = 0
    for row, packet in rows("BL0942", "response"):
        raw = row["decoded"] if row["checksum_ok"] else row["computed"]
        reading = bl0942.decode(whole(row, packet))
        assert near(reading["u_mv"], raw["v_rms"] * 1218 * 1950510 / (73989 * 510 * 1000))
        assert near(reading["i_ma"], raw["i_rms"] * 1218 / 305978)
        assert near(reading["p_mw"], raw["watt"] * 1.218 * 1.218 * 1950510 / (3537 * 510))
        assert reading["f_mhz"] == 1000000000 // raw["freq_reg"]
        assert near(reading["imp_mwh"], raw["cf_cnt"] * 186.9, 1000)
        seen += 1
    assert seen == 8


def test_the_bulb_of_the_captures_draws_its_forty_watts_backwards():
    row, packet = [pair for pair in rows("BL0942", "response") if pair[0].get("computed")][0]
    reading = bl0942.decode(whole(row, packet))
    assert (reading["u_mv"] // 1000, reading["i_ma"], reading["p_mw"] // 1000, reading["pf"]) == (224, 189, -43, -100)
    with raises(SensorFault, "garbled"):
        bl0942.decode(packet)  # without its sum it is no packet


def test_packets_are_found_in_the_noise_that_they_came_with():
    seen = 0
    for row, packet in rows("BL0942", "response"):
        note = row.get("note", "")
        if note.startswith(NOISY):
            received = unhexlify(note[len(NOISY) :].replace(" ", ""))
            assert received != packet
            assert bl0942.decode(received) == bl0942.decode(packet)
            seen += 1
    assert seen == 4


def test_the_question_is_the_captured_one_and_its_address_is_in_the_sum():
    packet = rows("BL0942", "response")[0][1]
    machine = Machine(stream(packet))
    part = meter(bl0942.Bl0942, machine)
    reading = machine.time.run(part.read())
    assert machine.sent == [rows("BL0942", "request")[0][1]]
    assert machine.opened[0][1]["baudrate"] == 4800
    assert sorted(reading) == sorted(bl0942.Bl0942.QUANTITIES)
    second = meter(bl0942.Bl0942, machine, address=2)
    with raises(SensorFault, "foreign"):
        machine.time.run(second.read())
    assert machine.sent[-1] == b"\x5a\xaa"
    machine.script = stream(packet[:-1] + bytes((packet[-1] - 2,)))
    assert machine.time.run(second.read()) == reading


def test_every_cut_and_every_flipped_bit_is_garbled():
    packet = rows("BL0942", "response")[0][1]
    for end in range(1, len(packet)):
        with raises(SensorFault, "garbled"):
            bl0942.decode(packet[:end])
    for bit in range(8, 8 * len(packet)):
        broken = bytearray(packet)
        broken[bit // 8] ^= 1 << bit % 8
        with raises(SensorFault):
            bl0942.decode(broken, 0)


def test_pure_noise_is_never_a_packet():
    seed = Seed(21)
    for _ in range(1500):
        noise = bytes([0x55 if byte < 8 else byte for byte in seed.bytes(120)])
        for decode in (bl0942.decode, bl0940.decode):
            with raises(SensorFault):
                decode(noise)


def test_the_board_s_resistors_scale_what_is_read():
    packet = whole(*[pair for pair in rows("BL0942", "response") if pair[0].get("computed")][0])
    machine = Machine(stream(packet))
    usual = machine.time.run(meter(bl0942.Bl0942, machine).read())
    half = machine.time.run(meter(bl0942.Bl0942, machine, shunt_uohm=2000).read())
    assert near(half["i_ma"] * 2, usual["i_ma"], 100) and near(half["p_mw"] * 2, usual["p_mw"], 1000)
    other = machine.time.run(meter(bl0942.Bl0942, machine, top_ohm=975000).read())
    assert near(other["u_mv"] * 2, usual["u_mv"], 1000)


def test_the_full_counter_is_exact_beyond_32_bits():
    values = belling.reading(0, 0, 0, 0xFFFFFF, (73989, 305978, 3537), (1000, 1950000, 510))
    more = belling.reading(0, 0, 0, 0xFFFFFE, (73989, 305978, 3537), (1000, 1950000, 510))
    assert values["imp_mwh"] > 3 * 10**9
    assert 186 <= values["imp_mwh"] - more["imp_mwh"] <= 187


def test_its_energy_is_told_to_be_volatile():
    for kind in (bl0942.Bl0942, bl0940.Bl0940):
        assert kind.VOLATILE and kind.WRAP_MWH == 0


def test_every_captured_bl0940_packet_reads_as_recorded():
    seen = 0
    for row, packet in rows("BL0940", "response"):
        told = row["decoded"]
        reading = bl0940.decode(b"\x55\x00" + packet + b"\x55")
        assert reading["t"] == round(told["temp_C"] * 10)
        assert near(reading["u_mv"], told["v_rms"] * 1218 * 1950981 / (79931 * 981 * 1000))
        assert near(reading["i_ma"], told["i_rms"] * 1218 / 324004 / 1.034)
        assert near(reading["p_mw"], told["watt"] * 1.218 * 1.218 * 1950981 / (4046 * 981) / 1.034)
        # the plug's own reference values, found with a meter: 33000 a V, 275000 an A, 1430 a W
        assert near(reading["u_mv"], told["v_rms"] / 33, 1000)
        assert near(reading["i_ma"], told["i_rms"] / 275, 500)
        assert near(reading["p_mw"], told["watt"] / 1.43, 100)
        seen += 1
    assert seen == 2


def test_a_bl0940_is_asked_with_its_own_command_and_its_relative_is_foreign():
    machine = Machine(stream(rows("BL0940", "response")[0][1]))
    reading = machine.time.run(meter(bl0940.Bl0940, machine).read())
    assert machine.sent == [b"\x50\xaa"]
    assert sorted(reading) == sorted(bl0940.Bl0940.QUANTITIES)
    for _, packet in rows("BL0939", "response"):
        with raises(SensorFault, "foreign"):
            bl0940.decode(packet)


def test_the_self_test_says_backwards():
    packet = whole(*[pair for pair in rows("BL0942", "response") if pair[0].get("computed")][0])
    machine = Machine(stream(packet))
    verdict = {row[0]: row[5:] for row in machine.time.run(part_rows(meter(bl0942.Bl0942, machine)))}
    assert verdict["p_mw"] == (False, "backwards")
    assert verdict["u_mv"] == (True, "")


def test_silence_is_silent():
    machine = Machine()
    with raises(SensorFault, "silent"):
        machine.time.run(meter(bl0942.Bl0942, machine).read())
    assert machine.time.now < 300
