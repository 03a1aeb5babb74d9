"""The DALI bus at its pins: answers told apart, other masters, a bus without supply, addressing, stored levels."""

from dali_wire import Chip
from lamppost.buses.dali_bus import COLLISION, NONE, VALUE, YES
from lamppost.core.faults import SensorFault
from lamppost.drivers import dali_banks
from lamppost.drivers.dali_addressing import commission
from lamppost.drivers.dali_gear import LAMP_FAILURE, LAMP_ON, POWER_CYCLE, Gear, level_of, percent_of
from raising import raises


def quiet(line):
    pass


def test_the_four_kinds_of_answer_are_told_apart():
    chip = Chip([{"address": 0}, {"address": 1, "power_on": 100}, {"address": 1, "power_on": 200}])
    bus = chip.bus()

    async def ask():
        for _ in range(30):  # timing of the answers varies
            assert (await bus.ask(0x05, 0x91)).kind == NONE
            assert (await bus.ask(0x01, 0x91)).kind == YES
            answer = await bus.ask(0x01, 0xA0)
            assert answer.kind == VALUE and answer.value == 254
            assert (await bus.ask(0x03, 0xA0)).kind == COLLISION
            assert (await bus.ask(0x03, 0x91)).any

    chip.run(ask())


def test_every_inversion_of_the_interface_works_and_a_wrong_flag_is_named():
    for tx in (False, True):
        for rx in (False, True):
            chip = Chip([{"address": 0}], tx, rx)
            assert chip.run(chip.bus(tx_inverted=tx, rx_inverted=rx).value(0x01, 0xA0)) == 254
            for wrong in ((not tx, rx), (tx, not rx), (not tx, not rx)):
                chip = Chip([{"address": 0}], tx, rx)
                with raises(SensorFault, "bus"):
                    chip.run(chip.bus(tx_inverted=wrong[0], rx_inverted=wrong[1]).value(0x01, 0xA0))


def test_answers_are_read_through_opto_couplers_that_skew_by_a_fifth():
    for fall_us, rise_us in ((83, 0), (0, 83), (28, 0), (0, 0), (60, 120)):
        chip = Chip([{"address": 0, "power_on": 0x55}], fall_us=fall_us, rise_us=rise_us, jitter_us=21)
        bus = chip.bus()

        async def ask(bus=bus):
            for level in range(1, 255, 7):
                await bus.send(0x00, level)
                assert await bus.value(0x01, 0xA0) == max(86, level)

        chip.run(ask())
        assert bus.disturbed == 0


def test_a_bus_without_supply_has_a_word_of_its_own():
    for kind in ("short", "unsupplied"):
        chip = Chip([{"address": 0}])
        chip.gears[0].fault(kind)
        with raises(SensorFault, "bus") as caught:
            chip.run(chip.bus().ask(0x01, 0x91))
        assert "no supply" in caught.error.detail
        chip.gears[0].fault("none")
        assert chip.run(chip.bus().ask(0x01, 0x91)).kind == YES


def test_a_second_master_is_waited_for_and_a_spoiled_frame_is_sent_again():
    chip = Chip([{"address": 0}])
    bus = chip.bus()
    chip.gears[0].fault("master")

    async def work():
        good = 0
        for _ in range(40):
            try:
                good += await bus.value(0x01, 0x97) == 8
            except SensorFault as fault:
                assert fault.word in ("garbled", "silent")
        return good

    assert chip.run(work()) >= 30
    assert bus.disturbed > 0


def test_nobody_there_is_silent_and_a_spoiled_answer_is_garbled():
    chip = Chip([{"address": 3}])
    with raises(SensorFault, "silent"):
        chip.run(chip.bus().value(0x01, 0x90))
    chip.gears[0].fault("noise")
    with raises(SensorFault, "garbled"):
        chip.run(chip.bus().value(0x07, 0x90))
    chip.gears[0].fault("slow", ms=40)
    with raises(SensorFault, "silent"):
        chip.run(chip.bus().value(0x07, 0x90))


def test_one_to_four_new_gears_get_addresses_of_their_own():
    for count in (1, 4):
        chip = Chip([{} for _ in range(count)])
        bus = chip.bus()
        assert chip.run(commission(bus, quiet)) == list(range(count))
        assert sorted(gear.state()["short"] for gear in chip.gears) == list(range(count))
        assert chip.run(commission(bus, quiet)) == list(range(count)), "and keep them"


def test_gear_that_has_an_address_keeps_it_when_another_is_added():
    chip = Chip([{"address": 1}, {}])
    assert chip.run(commission(chip.bus(), quiet)) == [0, 1]
    assert [gear.state()["short"] for gear in chip.gears] == [1, 0]


def test_two_gears_with_one_address_are_found_and_separated():
    chip = Chip([{"address": 0, "power_on": 100}, {"address": 0, "power_on": 200}])
    bus = chip.bus()
    lines = []
    assert chip.run(commission(bus, lines.append)) == [0, 1]
    assert sorted(gear.state()["short"] for gear in chip.gears) == [0, 1]
    assert "several gears have the short address 0" in lines[0]


def test_no_gear_and_five_gears_are_refused_in_words():
    chip = Chip([])
    with raises(SensorFault, "silent"):
        chip.run(commission(chip.bus(), quiet))
    chip = Chip([{} for _ in range(5)])
    with raises(SensorFault, "refused"):
        chip.run(commission(chip.bus(), quiet))
    chip = Chip([{"address": n} for n in range(5)])
    with raises(SensorFault, "refused"):
        chip.run(commission(chip.bus(), quiet))


def test_levels_are_stored_only_where_they_differ_and_are_read_back():
    chip = Chip([{"address": 2}])
    bus = chip.bus()
    gear = Gear(bus, 2)
    assert chip.run(gear.store("power_on", 200)) is True
    assert chip.run(gear.store("system_failure", 180)) is True
    frames = bus.frames
    assert chip.run(gear.store("power_on", 200)) is False
    assert bus.frames == frames + 1, "reading does not wear the gear's memory"
    assert chip.gears[0].state()["power_on"] == 200 and chip.gears[0].state()["failure"] == 180


def test_status_tells_of_the_lamp_and_of_a_power_cycle():
    chip = Chip([{"address": 0}])
    gear = Gear(chip.bus(), 0)
    assert chip.run(gear.status()) == LAMP_ON | POWER_CYCLE
    chip.run(gear.go_to(200))
    assert chip.run(gear.status()) == LAMP_ON
    chip.gears[0].fault("lamp")
    assert chip.run(gear.status()) == LAMP_FAILURE


def test_the_curve_is_the_standards_table():
    table = {1: 85, 3: 126, 5: 144, 10: 170, 20: 195, 25: 203, 30: 210, 40: 220, 50: 229, 60: 235, 70: 241, 75: 243,
             80: 246, 90: 250, 100: 254, 0: 0}  # fmt: skip
    assert {percent: level_of(percent) for percent in table} == table
    for percent, level in table.items():
        assert abs(percent_of(level) - percent) <= max(1, percent * 0.02)
    assert level_of(50, linear=True) == 127 and round(percent_of(127, linear=True)) == 50


def test_energy_and_diagnostics_are_read_from_the_memory_banks():
    chip = Chip([{"address": 0, "values": {"watts": 60.0, "celsius": 71}}])
    bus = chip.bus()
    gear = Gear(bus, 0)

    async def read():
        await gear.go_to(254)
        chip.sleep_ms(3600000)
        energy = dali_banks.energy(await gear.bank(*dali_banks.ENERGY))
        assert energy["p_mw"] == 60000 and 59000 <= energy["import_mwh"] <= 61000
        found = dali_banks.gear(await gear.bank(*dali_banks.GEAR))
        assert found["temperature"] == 71 and found["u_mv"] == 230000 and found["failures"] == []
        assert 3590 <= found["operating_s"] <= 3610
        chip.gears[0].fault("lamp")
        lamp = dali_banks.lamp(await gear.bank(*dali_banks.LAMP))
        assert lamp["failures"] == ["failure", "open"] and lamp["i_ma"] == 0 and lamp["temperature"] == 71
        rated = dali_banks.rated(await gear.bank(*dali_banks.RATED))
        assert rated == {"life_h": 100000, "starts": 50000, "reference_temperature": 85}
        assert await gear.bank(208, 4, 3) is None, "a bank that it does not have"

    chip.run(read())


def test_values_that_the_gear_does_not_know_are_missing():
    unknown = b"\x00" + b"\xff" * 6 + b"\xff" + b"\xff\xff\xff\xfe"
    assert dali_banks.energy(unknown) == {"import_mwh": None, "p_mw": None}
    assert dali_banks.scaled_milli(b"\x03\x00\x00\x02", 0, 3) == 2000000
    assert dali_banks.scaled_milli(b"\x7f\x00\x00\x02", 0, 3) is None
