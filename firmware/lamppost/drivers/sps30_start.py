"""What an SPS30 is asked seldom by UART, its start and its status; loaded for each."""

from micropython import const

from ..core.faults import SensorFault

_FLAG = const(0x7E)
_ESCAPE = const(0x7D)
_STUFFED = b"\x7e\x7d\x11\x13"
_START, _STATUS = const(0x00), const(0xD2)
_FLOAT = b"\x01\x03"


async def begin(way):
    """Start fan and laser. A part that runs already says so."""
    try:
        await way.ask(request(0, _START, _FLOAT), _START)
    except SensorFault as fault:
        if not way.not_now(fault):
            raise


async def status(way):
    """Its register of warnings and errors."""
    return int.from_bytes((await way.ask(request(0, _STATUS, b"\x00"), _STATUS))[:4], "big")


def request(address, command, data=b""):
    """The stuffed frame of SHDLC that sends `command` with `data` to `address`."""
    plain = bytes((address, command, len(data))) + data
    frame = bytearray(b"\x7e")
    for byte in plain + bytes((~sum(plain) & 0xFF,)):
        if byte in _STUFFED:
            frame.append(_ESCAPE)
            byte ^= 0x20
        frame.append(byte)
    frame.append(_FLAG)
    return bytes(frame)
