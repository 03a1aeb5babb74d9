"""Modbus RTU: the question, and the whole answer found wherever it stands among the bytes that came."""

from collections import namedtuple

from micropython import const

from ..core import crc
from ..core.faults import SensorFault

_QUESTION = const(8)  # bytes; an answer never has eight, since its data are whole registers
_LAST_ADDRESS = const(248)
_READS = (3, 4)  # functions that read registers

# data -- of an answer: its bytes; of a question: (first register, how many); of a refusal: the exception's code
Frame = namedtuple("Frame", ("kind", "address", "function", "data"))


def request(address, function, start, count):
    """The eight bytes that ask `address` for `count` registers from `start`."""
    frame = bytearray(8)
    frame[0] = address
    frame[1] = function
    frame[2] = start >> 8
    frame[3] = start & 0xFF
    frame[4] = count >> 8
    frame[5] = count & 0xFF
    check = crc.modbus(frame, 0, 6)
    frame[6] = check & 0xFF
    frame[7] = check >> 8
    return bytes(frame)


def find(reply, address, function, size):
    """Offset of the first frame with a good CRC in which `address` (None: anybody) answers `function`, or -1.

    Such a frame holds `size` data bytes, or the code of an exception.
    """
    for at in range(len(reply) - 4):
        if address is not None and reply[at] != address:
            continue
        code = reply[at + 1]
        if code == function and reply[at + 2] == size:
            end = at + 3 + size
        elif code == function | 0x80:
            end = at + 3
        else:
            continue
        if end + 2 <= len(reply) and crc.modbus(reply, at, end) == reply[end] | reply[end + 1] << 8:
            return at
    return -1


def check(reply, address, function, size):
    """The `size` data bytes of the answer in `reply`, which may stand among noise.

    address -- of the part, or None to take an answer from any. Raises SensorFault silent, garbled, refused
    (with the exception's code) or foreign.
    """
    if not reply:
        raise SensorFault("silent")
    at = find(reply, address, function, size)
    if at < 0:
        at = find(reply, None, function, size)
        if at >= 0:
            raise SensorFault("foreign", "an answer from address %d" % reply[at])
        others = frames(reply)
        if others:
            raise SensorFault("foreign", "%s of address %d" % (_words(others[-1]), others[-1].address))
        raise SensorFault("garbled", "no whole frame in %d bytes" % len(reply))
    if reply[at + 1] != function:
        raise SensorFault("refused", "Modbus exception %d" % reply[at + 2])
    return bytes(reply[at + 3 : at + 3 + size])


def frames(data):
    """Every whole frame in `data` that reads registers, in order: [Frame]."""
    found = []
    at = 0
    while at + 5 <= len(data):
        frame, size = _frame(data, at)
        if frame:
            found.append(frame)
        at += size
    return found


def answers(data, functions=_READS):
    """[(first register or None, data bytes)] of the answers of one meter in a capture.

    The first register is known where the question stands before its answer. Raises SensorFault silent, garbled,
    refused, or foreign: answers of two meters, or none to one of the functions.
    """
    if not data:
        raise SensorFault("silent")
    found = frames(data)
    if not found:
        raise SensorFault("garbled", "no whole frame in %d bytes" % len(data))
    told = [frame for frame in found if frame.kind != "question"]
    addresses = sorted({frame.address for frame in told})
    if len(addresses) > 1:
        raise SensorFault("foreign", "answers of addresses %s; give those of one" % " and ".join(map(str, addresses)))
    named, question = [], None
    for frame in found:
        if frame.kind == "question":
            question = frame
        elif frame.kind == "answer" and frame.function in functions:
            asked = question and question.address == frame.address and question.function == frame.function
            known = asked and 2 * question.data[1] == len(frame.data)
            named.append((question.data[0] if known else None, frame.data))
            question = None
    if not named:
        for frame in told:
            if frame.kind == "refusal":
                raise SensorFault("refused", "Modbus exception %d" % frame.data)
        raise SensorFault("foreign", _words(found[-1]))
    return named


def _frame(data, at):
    """(Frame or None, bytes to go on by)."""
    address, function = data[at], data[at + 1]
    if 0 < address <= _LAST_ADDRESS:
        if function in _READS:
            if _sealed(data, at, _QUESTION):
                register, count = data[at + 2] << 8 | data[at + 3], data[at + 4] << 8 | data[at + 5]
                return Frame("question", address, function, (register, count)), _QUESTION
            size = data[at + 2] + 5
            if size > 5 and _sealed(data, at, size):
                return Frame("answer", address, function, bytes(data[at + 3 : at + size - 2])), size
        elif function & 0x7F in _READS and _sealed(data, at, 5):
            return Frame("refusal", address, function & 0x7F, data[at + 2]), 5
    return None, 1


def _sealed(data, at, size):
    """True if a frame of so many bytes with a good CRC stands there."""
    end = at + size - 2
    return end + 2 <= len(data) and crc.modbus(data, at, end) == data[end] | data[end + 1] << 8


def _words(frame):
    if frame.kind == "question":
        return "a question without its answer"
    if frame.kind == "refusal":
        return "a refusal"
    return "an answer of %d registers to function %d" % (len(frame.data) // 2, frame.function)
