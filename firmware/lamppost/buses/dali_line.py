"""DALI on two pins: the RMT peripheral sends, and time_pulse_us reads the own frame back and then the answer.

The RMT of MicroPython cannot receive, and pin interrupts come milliseconds late. So the node listens in one loop, and
only while its own frame and the answer to it are on the bus: 40 ms at most in which nothing else runs.
"""

import asyncio
from array import array

from micropython import const

from ..core.faults import SensorFault
from .dali_bus import COLLISION, NONE, Answer, answer_of
from .dali_frame import ANSWER_BITS, FORWARD_BITS, decode, pulses

_MOST = const(64)  # pulses: a frame of 24 bits has 50 at most
_IDLE_US = const(1700)  # high for so long: the frame is over (stop condition 2450 µs, longest high pulse 1170 µs)
_WATCH_US = const(1200)  # a frame has an edge within 834 µs
_ANSWER_US = const(11500)  # from 1.7 ms after the last edge until an answer must have begun, also that of older gear
_START_US = const(5000)  # until the own frame must be seen
_PAIR_MS = const(14)  # between the two frames of a pair
_DEAD_MS = const(50)  # low for so long: short circuit, or no supply (gear calls 45 ms a system failure)
_BUSY = const(20)  # looks at a bus that another master uses
_MICROSECOND_HZ = const(1000000)


class DaliLine:
    """machine, esp32, time -- the modules; tx, rx -- GPIO numbers.

    tx_inverted -- a high GPIO pulls the bus low (a transistor or an opto-coupler that shorts it)
    rx_inverted -- the GPIO is high while the bus is low
    """

    def __init__(self, machine, esp32, time, tx, rx, tx_inverted=False, rx_inverted=False):
        self._machine = machine
        self._time = time
        self._tx_low = 1 if tx_inverted else 0
        self._rx_low = 1 if rx_inverted else 0
        self._rx = machine.Pin(rx, machine.Pin.IN)
        pin = machine.Pin(tx, machine.Pin.OUT, value=1 - self._tx_low)
        try:
            self._rmt = esp32.RMT(0, pin=pin, resolution_hz=_MICROSECOND_HZ, idle_level=not self._tx_low)
        except TypeError:  # before MicroPython 1.26
            self._rmt = esp32.RMT(0, pin=pin, clock_div=80, idle_level=not self._tx_low)
        self._lengths = array("H", [0] * _MOST)

    async def exchange(self, value, twice, listen):
        """Send one forward frame, or a pair; the Answer, and None if the frame came back changed.

        Raises SensorFault bus when the bus is low, and garbled when another master never leaves it.
        """
        await self._wait_for_idle()
        if not self._send(value):
            return None
        if twice:
            self._time.sleep_ms(_PAIR_MS)  # not asyncio's: no other frame may come between
            if not self._send(value):
                return None
        if not listen:
            return Answer(NONE)
        # without interrupts: one of them would lengthen a pulse
        state = self._machine.disable_irq()
        try:
            count = self._capture(_ANSWER_US)
        finally:
            self._machine.enable_irq(state)
        if not count:
            return Answer(NONE)
        found = decode(self._lengths, count)
        if found is None or found[1] != ANSWER_BITS:
            return Answer(COLLISION)
        return answer_of(found[0])

    async def _wait_for_idle(self):
        low = 0
        for _ in range(_BUSY):
            seen = self._machine.time_pulse_us(self._rx, self._rx_low, _WATCH_US)
            if seen == -2:
                return
            low = low + 1 if seen == -1 else 0
            if low == 2:
                raise SensorFault("bus", "the DALI bus is low: no supply, or a short circuit")
            await asyncio.sleep_ms(_DEAD_MS if seen == -1 else 17)
        raise SensorFault("garbled", "another DALI master never leaves the bus")

    def _send(self, value):
        """Send a frame and read it back; True if it was on the bus as it was sent."""
        self._rmt.write_pulses(pulses(value, FORWARD_BITS), self._tx_low)
        count = self._capture(_START_US)
        if not count:
            raise SensorFault("bus", "the node does not see its own DALI frame: wiring, or the inversion of tx or rx")
        return decode(self._lengths, count) == (value, FORWARD_BITS)

    def _capture(self, first_us):
        """Take the pulses from the next falling edge until the bus stays high; returns their number."""
        lengths = self._lengths
        level = self._rx_low
        limit = first_us
        for number in range(_MOST):
            length = self._machine.time_pulse_us(self._rx, level, limit)
            if length < 0:
                # a pulse that does not end is as long as the limit: no frame has one
                if number and level == self._rx_low:
                    lengths[number] = _IDLE_US
                    return number + 1
                return number
            lengths[number] = min(length, 65535)
            level = 1 - level
            limit = _IDLE_US
        return _MOST
