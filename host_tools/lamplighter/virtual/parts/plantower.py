"""Shared by the Plantower sensors: frames sent continuously or on request, and the fan's start-up time.

Plantower "PMS5003 series data manual" V2.3: 9600 8N1, 42 4D, length, words (big-endian), sum of all bytes before. They
send each 2.3 s, or each 0.8 s while the concentration changes. Of the answers to commands (length 4, command, data) the
one to waking up is missing: it is awake when the frames come.
"""

import struct

from .stream import Stream
from .uart_part import UartPart
from .weather import aired, swollen

HEAD = b"BM"
MODE, READ, SLEEP = 0xE1, 0xE2, 0xE4
STEADY_US, LIVELY_US = 2300000, 800000
FIRST_US = 1000000  # from the start of the fan to the first frame
SETTLED_US = 30000000  # the manual's time until what it reads is stable
MASSES = ("pm1", "pm2_5", "pm10")
USUAL = (0.65, 1, 1.09)  # of pm2_5: as captured frames have it
# counts per 0.1 l of particles beyond 0.3, 0.5, 1, 2.5, 5 and 10 um for each ug/m3 of pm2_5: likewise
COUNTS = (("n0_3", 109), ("n0_5", 32), ("n1", 8), ("n2_5", 0.4), ("n5", 0.1), ("n10", 0.05))
# ug/m3 up to which both kinds of calibration (CF=1, atmospheric) read the same; beyond it the atmospheric one falls to
# two thirds of the other
ROOM = 30


def framed(words, spoilt=False):
    """The words of a frame with head, length and sum."""
    body = HEAD + struct.pack(">%dH" % (len(words) + 1), len(words) * 2 + 2, *words)
    return body + struct.pack(">H", sum(body) ^ (1 if spoilt else 0))


class Plantower(UartPart):
    """Quantities: pm2_5 and pm1, pm10 (None: in the usual proportion), what the fields for the atmosphere say; cf1_pm1,
    cf1_pm2_5, cf1_pm10, what those for factories say (None: as they follow); humidity (%, None: dry air), with which
    particles swell and are taken for more; fan (0: it stands, and the values with it).
    """

    COMMANDED = True  # False: it knows no commands
    COUNTED = len(COUNTS)  # sizes whose counts it tells
    DEFAULTS = {"pm2_5": 9, "fan": 1}
    QUANTITIES = ()

    def __init__(self, options):
        super().__init__(options, 9600, {name: self.DEFAULTS.get(name) for name in self.QUANTITIES})
        self._heard = b""
        self._active, self._asleep = True, False
        self._fan_us = None  # since when it turns
        self._stream = Stream()
        self._pause_us = STEADY_US
        self._masses = None  # of the frame before

    def running(self):
        return {"active": self._active, "asleep": self._asleep, "fan_us": self._fan_us}

    def resume(self, running):
        self._active, self._asleep, self._fan_us = running["active"], running["asleep"], running["fan_us"]

    def emitted(self, now_us):
        self._start(now_us)
        if self._active and not self._asleep:
            for at_us in self._stream.due(now_us, self._pause_us):
                self._send(at_us)
        return super().emitted(now_us)

    def written(self, data, now_us):
        self._start(now_us)
        if not self.COMMANDED:
            return
        self._heard = (self._heard + bytes(data))[-32:]
        while True:
            start = self._heard.find(HEAD)
            if start < 0:
                self._heard = self._heard[-1:]
                return
            self._heard = self._heard[start:]
            if len(self._heard) < 7:
                return
            command, self._heard = self._heard[:7], self._heard[7:]
            if sum(command[:5]) == command[5] << 8 | command[6]:
                self._obey(command[2], command[4], now_us)

    def _start(self, now_us):
        if self._fan_us is None:
            self._fan_us = now_us
            self._stream.pause(now_us + FIRST_US)

    def _obey(self, command, data, now_us):
        if self._asleep:
            if command == SLEEP and data:
                self._asleep = False
                self._fan_us = None
                self._start(now_us)
            return
        if command == READ and not self._active:
            self._send(now_us + 10000)
        elif command == MODE:
            self._active = bool(data)
            self._stream.pause(now_us + FIRST_US)
            self._reply(command, data, now_us)
        elif command == SLEEP and not data:
            self._asleep = True
            self._reply(command, data, now_us)

    def _reply(self, command, data, now_us):
        self._wire.send(framed([command << 8 | data], self._wire.spoils_checksum), now_us + 10000, self.baud)

    def _send(self, at_us):
        words = self._words(at_us)
        self._wire.send(framed(words, self._wire.spoils_checksum), at_us, self.baud)

    def _read(self, values, at_us):
        """(masses for factories, masses for the atmosphere) as its optics take them."""
        if not values["fan"] and self._masses:
            return self._masses
        whole = aired(at_us - self._fan_us, SETTLED_US)
        masses = [[], []]
        for name, usual in zip(MASSES, USUAL):
            mass = values["pm2_5"] * usual if values[name] is None else values[name]
            mass = swollen(mass, values["humidity"])
            given = values["cf1_" + name]
            factory = mass + max(0, min(0.5 * mass, 0.75 * (mass - ROOM)))
            masses[0].append((factory if given is None else given) * whole)
            masses[1].append(mass * whole)
        return masses

    def _words(self, at_us):
        values = self._quantities.at(at_us)
        before, self._masses = self._masses, self._read(values, at_us)
        factory, air = self._masses
        lively = before is not None and abs(before[1][1] - air[1]) > 2 + 0.1 * air[1]
        self._pause_us = LIVELY_US if lively else STEADY_US
        counts = [
            factory[1] * each if values.get(name) is None else values[name] for name, each in COUNTS[: self.COUNTED]
        ]
        return [min(65535, int(value + 0.5)) for value in factory + air + counts] + self._tail(values)

    def _tail(self, values):
        """The words behind the counts."""
        return [0x9700 | int(values["error"])]
