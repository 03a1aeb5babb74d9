"""One DALI bus with this node as its only application controller: frames out, answers back, and what is wrong with it.

A line carries the frames (dali_line.py on the chip's pins, or dali_bridge.py on a UART). The bus keeps the settling
times, sends pairs within their 100 ms, repeats a frame that another master spoiled, and counts the time it took.
"""

import asyncio

from micropython import const

from ..core.faults import SensorFault
from .dali_frame import ANSWER_BITS, FORWARD_BITS, duration_us

# kinds of answer
NONE = "none"  # nothing: "no", or nobody there
YES = "yes"  # one clean 0xFF
VALUE = "value"  # any other clean byte
COLLISION = "collision"  # broken code within the window: several gears answered at once, which also means "yes"

_SETTLING_MS = const(15)  # high bus before a frame (priority 2: 14.9 to 16.1 ms)
_TRIES = const(4)
_BACKOFF_MS = const(20)


class Answer:
    """What came back after a query. value -- the byte, None where there is no clean one."""

    def __init__(self, kind, value=None):
        self.kind = kind
        self.value = value

    @property
    def any(self):
        """Somebody answered: the meaning of "yes" where several may answer at once."""
        return self.kind != NONE


def answer_of(value):
    """The Answer with that byte."""
    return Answer(YES if value == 0xFF else VALUE, value)


class DaliBus:
    """line -- exchange(value, twice, listen); random_below -- for the backoff."""

    def __init__(self, line, random_below):
        self._line = line
        self._random_below = random_below
        self._lock = asyncio.Lock()
        self.busy_ms = 0  # time that frames of this node took on the bus
        self.frames = 0
        self.disturbed = 0  # frames that came back changed: another master, or a disturbance

    async def send(self, address, code, twice=False):
        """A forward frame without an answer. Raises SensorFault bus or garbled."""
        await self._exchange(address << 8 | code, twice, False)

    async def ask(self, address, code):
        """The Answer to a query. Raises SensorFault bus or garbled."""
        return await self._exchange(address << 8 | code, False, True)

    async def value(self, address, code):
        """The byte that answers a query. Raises SensorFault also if there is none (silent) or several (garbled)."""
        answer = await self.ask(address, code)
        if answer.kind == COLLISION:
            answer = await self.ask(address, code)  # a disturbance does not come twice
        if answer.kind == NONE:
            raise SensorFault("silent", "no answer to %02x %02x" % (address, code))
        if answer.kind == COLLISION:
            raise SensorFault("garbled", "several answers to %02x %02x" % (address, code))
        return answer.value

    async def _exchange(self, value, twice, listen):
        async with self._lock:
            for attempt in range(_TRIES):
                await asyncio.sleep_ms(_SETTLING_MS + attempt * self._random_below(_BACKOFF_MS))
                answer = await self._line.exchange(value, twice, listen)
                self.frames += 2 if twice else 1
                took_us = duration_us(FORWARD_BITS) * (2 if twice else 1)
                if answer is not None and answer.any:
                    took_us += duration_us(ANSWER_BITS)
                self.busy_ms += took_us // 1000 + _SETTLING_MS
                if answer is not None:
                    return answer
                self.disturbed += 1
        raise SensorFault("garbled", "another master or a disturbance spoiled %04x, %d times" % (value, _TRIES))
