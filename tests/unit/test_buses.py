"""Lines that share a hardware UART, and what is done when a bus fails."""

import asyncio

from lamppost.buses.adaptive_timeout import AdaptiveTimeout
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from raising import raises
from wire import Machine, stream

BOARD = {
    "meter": {"kind": "uart", "uart": 2, "tx": 17, "rx": 16},
    "air": {"kind": "uart", "uart": 2, "tx": 25, "rx": 26},
    "parking": {"kind": "uart", "uart": 1, "tx": 27, "rx": 14},
}


def lines(machine):
    wiring = Wiring(BOARD, machine, machine.time)
    return wiring.bus("meter"), wiring.bus("air"), wiring.bus("parking")


def four(view):
    return len(view) == 4


def ask(line, request=b"ask", whole=four, timeout=None, baud=9600):
    return line.ask(request, 4, whole, timeout or AdaptiveTimeout(100, 400), baud)


def test_lines_of_one_uart_take_turns_with_their_own_pins_and_speed():
    machine = Machine(stream(b"data"))
    meter, air, parking = lines(machine)

    async def both():
        return await asyncio.gather(ask(meter), ask(air, baud=115200), ask(meter), ask(parking))

    assert machine.time.run(both()) == [b"data"] * 4
    assert [number for number, _ in machine.opened if number] == [2, 1]
    turns = [(setting["tx"], setting["rx"], setting["baudrate"]) for _, setting in machine.opened]
    assert [turn for turn in turns if turn[0] != 27] == [(17, 16, 9600), (25, 26, 115200), (17, 16, 9600)]


def test_the_line_that_is_left_rests_at_idle_high():
    machine = Machine(stream(b"data"))
    meter, air, _ = lines(machine)
    assert machine.pins == {17: ("out", 1), 25: ("out", 1), 27: ("out", 1)}  # before anybody was asked
    machine.time.run(ask(meter))
    machine.pins.clear()
    machine.time.run(ask(air))
    assert machine.pins == {17: ("out", 1)}


def test_the_same_line_is_not_set_up_twice():
    machine = Machine(stream(b"data"))
    meter, _, _ = lines(machine)
    for _ in range(3):
        machine.time.run(ask(meter))
    assert len(machine.opened) == 1


def test_stale_bytes_are_dropped_before_the_question():
    machine = Machine(stream(b"data"))
    meter, _, _ = lines(machine)
    machine.time.run(ask(meter))
    machine.uarts[0].feed([(0, b"late" * 100)])
    assert machine.time.run(ask(meter)) == b"data"


def test_an_answer_in_pieces_is_gathered():
    machine = Machine(lambda request, setting: [(10, b"d"), (30, b"at"), (50, b"a")])
    assert machine.time.run(ask(lines(machine)[0])) == b"data"


def test_a_broken_answer_is_given_to_the_decoder_after_the_time_out():
    machine = Machine(stream(b"dat"))
    timeout = AdaptiveTimeout(100, 400)
    assert machine.time.run(ask(lines(machine)[0], timeout=timeout)) == b"dat"
    assert (timeout.garbled, timeout.silent, timeout.answers) == (1, 0, 0)
    assert machine.time.now < 150


def test_endless_babble_ends_in_bounded_time_with_the_newest_bytes():
    machine = Machine(lambda request, setting: [(n, bytes((n & 127,)) * 9) for n in range(3000)])
    answer = machine.time.run(ask(lines(machine)[0], timeout=AdaptiveTimeout(300, 300)))
    assert machine.time.now < 400
    assert len(answer) <= 256
    assert answer[-1] >= (machine.time.now - 8) & 127


def test_a_driver_error_is_a_bus_fault_and_the_line_is_set_up_again():
    machine = Machine(stream(b"data"))
    meter, _, _ = lines(machine)
    machine.time.run(ask(meter))
    machine.uarts[0].fails = OSError(5)
    with raises(SensorFault, "bus"):
        machine.time.run(ask(meter))
    machine.uarts[0].fails = None
    assert machine.time.run(ask(meter)) == b"data"
    assert len(machine.opened) == 2


def test_a_bus_that_the_board_lacks_is_named():
    with raises(SensorFault, "bus") as caught:
        Wiring(BOARD, Machine(), None).bus("canteen")
    assert "canteen" in caught.error.detail


def test_the_time_out_doubles_on_a_miss_and_never_leaves_its_limits():
    timeout = AdaptiveTimeout(100, 700)
    seen = []
    for _ in range(4):
        timeout.missed(0)
        seen.append(timeout.ms)
    assert seen == [200, 400, 700, 700]
    for _ in range(60):
        timeout.answered(5)
    assert timeout.ms == 100


def test_the_time_out_settles_at_three_times_what_the_part_needs():
    timeout = AdaptiveTimeout(100, 2000)
    timeout.answered(300)
    assert timeout.ms == 900
    for _ in range(60):
        timeout.answered(100)
    assert timeout.ms == 300
