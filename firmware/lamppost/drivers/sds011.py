"""SDS011: particulate matter by laser, sent once a second; legacy, its laser lasts about 8000 hours.

Source: Nova Fitness, SDS011 specification V1.3 (2015-10-09) and Laser Dust Sensor Control Protocol V1.3 (2015-07-20).
"""

import asyncio

from micropython import const

from ..core.faults import SensorFault
from . import streaming_dust

_SIZE = const(10)
_DATA = const(0xC0)
_ANSWER = const(0xC5)
_QUERY, _WORK, _PERIOD = const(4), const(6), const(8)


def command(code, *data):
    """The 19 bytes of a command to whatever SDS011 listens."""
    body = bytes((code,) + data + (0,) * (12 - len(data))) + b"\xff\xff"
    return b"\xaa\xb4" + body + bytes((sum(body) & 0xFF, 0xAB))


def _begins(frame):
    return frame[0] == 0xAA and frame[9] == 0xAB and frame[1] in (_DATA, _ANSWER) and sum(frame[2:8]) & 0xFF == frame[8]


def _data(frame):
    return frame[1] == _DATA and _begins(frame)


def decode(stream):
    """Bytes of the stream, cut anywhere -> the newest whole frame's reading in tenths of ug/m3."""
    if not stream:
        raise SensorFault("silent")
    frame = streaming_dust.newest(stream, _SIZE, _data)
    if not frame:
        if streaming_dust.newest(stream, _SIZE, _begins):
            raise SensorFault("foreign", "an answer to a command")
        raise SensorFault("garbled", "no whole frame in %d bytes" % len(stream))
    reading = {"pm2_5": frame[2] | frame[3] << 8, "pm10": frame[4] | frame[5] << 8}
    return streaming_dust.believable(reading)


class Sds011(streaming_dust.Dust):
    """One sensor on `bus`. sleeps -- laser and fan rest between readings, each of which then takes `warm_s`."""

    QUANTITIES = ("pm2_5", "pm10")
    SIZE = _SIZE
    WAKE = command(_WORK, 1, 1)
    ASK = command(_QUERY)  # answered whether it sends on its own or not: that setting need not be written
    begins = staticmethod(_data)
    decode = staticmethod(decode)

    def __init__(self, bus, name="dust", warm_s=30, sleeps=False):
        super().__init__(bus, name, warm_s)
        self.works_ms = self._warm_ms if sleeps else None  # laser on for so long a reading; None: all the time
        self._periodic = True  # nobody knows yet

    async def _told(self, *what):
        """Send a command; the third byte of its answer, 0 without one."""

        def answer(frame):
            return frame[1] == _ANSWER and frame[2] == what[0] and _begins(frame)

        try:
            stream = await self._bus.ask(
                command(*what), _SIZE, lambda heard: bool(streaming_dust.newest(heard, _SIZE, answer)),
                self.timeout, 9600
            )
        except SensorFault:
            return 0
        frame = streaming_dust.newest(stream, _SIZE, answer)
        return frame[4] if frame else 0

    async def read(self):
        """The present reading. Raises SensorFault, warming while it is too early."""
        try:
            if self._periodic:
                await self.listen()
                # a working period stays in its memory, which wears: asked, and written only if there is one
                if await self._told(_PERIOD):
                    await self._told(_PERIOD, 1, 0)
                self._periodic = False
            if self.works_ms is None:
                return await super().read()
            await self.listen()
            await asyncio.sleep_ms(self._warm_ms)
            return await self._measured()
        finally:
            if self.works_ms is not None:
                self._heard = None
                await self._told(_WORK, 1, 0)
