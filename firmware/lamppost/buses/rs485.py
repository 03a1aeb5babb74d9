"""A two-wire RS-485 bus: one meter is asked at a time, and the driver listens as soon as the question is out."""

import asyncio

from micropython import const

from .uart import Line

_SILENCE = const(4)  # characters between two frames; Modbus over Serial Line V1.02, 2.5.1.1 asks for 3.5


class Rs485(Line):
    """A Line whose transceiver turns round by pin `de` (DE and /RE together; high while we send).

    de -- None: the adapter turns round by itself.
    """

    def __init__(self, port, tx, rx, de, time):
        super().__init__(port, tx, rx, time)
        pin = port.machine.Pin
        self._turn = None if de is None else pin(de, pin.OUT, value=0)

    async def _say(self, request, baud):
        """As in Line. It holds the node for as long as the question is on the wire (9 ms at 9600 baud, 37 at
        2400): a task that ran meanwhile could leave the pin high into the answer.
        """
        await asyncio.sleep_ms(_SILENCE * 11000 // baud + 1)
        turn = self._turn
        if turn is None:
            return await super()._say(request, baud)
        turn(1)
        try:
            await super()._say(request, baud)
            self._port.uart.flush()
        finally:
            turn(0)
        return 0
