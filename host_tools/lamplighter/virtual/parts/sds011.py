"""SDS011 particle sensor, byte for byte: a frame each second while it works, and commands of 19 bytes.

Nova "Laser Dust Sensor Control Protocol V1.3" and its examples; captured frames in tests/data. 9600 8N1; AA, kind, six
bytes, sum of these six, AB. Reporting mode and working period outlast a power cut, sleep does not. Asleep it hears
nothing but the command to work: the manual says that any command wakes it, users of it found that this is not so.
"""

import struct

from .stream import Stream
from .uart_part import UartPart
from .weather import aired, swollen

HEAD, TAIL, ASKED, TOLD, REPLY = 0xAA, 0xAB, 0xB4, 0xC0, 0xC5
MODE, QUERY, RENAME, SLEEP, FIRMWARE, PERIOD = 2, 4, 5, 6, 7, 8
ANYBODY = 0xFFFF
COMMAND = 19  # bytes
SECOND_US = 1000000
MINUTE_US = 60 * SECOND_US
WORKS_US = 30 * SECOND_US  # in each working period
SETTLED_US = 15 * SECOND_US
MOST = 9999  # 999.9 ug/m3


def framed(kind, six, spoilt=False):
    return bytes([HEAD, kind]) + six + bytes([sum(six) & 0xFF ^ (1 if spoilt else 0), TAIL])


class Twin(UartPart):
    """Quantities: pm2_5, pm10 in ug/m3 (None: in the usual proportion); humidity (%, None: dry air), with which
    particles swell and are taken for more; fan (0: it stands, the classic end of this part: a flat line).

    Options: ident (0x58D9).
    """

    QUANTITIES = ("pm2_5", "pm10", "humidity", "fan")

    def __init__(self, options):
        super().__init__(options, 9600, {"pm2_5": 9.0, "pm10": None, "humidity": None, "fan": 1})
        self._kept = {"query": 0, "period": 0, "ident": options.get("ident", 0x58D9)}
        self._heard = b""
        self._stream = Stream()
        self._asleep = False
        self._fan_us = None  # since when it works
        self._read = None  # what it told last
        if "state" in options:
            self.restore(options["state"])

    def state(self):
        return {"kept": self._kept}

    def restore(self, state):
        self._kept = dict(state["kept"])

    def running(self):
        return {"asleep": self._asleep, "fan_us": self._fan_us}

    def resume(self, running):
        self._asleep, self._fan_us = running["asleep"], running["fan_us"]

    def emitted(self, now_us):
        self._start(now_us)
        for at_us in self._stream.due(now_us, SECOND_US):
            if not self._asleep and not self._kept["query"] and self._works(at_us):
                self._tell(at_us)
        return super().emitted(now_us)

    def written(self, data, now_us):
        self._start(now_us)
        self._heard = (self._heard + bytes(data))[-64:]
        while True:
            start = self._heard.find(bytes([HEAD, ASKED]))
            if start < 0:
                self._heard = self._heard[-1:]
                return
            self._heard = self._heard[start:]
            if len(self._heard) < COMMAND:
                return
            command = self._heard[:COMMAND]
            if command[18] != TAIL or sum(command[2:17]) & 0xFF != command[17]:
                self._heard = self._heard[2:]
                continue
            self._heard = self._heard[COMMAND:]
            if command[15] << 8 | command[16] in (ANYBODY, self._kept["ident"]):
                self._obey(command[2], command[3], command[4], command, now_us)

    def _start(self, now_us):
        if self._fan_us is None:
            self._fan_us = now_us
            self._stream.pause(now_us + SECOND_US)

    def _since_us(self, at_us):
        """For how long the fan has turned by then; periods begin when it was switched on."""
        period_us = self._kept["period"] * MINUTE_US
        return (at_us - self._fan_us) % period_us if period_us else at_us - self._fan_us

    def _works(self, at_us):
        return not self._kept["period"] or self._since_us(at_us) < WORKS_US

    def _obey(self, command, sets, value, data, now_us):
        if self._asleep:
            if command != SLEEP or not sets or value != 1:
                return
            self._asleep = False
            self._fan_us = None
            self._start(now_us)
        kept = self._kept
        if command == QUERY:
            self._tell(now_us + 10000)
        elif command == MODE:
            kept["query"] = value & 1 if sets else kept["query"]
            self._reply(command, (sets, kept["query"], 0), now_us)
        elif command == RENAME:
            kept["ident"] = data[13] << 8 | data[14]
            self._reply(command, (0, 0, 0), now_us)
        elif command == SLEEP:
            if sets:
                self._asleep = value == 0
            self._reply(command, (sets, 0 if self._asleep else 1, 0), now_us)
        elif command == FIRMWARE:
            self._reply(command, (15, 7, 10), now_us)
        elif command == PERIOD and value <= 30:
            kept["period"] = value if sets else kept["period"]
            self._reply(command, (sets, kept["period"], 0), now_us)

    def _reply(self, command, three, now_us):
        self._send(REPLY, bytes((command,) + three), now_us + 10000)

    def _tell(self, at_us):
        values = self._quantities.at(at_us)
        if self._read is None or (values["fan"] and self._works(at_us)):
            pm2_5 = values["pm2_5"]
            pm10 = pm2_5 * 1.6 if values["pm10"] is None else values["pm10"]
            whole = aired(self._since_us(at_us), SETTLED_US)
            seen = [swollen(each, values["humidity"]) * whole for each in (pm2_5, pm10)]
            self._read = [min(MOST, int(each * 10 + 0.5)) for each in seen]
        self._send(TOLD, struct.pack("<HH", *self._read), at_us)

    def _send(self, kind, four, at_us):
        six = four + struct.pack(">H", self._kept["ident"])
        self._wire.send(framed(kind, six, self._wire.spoils_checksum), at_us, self.baud)
