"""DALI by a bridge on a UART that speaks the text protocol of the ATX LED adapters: 19200 baud, one line a frame.

hAACC sends a frame, tAACC a pair. The bridge answers N (no answer), Jxx (the byte), X or Z (collision), and keeps all
times of the bus itself.
"""

from micropython import const

from ..core.faults import SensorFault
from .adaptive_timeout import AdaptiveTimeout
from .dali_bus import COLLISION, NONE, Answer, answer_of

_BAUD = const(19200)
_WANT = const(4)  # bytes of an answer: J, two digits, line feed


class DaliBridge:
    """port -- buses/uart.py's Line."""

    def __init__(self, port):
        self._port = port
        self._timeout = AdaptiveTimeout(150, 600)

    async def exchange(self, value, twice, listen):
        """As DaliLine.exchange has it."""
        request = b"%s%04X\n" % (b"t" if twice else b"h", value)
        said = await self._port.ask(request, _WANT, _is_whole, self._timeout, _BAUD)
        answer = decode(said)
        if answer.kind == COLLISION and not listen:
            return None  # the frame itself collided
        return answer


def _is_whole(view):
    return len(view) > 0 and view[-1] == 10


def decode(said):
    """The Answer in what the bridge said. Raises SensorFault garbled."""
    for line in bytes(said).split(b"\n"):
        line = line.strip()
        if line[:1] == b"N":
            return Answer(NONE)
        if line[:1] in (b"X", b"Z"):
            return Answer(COLLISION)
        if line[:1] == b"J":
            try:
                return answer_of(int(line[1:3], 16))
            except ValueError:
                pass
    raise SensorFault("garbled", "the DALI bridge said %r" % bytes(said[:16]))
