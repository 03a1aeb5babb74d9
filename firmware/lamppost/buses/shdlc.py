"""SHDLC, Sensirion's frames on a UART: stuffed, checked, and found wherever they stand among the bytes."""

from micropython import const

from ..core.faults import SensorFault

_FLAG = const(0x7E)
_ESCAPE = const(0x7D)
_STUFFED = b"\x7e\x7d\x11\x13"


def request(address, command, data=b""):
    """The stuffed frame that sends `command` with `data` to `address`."""
    plain = bytes((address, command, len(data))) + data
    frame = bytearray(b"\x7e")
    for byte in plain + bytes((~sum(plain) & 0xFF,)):
        if byte in _STUFFED:
            frame.append(_ESCAPE)
            byte ^= 0x20
        frame.append(byte)
    frame.append(_FLAG)
    return bytes(frame)


def _unstuffed(stuffed):
    """The bytes between two flags as they were meant, or None if they are no answer with a good sum."""
    frame = bytearray()
    flip = 0
    for byte in stuffed:
        if byte == _ESCAPE:
            flip = 0x20
            continue
        frame.append(byte ^ flip)
        flip = 0
    if len(frame) < 5 or frame[3] != len(frame) - 5 or sum(frame) & 0xFF != 0xFF:
        return None
    return frame


def frames(reply):
    """Every whole answer in `reply`: address, command, state, length, data..., sum.

    A flag may end one frame and start the next, and noise may hold flags: so each stretch between two
    flags is tried.
    """
    found = []
    start = -1
    for at in range(len(reply)):
        if reply[at] == _FLAG:
            frame = _unstuffed(reply[start + 1 : at]) if start >= 0 else None
            if frame:
                found.append(frame)
            start = at
    return found


def whole(reply):
    """True if there is a whole answer in `reply`."""
    return bool(frames(reply))


def check(reply, command, address=0):
    """The data of the newest answer to `command`. Raises SensorFault silent, garbled, refused or foreign."""
    if not reply:
        raise SensorFault("silent")
    found = frames(reply)
    if not found:
        raise SensorFault("garbled", "no whole frame in %d bytes" % len(reply))
    wanted = [frame for frame in found if frame[0] == address and frame[1] == command]
    frame = (wanted or found)[-1]
    if frame[2]:
        raise SensorFault("refused", "command 0x%02x, state 0x%02x" % (frame[1], frame[2]))
    if not wanted:
        raise SensorFault("foreign", "an answer to command 0x%02x" % frame[1])
    return bytes(frame[4:-1])
