"""SCD41 carbon dioxide sensor, byte for byte, over I2C: a new measurement each five seconds, to be read once.

Sensirion "SCD4x Data sheet" 1.3, table 9 (commands, times, which are allowed while it measures).
T = -45 + 175 x / 65535, RH = 100 x / 65535. What is written without persist_settings is forgotten at
the next power cut; a forced recalibration is kept by itself.
"""

from .lines import refuse
from .sensirion import Commanded, ticks

ADDRESS = 0x62
SECOND_US = 1000000
START, START_LOW, STOP, READ, READY = 0x21B1, 0x21AC, 0x3F86, 0xEC05, 0xE4B8
SINGLE, SINGLE_RHT, SLEEP, WAKE = 0x219D, 0x2196, 0x36E0, 0x36F6
RECALIBRATE, PRESSURE, PERSIST, SERIAL, SELF_TEST = 0x362F, 0xE000, 0x3615, 0x3682, 0x3639
FACTORY, REINIT, VARIANT = 0x3632, 0x3646, 0x202F
WHILE_MEASURING = (READ, STOP, PRESSURE, READY)
OFFSET = 1498  # by so many ticks, 4 K, the chip is warmer than the air
# settings: write command, read command, factory value
SETTINGS = {
    "offset": (0x241D, 0x2318, OFFSET),
    "altitude": (0x2427, 0x2322, 0),
    "asc": (0x2416, 0x2313, 1),
    "asc_target": (0x243A, 0x233F, 400),
}
SETTLED_US = 180 * SECOND_US  # it must have measured for so long before a forced recalibration
STANDARD_HPA = 1013.25
UNREADY = "unready"


class Twin(Commanded):
    """Quantities: ppm, celsius, humidity (%), hpa (its optics see fewer molecules in thin air, unless it is told the
    pressure or the altitude), malfunction (the word of its self-test; 0: well). Its own fault: `unready`, it answers
    and never has a measurement."""

    FAULTS = (UNREADY,)
    QUANTITIES = ("ppm", "celsius", "humidity", "hpa", "malfunction")

    def __init__(self, options):
        defaults = {"ppm": 430, "celsius": 20.0, "humidity": 50.0, "hpa": STANDARD_HPA, "malfunction": 0}
        super().__init__(options, ADDRESS, defaults, self.FAULTS)
        self._kept = {name: row[2] for name, row in SETTINGS.items()}
        self._correction = 0  # ppm, by forced recalibrations
        if "state" in options:
            self.restore(options["state"])
        self._boot()

    def _boot(self):
        self._settings = dict(self._kept)
        self._told_hpa = None
        self._asleep = False
        self._every_us = 0  # the rhythm; 0: idle
        self._started_us = None
        self._taken = 0  # number of the measurement that was read last
        self._single = None  # what a single shot found, until it is read

    def state(self):
        return {"kept": self._kept, "correction": self._correction}

    def restore(self, state):
        self._kept.update(state["kept"])
        self._correction = state["correction"]

    def running(self):
        return {
            "settings": self._settings, "hpa": self._told_hpa, "asleep": self._asleep, "every_us": self._every_us,
            "started_us": self._started_us, "taken": self._taken,
        }  # fmt: skip

    def resume(self, running):
        self._settings, self._told_hpa = running["settings"], running["hpa"]
        self._asleep, self._every_us = running["asleep"], running["every_us"]
        self._started_us, self._taken = running["started_us"], running["taken"]

    def command(self, code, arguments, now_us):
        if code == WAKE and self._asleep:
            self._asleep = False
            self._busy_until = now_us + 20000
            refuse()  # even waking up is not acknowledged
        if code == WAKE or self._asleep or (self._every_us and code not in WHILE_MEASURING):
            refuse()
        if code in (START, START_LOW):
            self._every_us = (5 if code == START else 30) * SECOND_US + self._lines.late_us
            self._started_us = now_us
            self._taken = 0
        elif code == STOP:
            self._every_us = 0
            return 500000, None
        elif code == READY:
            return 1000, lambda now: [0x8006 if self._ready(now) else 0x8000]
        elif code == READ:
            return 1000, self._reading
        elif code in (SINGLE, SINGLE_RHT):
            takes_us = 5 * SECOND_US if code == SINGLE else 50000
            self._single = self._measured(now_us + takes_us, code == SINGLE)
            return takes_us, None
        elif code == SLEEP:
            self._asleep = True
            return 1000, None
        else:
            return self._configured(code, arguments, now_us)
        return 0, None

    def _configured(self, code, arguments, now_us):
        for name, (write, read, _) in SETTINGS.items():
            if code == write and arguments:
                self._settings[name] = arguments[0]
                return 1000, None
            if code == read:
                return 1000, [self._settings[name]]
        if code == PRESSURE:
            if arguments:
                self._told_hpa = arguments[0]  # in units of 100 Pa
            return 1000, [self._told_hpa or int(self._expected_hpa() + 0.5)]
        if code == RECALIBRATE and arguments:
            return 400000, [self._recalibrated(arguments[0], now_us)]
        if code == PERSIST:
            self._kept = dict(self._settings)
            return 800000, None
        if code == SERIAL:
            return 1000, [0xF896, 0x9F07, 0x3BBE]
        if code == SELF_TEST:
            return 10 * SECOND_US, [int(self._quantities.at(now_us)["malfunction"])]
        if code == VARIANT:
            return 1000, [0x1440]
        if code == FACTORY:
            self._kept = {name: row[2] for name, row in SETTINGS.items()}
            self._correction = 0
        if code in (FACTORY, REINIT):
            self._boot()
            return (1200000 if code == FACTORY else 20000), None
        return 1000, None

    def _latest(self, now_us):
        """The number of the measurement that was finished last; 0: none yet."""
        return (now_us - self._started_us) // self._every_us if self._every_us else 0

    def _ready(self, now_us):
        found = self._single is not None or self._latest(now_us) > self._taken
        return found and self._lines.kind != UNREADY

    def _reading(self, now_us):
        if not self._ready(now_us):
            return None
        single, self._single = self._single, None
        if single is not None:
            return single
        self._taken = self._latest(now_us)
        return self._measured(self._started_us + self._taken * self._every_us, True)

    def _measured(self, at_us, carbon):
        values = self._quantities.at(at_us)
        ppm = self._optical(values) + self._correction if carbon else 0
        warm = values["celsius"] + (OFFSET - self._settings["offset"]) * 175 / 65535
        return [
            max(0, min(65535, int(ppm + 0.5))), ticks(warm, -45, 175), ticks(values["humidity"], 0, 100),
        ]  # fmt: skip

    def _optical(self, values):
        return values["ppm"] * values["hpa"] / (self._told_hpa or self._expected_hpa())

    def _expected_hpa(self):
        """The standard atmosphere at the altitude that it was told."""
        return STANDARD_HPA * (1 - 2.25577e-5 * self._settings["altitude"]) ** 5.25588

    def _recalibrated(self, target, now_us):
        """The correction + 0x8000, or FFFF: it has not measured for long enough before."""
        if self._started_us is None or now_us - self._started_us < SETTLED_US:
            return 0xFFFF
        correction = target - int(self._optical(self._quantities.at(now_us)) + self._correction + 0.5)
        self._correction += correction
        return correction + 0x8000
