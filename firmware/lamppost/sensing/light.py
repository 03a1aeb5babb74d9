"""tele/light: day or night by the light sensor, steadily enough to switch a lamp by it, and the lamp itself."""

from ..core.payload import body
from ..core.quality import ESTIMATED, VALID, of_fault

_ENOUGH = 75  # % of the expected readings, below which a mean is an estimate


class Light:
    """options -- `light` of the configuration, {} without a light sensor
    lamp -- lamp/control.py, set where this node drives a lamp: tele/light then reports it as well

    night -- True or False; None while the light is not known: whoever switches by it lights the lamp then
    """

    topic = b"tele/light"
    retain = True  # who subscribes later wants to know as well

    def __init__(self, options, clock):
        self._clock = clock
        self._dusk = int(options.get("night_lux", 20) * 10)  # tenths of lx
        self._dawn = int(options.get("day_lux", 2 * options.get("night_lux", 20)) * 10)
        self._hold_ms = 1000 * options.get("hold_s", 60)
        self._every_ms = options.get("every_ms", 5000)
        self._window_ms = 1000 * options.get("window_s", 900)
        self._part = options.get("part")
        self.lamp = None
        self.night = None
        self._other_ms = None  # uptime since which the light asks for the other state
        self._good_ms = clock.uptime_ms()
        self._fault = "silent"
        self._told = None  # (night, time known) told last
        self._told_ms = self._good_ms
        self._total = self._count = 0

    def take(self, reading):
        """A good reading of the light sensor."""
        now = self._good_ms = self._clock.uptime_ms()
        lux = reading["lux"]
        self._total += lux
        self._count += 1
        if self.night is None:
            self.night = lux < self._dawn  # in doubt the lamp burns
            self._other_ms = None
        elif lux >= self._dawn if self.night else lux < self._dusk:
            # not for a headlight, nor for a bird
            if self._other_ms is None:
                self._other_ms = now
            if now - self._other_ms >= self._hold_ms:
                self.night = not self.night
                self._other_ms = None
        else:
            self._other_ms = None

    def miss(self, fault):
        """The part gave no reading: SensorFault. The state is kept for a while, then nobody knows."""
        self._fault = fault.word
        if self._clock.uptime_ms() - self._good_ms >= 5 * self._hold_ms + 10 * self._every_ms:
            self.night = None

    def poll(self):
        """(topic suffix, body, stamp) when it became day or night, each window, and once the time is known; or None."""
        clock = self._clock
        now = clock.uptime_ms()
        news = self.night, clock.offset_s is not None, self.lamp and self.lamp.state()
        passed_ms = now - self._told_ms
        first = self._told is None and (self._part is None or self._count > 0 or passed_ms >= self._hold_ms)
        if not first and (self._told is None or news == self._told and passed_ms < self._window_ms):
            return None
        self._told = news
        self._told_ms = now
        return self.topic, self._body(passed_ms), clock.stamp()

    def report_again(self):
        """The broker has forgotten it: the next poll() has it again, once there is a reading."""
        self._told = None

    def _body(self, passed_ms):
        lamp = self.lamp.members() if self.lamp else ""
        if self._part is None:
            return body((), {}, lamp)
        count = self._count
        lux = (2 * self._total + count) // (2 * count) if count else None
        letter = of_fault(self._fault)
        if count:
            letter = VALID if 100 * count * self._every_ms >= _ENOUGH * passed_ms - 100 * self._every_ms else ESTIMATED
        self._total = self._count = 0
        night = "null" if self.night is None else "true" if self.night else "false"
        rest = '"night":%s,"part":"%s"' % (night, self._part)
        if lamp:
            rest += "," + lamp
        return body((("lux", lux),), {"lux": letter}, rest)
