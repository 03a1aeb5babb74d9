"""Dust sensors that send on their own at 9600 baud: they are woken, listened to, and believed once they are warm."""

from micropython import const

from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.faults import SensorFault

_BAUD = const(9600)
TOP = 65000  # tenths of ug/m3; more is nonsense even when saturated


def newest(stream, size, begins):
    """The newest whole frame of `size` bytes, or b"". begins(frame) -- True where the bytes are one."""
    found = b""
    at = 0
    while at + size <= len(stream):
        if begins(stream[at : at + size]):
            found = stream[at : at + size]
            at += size
        else:
            at += 1
    return found


def believable(reading):
    """The reading, if its masses can be. Raises SensorFault range."""
    for name, value in reading.items():
        if name.startswith("pm") and value > TOP:
            raise SensorFault("range", "%s = %d" % (name, value))
    return reading


class Dust:
    """One sensor on `bus`; its values count from `warm_s` after it was first heard.

    A kind of it says what is below: WAKE are the bytes that set it going, ASK those that bring a frame (b"" where
    it sends on its own), SIZE is that of a frame.
    """

    WAKE = ASK = b""
    SIZE = 0

    RH_MAX = 700  # tenths of %: above, particles grow with the water they take up
    CHECK_WAIT_S = 5
    LIMITS = (("pm2_5", 0, 9990), ("pm10", 0, 9990))

    def __init__(self, bus, name="dust", warm_s=30):
        self.name = name
        self.timeout = AdaptiveTimeout(1500, 4000)  # once a second, a steady PMS every 2.3 s
        self._bus = bus
        self._warm_ms = warm_s * 1000
        self._heard = None  # ticks of the first frame since it was silent
        self._warm = False

    @staticmethod
    def begins(frame):
        """True for SIZE bytes that are a frame with a reading."""
        raise NotImplementedError

    @staticmethod
    def decode(stream):
        """The reading of the newest frame."""
        raise NotImplementedError

    def whole(self, stream):
        return bool(newest(stream, self.SIZE, self.begins))

    async def start(self):
        """The first read wakes it."""

    async def listen(self):
        """The bytes of a frame; a silent part is woken first and warms up again."""
        request = (self.WAKE if self._heard is None else b"") + self.ASK
        try:
            stream = await self._bus.ask(request or None, self.SIZE, self.whole, self.timeout, _BAUD)
        except SensorFault:
            self._heard = None
            self._warm = False
            raise
        if self._heard is None and self.whole(stream):
            self._heard = self._bus.time.ticks_ms()
        return stream

    async def _measured(self):
        """The part's values, warm or not."""
        return self.decode(await self.listen())

    async def read(self):
        """The present reading. Raises SensorFault, warming while it is too early."""
        reading = await self._measured()
        if not self._warm:
            time = self._bus.time
            if time.ticks_diff(time.ticks_ms(), self._heard) < self._warm_ms:
                raise SensorFault("warming")
            self._warm = True
        return reading

    async def check(self):
        """The first frame, for the self-test of wires, fan and laser: nobody at the pole waits for the warm-up."""
        return await self._measured()
