"""DALI by a bridge on a UART: the lines that go out, the four answers, and what is no answer."""

from ground import Seed
from lamppost.buses import dali_bridge
from lamppost.buses.dali_bus import COLLISION, NONE, VALUE, YES
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from raising import raises
from wire import Machine

BOARD = {"air": {"kind": "uart", "uart": 2, "tx": 25, "rx": 26}}


def bus(says):
    """A DALI bus by a bridge that answers each line with says(line)."""
    machine = Machine(lambda request, setting: [(20, says(request))])
    return Wiring(BOARD, machine, machine.time).dali("air", None, lambda n: 0), machine


def test_a_frame_is_one_line_and_a_pair_another():
    one, machine = bus(lambda line: b"N\n")

    async def send():
        await one.send(0xFE, 0x80)
        await one.send(0x01, 0x2D, twice=True)

    machine.time.run(send())
    assert machine.sent == [b"hFE80\n", b"t012D\n"]
    assert machine.opened[0][1]["baudrate"] == 19200


def test_the_four_kinds_of_answer_are_told_apart():
    for said, kind, value in (
        (b"N\n", NONE, None), (b"JFF\n", YES, 0xFF), (b"J04\n", VALUE, 4), (b"X\n", COLLISION, None),
        (b"Z\r\n", COLLISION, None),
    ):  # fmt: skip
        one, machine = bus(lambda line, said=said: said)
        answer = machine.time.run(one.ask(0x01, 0xA0))
        assert (answer.kind, answer.value) == (kind, value)


def test_a_frame_that_collides_is_sent_again():
    lines = []

    def says(line):
        lines.append(line)
        return b"X\n" if len(lines) < 3 else b"N\n"

    one, machine = bus(says)
    machine.time.run(one.send(0xFE, 0x00))
    assert len(lines) == 3 and one.disturbed == 2


def test_a_bridge_that_is_silent_or_talks_nonsense_is_named():
    one, machine = bus(lambda line: b"")
    with raises(SensorFault, "silent"):
        machine.time.run(one.ask(0x01, 0xA0))
    one, machine = bus(lambda line: b"hello\n")
    with raises(SensorFault, "garbled"):
        machine.time.run(one.ask(0x01, 0xA0))


def test_no_bytes_of_a_bridge_raise_anything_but_a_fault():
    seed = Seed(5)
    for _ in range(2000):
        said = bytes([b"JNXZ0F\n\r\x00\xff"[seed.below(10)] for _ in range(seed.below(8))])
        try:
            dali_bridge.decode(said)
        except SensorFault as fault:
            assert fault.word == "garbled"
