"""DALI of the virtual lamppost: the firmware's bus, on the chip's RMT and time_pulse_us, talks to gear."""

import pytest
from lamplighter.device.repl import Repl

PROGRAM = """
import asyncio, esp32, machine, sys, time
sys.path.insert(0, '/a')
from lamppost.buses.wiring import Wiring
from lamppost.drivers.dali_addressing import commission
from lamppost.drivers.dali_gear import Gear
from lamppost.core.faults import SensorFault
import json
with open('/board.json') as file:
    board = json.load(file)
bus = Wiring(board['buses'], machine, time).dali('dali', esp32, lambda n: n // 2)
async def go():
    found = await commission(bus, lambda line: None)
    print('gears', found)
    for short in found:
        gear = Gear(bus, short)
        await gear.go_to(200 + short)
        print('gear', short, await gear.store('power_on', 190), await gear.status(), await gear.level())
def tell():
    try:
        asyncio.run(go())
    except SensorFault as fault:
        print('fault', fault)
tell()
"""


def scenario(tmp_path, rows, addressed=False):
    file = tmp_path / "dali.toml"
    part = '[[parts]]\nid = "gear-{0}"\npart = "dali_gear"\nbus = "dali"\n' + "address = {0}\n" * addressed
    file.write_text("".join(part.format(n) for n in range(rows)))
    return file


@pytest.mark.parametrize("fast", [False, True], ids=["real time", "fast time"])
def test_gear_is_addressed_and_set_by_the_chips_own_peripherals(virtual_lamppost, tmp_path, fast):
    lamp = virtual_lamppost(scenario=scenario(tmp_path, 2, addressed=not fast), fast=fast)
    with Repl(str(lamp.port)) as repl:
        text = repl.run(PROGRAM, within=60)
        assert "gears [0, 1]" in text
        # 4: the lamp is on, and no power cycle since a level was set
        assert "gear 0 True 4 200" in text and "gear 1 True 4 201" in text
        lamp.part("gear-1").fault("short")
        assert "fault bus: the DALI bus is low" in repl.run("tell()", within=60)


def test_addresses_and_levels_outlive_a_power_cut_and_the_gear_tells_of_it(virtual_lamppost, tmp_path):
    lamp = virtual_lamppost(scenario=scenario(tmp_path, 1), fast=True)
    with Repl(str(lamp.port)) as repl:
        assert "gear 0 True 4 200" in repl.run(PROGRAM, within=60)
    lamp.power_off()
    lamp.power_on()
    with Repl(str(lamp.port)) as repl:
        text = repl.run(PROGRAM.replace("await gear.go_to(200 + short)", "pass"), within=60)
    assert "gear 0 False 132 190" in text, "the stored level, lamp on, and the bit of a power cycle"
