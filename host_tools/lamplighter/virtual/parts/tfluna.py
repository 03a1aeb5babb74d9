"""TF-Luna lidar, byte for byte: over UART as its larger brothers, over I2C (pin 5 low) as a file of registers.

Benewake "TF-Luna Product Manual" A05. Where there is too little light, or too much, the distance is 0: no signal, not
near. Registers are little-endian; a new setting counts after `save` and a reboot, the address at once.
"""

from .tfmini import FACTORY
from .tfmini import Twin as Lidar

DISTANCE, STRENGTH, CELSIUS, TICK, FAILURE, VERSION, SERIAL = 0x00, 0x02, 0x04, 0x06, 0x08, 0x0A, 0x10
SAVE, REBOOT, ADDRESS, MODE, TRIGGER, ENABLED, RATE, RESTORE = 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x29
WEAK, DUMMY, SIGNATURE, END = 0x2A, 0x2C, 0x3C, 0x40
OVEREXPOSED = 65535
NAME = b"LAMP0000000001"


class Twin(Lidar):
    """Quantities and options as of the tfmini; weak_reads is 0 here."""

    FARTHEST_MM = 8000
    ECHO = 7200000000  # 8 m on white, 2.7 m on black
    WEAK_READS = 0

    def __init__(self, options):
        super().__init__(options)
        self._place = 0
        self._triggered = False
        self._mode = 0  # 1: it measures only when triggered
        self._values = None  # (distance, strength, centidegrees, tick) of the last measurement

    def _blinded(self, strength):
        return None, self._weak_reads, OVEREXPOSED

    def write(self, data, now_us):
        self._lines.answering()
        if not data:
            return
        self._place = data[0]
        for value in bytes(data[1:]):
            self._put(self._place, value, now_us)
            self._place += 1

    def read(self, n, now_us):
        self._lines.answering()
        if self._values is None or not self._mode or self._triggered:
            self._measure(now_us)
        out = bytes(self._register(self._place + index) for index in range(n))
        self._place += n
        return self._lines.sent(out)

    def _measure(self, now_us):
        self._triggered = False
        if self._settings["streaming"] or self._values is None:
            millimetres, reads, strength = self._seen(now_us)
            distance = reads if millimetres is None else (millimetres + 5) // 10
            centidegrees = int(self._quantities.at(now_us)["celsius"] * 100)
            self._values = (distance, strength, centidegrees & 0xFFFF, now_us // 1000 & 0xFFFF)

    def _register(self, place):
        for first, value in zip((DISTANCE, STRENGTH, CELSIUS, TICK), self._values):
            if first <= place <= first + 1:
                return value >> 8 * (place - first) & 0xFF
        if VERSION <= place < VERSION + 3:
            return (2, 3, 0)[place - VERSION]
        if SERIAL <= place < SERIAL + len(NAME):
            return NAME[place - SERIAL]
        if SIGNATURE <= place < END:
            return b"LUNA"[place - SIGNATURE]
        settings = self._settings
        return {
            ADDRESS: self.address, MODE: self._mode, ENABLED: 1 if settings["streaming"] else 0,
            RATE: settings["rate_hz"] & 0xFF, RATE + 1: settings["rate_hz"] >> 8, WEAK: self._weak_below // 10,
        }.get(place, 0)  # fmt: skip

    def _put(self, place, value, now_us):
        settings = self._settings
        if place == SAVE and value == 1:
            self._saved = dict(settings)
        elif place == REBOOT and value == 2:
            self._use(self._saved)
            self._mode = 0
        elif place == ADDRESS and 0x08 <= value <= 0x77:
            settings["address"] = self.address = value
        elif place == MODE:
            self._mode = value & 1
        elif place == TRIGGER and value == 1:
            self._triggered = True
        elif place == ENABLED:
            settings["streaming"] = bool(value & 1)
        elif place == RATE:
            settings["rate_hz"] = settings["rate_hz"] & 0xFF00 | value
        elif place == RATE + 1:
            settings["rate_hz"] = settings["rate_hz"] & 0xFF | value << 8
        elif place == RESTORE and value == 1:
            self._use(FACTORY)
        elif place == WEAK:
            self._weak_below = value * 10
