"""RS-485: the direction pin around the question, meters that share two wires, adapters that turn by themselves."""

import asyncio

from float_answers import answer, image, sealed, street
from lamppost.buses.adaptive_timeout import AdaptiveTimeout
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers.pzem004t import Pzem004t
from lamppost.drivers.sdm120 import Sdm120
from lamppost.drivers.sdm630 import Sdm630
from raising import raises
from wire import Machine

DE = 4
BOARD = {
    "meters": {"kind": "rs485", "uart": 2, "tx": 17, "rx": 16, "de": DE},
    "auto": {"kind": "rs485", "uart": 1, "tx": 27, "rx": 14},
    "air": {"kind": "uart", "uart": 2, "tx": 25, "rx": 26},
}
PZEM = bytes((0x08, 0xFC, 0x07, 0x49, 0, 0, 0x0E, 0xF5, 0, 0, 0x4A, 0xE6, 0, 3, 0x01, 0xF4, 0, 0x62, 0, 0))


def bus(machine, name="meters"):
    return Wiring(BOARD, machine, machine.time).bus(name)


def four(view):
    return len(view) == 4


def ask(line, request=b"question", baud=9600):
    return line.ask(request, 4, four, AdaptiveTimeout(100, 400), baud)


def test_the_pin_is_high_exactly_while_the_question_is_on_the_wire():
    machine = Machine()
    seen = []

    def script(request, setting):
        seen.append(list(machine.edges))
        return [(10, b"data")]

    machine.script = script
    line = bus(machine)
    assert machine.pins[DE] == ("out", 0)  # it listens before anybody is asked
    for _ in range(3):
        assert machine.time.run(ask(line)) == b"data"
    assert machine.edges == [(DE, 1), (DE, 0)] * 3
    assert [edges[-1] for edges in seen] == [(DE, 1)] * 3  # high before the first byte
    assert machine.flushed == [1, 3, 5]  # the last byte is out before it falls


def test_nothing_else_runs_between_the_question_and_the_fall_of_the_pin():
    machine = Machine(lambda request, setting: [(10, b"data")])
    line = bus(machine)
    between = []

    async def other():
        for _ in range(30):
            between.append(len(machine.edges) % 2)
            await asyncio.sleep(0)

    async def both():
        await asyncio.gather(ask(line), other())

    machine.time.run(both())
    assert set(between) == {0}


def test_the_pin_falls_also_when_the_uart_fails():
    machine = Machine(lambda request, setting: [(10, b"data")])
    line = bus(machine)
    machine.time.run(ask(line))
    machine.uarts[0].fails = OSError(116)
    with raises(SensorFault, "bus"):
        machine.time.run(ask(line))
    assert machine.edges[-1] == (DE, 0)
    machine.uarts[0].fails = None
    assert machine.time.run(ask(line)) == b"data"


def test_an_adapter_that_turns_round_by_itself_needs_no_pin():
    machine = Machine(lambda request, setting: [(10, b"data")])
    assert machine.time.run(ask(bus(machine, "auto"))) == b"data"
    assert machine.edges == [] and machine.flushed == []


def test_a_silence_of_four_characters_parts_two_questions():
    for baud, silence_ms in ((2400, 18), (9600, 4)):
        machine = Machine()
        asked = []

        def script(request, setting):
            asked.append(machine.time.now)  # noqa: B023
            return [(10, b"data")]

        machine.script = script
        line = bus(machine)
        heard = []
        for _ in range(2):
            machine.time.run(ask(line, baud=baud))
            heard.append(machine.time.now)
        assert asked[1] - heard[0] >= silence_ms


def test_meters_at_different_addresses_and_speeds_share_two_wires():
    words = {
        1: image({0: 230.0, 0x46: 50.0, 0x48: 1.0}),
        2: image({0: 231.0, 2: 232.0, 4: 233.0, 0x46: 50.0, 0x48: 2.0}),
    }
    busy = []

    def script(request, setting):
        assert not busy, "two asked at the same time"
        busy.append(request)
        if request[0] == 3:
            frame = sealed(b"\x03\x04\x14" + PZEM)
        else:
            frame = answer(request, words[request[0]])
        return [(40, frame)]

    machine = Machine(script)
    line = bus(machine)
    real = line.ask

    async def asking(*arguments):
        reply = await real(*arguments)
        busy.clear()
        return reply

    line.ask = asking
    parts = [Sdm120(line, "a", address=1), Sdm630(line, "b", address=2), Pzem004t(line, "c", address=3)]

    async def all_at_once():
        return await asyncio.gather(*[part.read() for part in parts])

    one, three, third = machine.time.run(all_at_once())
    assert one["u_mv"] == 230000 and one["imp_mwh"] == 1000000
    assert three["u3_mv"] == 233000 and three["imp_mwh"] == 2000000
    assert third["u_mv"] == 230000
    speeds = [setting["baudrate"] for _, setting in machine.opened]
    assert set(speeds) == {2400, 9600}


def test_a_silent_meter_costs_its_neighbour_no_reading():
    words = {2: image({0: 231.0, 0x46: 50.0})}
    machine = Machine(street(words))
    line = bus(machine)
    dead, alive = Sdm120(line, "dead", address=1), Sdm120(line, "alive", address=2)
    for _ in range(5):
        with raises(SensorFault, "silent"):
            machine.time.run(dead.read())
        assert machine.time.run(alive.read())["u_mv"] == 231000
    assert (dead.timeout.silent, alive.timeout.silent) == (5, 0)


def test_a_part_of_the_same_uart_takes_turns_with_the_bus():
    machine = Machine(lambda request, setting: [(10, b"data")])
    wiring = Wiring(BOARD, machine, machine.time)
    meters, air = wiring.bus("meters"), wiring.bus("air")

    async def both():
        return await asyncio.gather(ask(meters), ask(air, baud=115200), ask(meters))

    assert machine.time.run(both()) == [b"data"] * 3
    assert machine.edges == [(DE, 1), (DE, 0)] * 2  # the pin does not move for the other part
    turns = [(setting["tx"], setting["baudrate"]) for _, setting in machine.opened]
    assert turns == [(17, 9600), (25, 115200), (17, 9600)]
