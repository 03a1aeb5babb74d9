"""The SPS30's other face: the same commands as 16-bit pointers over I2C, which stay set and can be read again.

Sensirion "SPS30 Datasheet" 2.0, table 8 and section 6.3. The high byte of a pointer is the command of the UART. Where
the UART's answer is empty for want of a new measurement, this face gives the latest one again.
"""

import struct

from .lines import refuse
from .sensirion import Commanded

ADDRESS = 0x69
START, STOP, READY, READ, SLEEP, WAKE = 0x0010, 0x0104, 0x0202, 0x0300, 0x1001, 0x1103
CLEAN, INTERVAL, TYPE, SERIAL, VERSION = 0x5607, 0x8004, 0xD002, 0xD033, 0xD100
STATUS, CLEAR, RESET = 0xD206, 0xD210, 0xD304
TAKES_US = {START: 20000, STOP: 20000, SLEEP: 5000, WAKE: 5000, CLEAN: 5000, INTERVAL: 5000, CLEAR: 5000, RESET: 100000}


def paired(data):
    """Bytes as 16-bit values."""
    return struct.unpack(">%dH" % (len(data) // 2), data)


class Words(Commanded):
    """What the bus says goes to `part`, the twin: its asleep, opened(now_us), obey(command, payload, now_us),
    ready(now_us) and latest(now_us)."""

    STAYS = True

    def __init__(self, part):
        super().__init__({}, ADDRESS, {})
        self._part = part

    def write(self, data, now_us):
        self._lines.answering()
        if self._part.asleep and not self._part.opened(now_us):
            refuse()  # this low pulse only opened the interface
        super().write(data, now_us)

    def read(self, n, now_us):
        if self._part.asleep:
            refuse()
        return super().read(n, now_us)

    def command(self, code, arguments, now_us):
        if self._part.asleep and code != WAKE:
            refuse()
        return TAKES_US.get(code, 0), self._obeyed(code, arguments, now_us)

    def _obeyed(self, code, arguments, now_us):
        """The answer."""
        obey = self._part.obey
        if code == READY:
            return lambda now: [1 if self._part.ready(now) else 0]
        if code == READ:
            return self._latest
        if code == START and arguments:
            obey(START >> 8, bytes([1, arguments[0] >> 8]), now_us)
        elif code == INTERVAL and arguments:
            obey(INTERVAL >> 8, b"\0" + struct.pack(">HH", *arguments[:2]), now_us)
        elif code in (INTERVAL, STATUS):
            return lambda now: paired(obey(code >> 8, b"\0", now)[1][:4])
        elif code == VERSION:
            return paired(obey(VERSION >> 8, b"", now_us)[1][:2])
        elif code == TYPE:
            return paired(obey(TYPE >> 8, b"\0", now_us)[1][:8])
        elif code == SERIAL:
            text = obey(SERIAL >> 8, b"\x03", now_us)[1]
            return paired(text + bytes(32 - len(text)))
        elif code in (STOP, SLEEP, WAKE, CLEAN, RESET):
            obey(code >> 8, b"", now_us)
        return None

    def _latest(self, now_us):
        data = self._part.latest(now_us)
        return data and paired(data)
