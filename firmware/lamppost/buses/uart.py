"""One hardware UART serves several lines in turn, each with its own pins and speed; every wait has an end."""

import asyncio

from micropython import const

from ..core.faults import SensorFault

_HELD = const(192)  # bytes of an answer; the longest, an SPS30 frame with every byte stuffed, is half of it
_RING = const(512)  # receive buffer of the driver: half a second of a TFmini
_POLL_MS = const(4)


class Port:
    """A hardware UART. Only the lines that share it use it, one at a time."""

    def __init__(self, machine, number):
        self.machine = machine
        self.number = number
        self.lock = asyncio.Lock()
        self.uart = None
        self.line = None  # the line whose pins it is turned to
        self.speed = None  # (baud, parity) it is set to
        self.view = memoryview(bytearray(_HELD))

    def turn_to(self, line, speed):
        """Give the UART to `line` at `speed`; the line that had it goes back to idle."""
        if self.line is line and self.speed == speed:
            return
        left = self.line
        self.line = None  # stays so if the driver fails below: the next question sets everything up again
        options = {"baudrate": speed[0], "bits": 8, "parity": speed[1], "stop": 1, "tx": line.tx, "rx": line.rx}
        if self.uart is None:
            self.uart = self.machine.UART(self.number, rxbuf=_RING, timeout=0, **options)
        else:
            self.uart.init(timeout=0, **options)  # without rxbuf, or the driver would be installed anew
        if left is not None and left.tx != line.tx:
            left.rest()  # after init: until then the old pin still carries the UART's signal
        self.line = line
        self.speed = speed

    def flush(self):
        """Drop what came unasked: a late answer, noise of the switch-over, a stream nobody listened to."""
        for _ in range(4):
            if not self.uart.any() or not self.uart.readinto(self.view):
                return


class Line:
    """The pins of one named bus, on a Port that other lines may share.

    time -- the time module (ticks_ms, ticks_diff)
    """

    def __init__(self, port, tx, rx, time):
        self._port = port
        self.tx = tx
        self.rx = rx
        self.time = time
        self.rest()

    def rest(self):
        """Hold the part's input at idle (high), so that it never hears the questions to another part."""
        pin = self._port.machine.Pin
        pin(self.tx, pin.OUT, value=1)

    async def ask(self, request, want, whole, timeout, baud, parity=None):
        """Send `request` (None: only listen) and return the bytes that came.

        want -- bytes of the expected answer; whole(view) -- True when the bytes hold a complete answer
        timeout -- the part's AdaptiveTimeout. Without a whole answer in time the bytes are returned as they are,
        for the decoder to name the fault; raises SensorFault silent (no byte at all) or bus.
        """
        port = self._port
        async with port.lock:
            try:
                port.turn_to(self, (baud, parity))
                port.flush()
                sent = 0 if request is None else await self._say(request, baud)
                start = self.time.ticks_ms()
                wire_ms = (sent + want) * 11000 // baud
                await asyncio.sleep_ms(wire_ms)  # no answer can be complete before
                heard = await self._hear(start, wire_ms + timeout.ms, whole)
            except (OSError, ValueError) as error:
                port.line = None
                raise SensorFault("bus", "UART %d: %s" % (port.number, error))
            answer = bytes(port.view[:heard])
            if whole(answer):
                timeout.answered(self.time.ticks_diff(self.time.ticks_ms(), start) - wire_ms)
                return answer
            timeout.missed(heard)
            if not heard:
                raise SensorFault("silent", "no byte in %d ms" % timeout.ms)
            return answer

    async def _say(self, request, baud):
        """Give the question to the UART; returns how many of its bytes are still to go out on the wire."""
        if self._port.uart.write(request) != len(request):
            raise SensorFault("bus", "UART %d sent only part of the request" % self._port.number)
        return len(request)

    async def _hear(self, start, limit_ms, whole):
        """Gather bytes until they are whole or the time is over; returns how many are in the port's view."""
        uart = self._port.uart
        view = self._port.view
        heard = 0
        while True:
            if uart.any():
                if heard == _HELD:  # babble: keep the newer half
                    heard = _HELD // 2
                    view[:heard] = bytes(view[heard:])
                heard += uart.readinto(view[heard:]) or 0
                if whole(view[:heard]):
                    return heard
            if self.time.ticks_diff(self.time.ticks_ms(), start) > limit_ms:
                return heard
            await asyncio.sleep_ms(_POLL_MS)
