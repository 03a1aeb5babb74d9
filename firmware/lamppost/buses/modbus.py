"""Modbus RTU: the question, and the whole answer found wherever it stands among the bytes that came."""

from ..core import crc
from ..core.faults import SensorFault


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
        if at < 0:
            raise SensorFault("garbled", "no whole frame in %d bytes" % len(reply))
        raise SensorFault("foreign", "an answer from address %d" % reply[at])
    if reply[at + 1] != function:
        raise SensorFault("refused", "Modbus exception %d" % reply[at + 2])
    return bytes(reply[at + 3 : at + 3 + size])
