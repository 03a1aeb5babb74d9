"""SPS30 particle sensor, byte for byte: SHDLC over UART, or words over I2C; silent about the air until it is started.

Protocol: Sensirion "SPS30 Datasheet" V1.0; answers captured by others in tests/data. 115200 8N1, 7E frames with
stuffing, one new measurement a second, values that settle over the first seconds. I2C: sps30_words.py.
"""

import struct

from .sps30_words import ADDRESS, Words
from .uart_part import UartPart
from .weather import aired

IDLE, MEASURING, ASLEEP = 0, 1, 2
OK, BAD_LENGTH, UNKNOWN, BAD_VALUE, WRONG_STATE = 0x00, 0x01, 0x02, 0x04, 0x43
START, STOP, READ, SLEEP, WAKE = 0x00, 0x01, 0x03, 0x10, 0x11
CLEAN, INTERVAL, INFO, VERSION, STATUS, RESET = 0x56, 0x80, 0xD0, 0xD1, 0xD2, 0xD3
STUFFED = (0x7E, 0x7D, 0x11, 0x13)
SECOND_US = 1000000
AWAKE_US = 100000  # a byte opens the interface of a sleeping part for this long
SETTLED_US = 8 * SECOND_US
# number of particles per cm3 up to 0.5, 1, 2.5, 4 and 10 um for each ug/m3 of pm1: as the captured frames have it
NUMBERS = (6.49, 7.74, 7.97, 8.01, 8.02)
LONGEST = 64


def framed(address, command, payload, spoilt=False):
    """A frame from the part: address, command, payload (state and length included), checksum, stuffed."""
    body = bytes([address, command]) + payload
    check = ~sum(body) & 0xFF
    body += bytes([check ^ 0x01 if spoilt else check])
    out = bytearray(b"\x7e")
    for byte in body:
        if byte in STUFFED:
            out += bytes([0x7D, byte ^ 0x20])
        else:
            out.append(byte)
    out.append(0x7E)
    return bytes(out)


def unstuffed(data):
    out, escaped = bytearray(), False
    for byte in data:
        if escaped:
            out.append(byte ^ 0x20)
            escaped = False
        elif byte == 0x7D:
            escaped = True
        else:
            out.append(byte)
    return bytes(out)


class Twin(UartPart):
    """Quantities: pm1, pm2_5, pm4, pm10 in ug/m3 (None: in the usual proportion to pm2_5); status (32 bits)."""

    BUSES = ("uart", "i2c")
    QUANTITIES = ("pm1", "pm2_5", "pm4", "pm10", "status")

    def __init__(self, options):
        defaults = {"pm1": None, "pm2_5": 9.0, "pm4": None, "pm10": None, "status": 0}
        super().__init__(options, 115200, defaults)
        self._serial = options.get("serial", "5A17C0DE00000001")
        self._interval_s = 604800
        self.address = options.get("address", ADDRESS)
        self._words = Words(self)
        if "state" in options:
            self.restore(options["state"])
        self._boot()

    def _boot(self):
        self._mode = IDLE
        self._frame = None  # bytes since the last 7E, None: no frame is open
        self._awake_until = None
        self._started_us = 0
        self._told = 0  # the second whose values were read last
        self._integers = False

    def fault(self, kind, **options):
        super().fault(kind, **options)
        self._words.fault(kind, **options)

    def state(self):
        return {"interval_s": self._interval_s}

    def restore(self, state):
        self._interval_s = state["interval_s"]

    def running(self):
        return {"mode": self._mode, "started_us": self._started_us, "integers": self._integers}

    def resume(self, running):
        self._mode, self._started_us = running["mode"], running["started_us"]
        self._integers = running["integers"]

    def write(self, data, now_us):
        self._words.write(data, now_us)

    def read(self, n, now_us):
        return self._words.read(n, now_us)

    @property
    def asleep(self):
        return self._mode == ASLEEP

    def opened(self, now_us):
        """True if the interface of the sleeping part is open; if not, this touch opens it for a moment."""
        if self._awake_until is None or now_us > self._awake_until:
            self._awake_until = now_us + AWAKE_US
            return False
        return True

    def written(self, data, now_us):
        if self.asleep and not self.opened(now_us):
            self._frame = None
            data = data[1:]
        for byte in bytes(data):
            if byte != 0x7E:
                if self._frame is not None and len(self._frame) < LONGEST:
                    self._frame.append(byte)
            elif self._frame:
                self._request(unstuffed(self._frame), now_us)
                self._frame = None
            else:
                self._frame = bytearray()

    def _request(self, body, now_us):
        if len(body) < 4 or ~sum(body[:-1]) & 0xFF != body[-1] or body[0] != 0:
            return
        command, payload = body[1], body[3:-1]
        if self.asleep and command != WAKE:
            return
        if len(payload) != body[2]:
            state, answer = BAD_LENGTH, b""
        else:
            state, answer = self.obey(command, payload, now_us)
        reply = framed(0, command, bytes([state, len(answer)]) + answer, self._wire.spoils_checksum)
        # the part thinks for some milliseconds, longer before a restart of its fan
        self._wire.send(reply, now_us + (20000 if command in (START, STOP, RESET) else 3000), self.baud)

    def obey(self, command, payload, now_us):
        """(state, answer)"""
        if command == START:
            return self._start(payload, now_us), b""
        if command == STOP:
            return self._change(MEASURING, IDLE), b""
        if command == READ:
            return self._read(now_us) if self._mode == MEASURING else (WRONG_STATE, b"")
        if command == SLEEP:
            self._awake_until = None
            return self._change(IDLE, ASLEEP), b""
        if command == WAKE:
            return self._change(ASLEEP, IDLE), b""
        if command == CLEAN:
            return OK if self._mode == MEASURING else WRONG_STATE, b""
        if command == INTERVAL:
            return self._cleaning(payload)
        if command == INFO:
            texts = {b"\x00": "00080000", b"\x03": self._serial}
            return (OK, texts[payload].encode() + b"\0") if payload in texts else (BAD_VALUE, b"")
        if command == VERSION:
            return OK, bytes([2, 3, 0, 7, 0, 2, 0])
        if command == STATUS:
            status = int(self._quantities.at(now_us)["status"])
            return (OK, struct.pack(">IB", status, 0)) if len(payload) == 1 else (BAD_LENGTH, b"")
        if command == RESET:
            self._boot()
            return OK, b""
        return UNKNOWN, b""

    def _change(self, needed, mode):
        if self._mode != needed:
            return WRONG_STATE
        self._mode = mode
        return OK

    def _start(self, payload, now_us):
        if len(payload) != 2:
            return BAD_LENGTH
        if payload[0] != 1 or payload[1] not in (3, 5):
            return BAD_VALUE
        state = self._change(IDLE, MEASURING)
        if state == OK:
            self._integers = payload[1] == 5
            self._started_us = now_us
            self._told = 0
        return state

    def _cleaning(self, payload):
        if payload == b"\0":
            return OK, struct.pack(">I", self._interval_s)
        if len(payload) != 5 or payload[0]:
            return BAD_LENGTH, b""
        self._interval_s = struct.unpack(">I", payload[1:])[0]
        return OK, b""

    def _read(self, now_us):
        if not self.ready(now_us):
            return OK, b""
        self._told = self._second(now_us)
        return OK, self._measured(now_us)

    def ready(self, now_us):
        """True if there is a measurement that nobody has read."""
        return self._mode == MEASURING and self._second(now_us) != self._told

    def latest(self, now_us):
        """The measurement of this second, read before or not; None if it does not measure."""
        if self._mode != MEASURING:
            return None
        self._told = self._second(now_us)
        if not self._told:
            return bytes(20 if self._integers else 40)
        return self._measured(self._started_us + self._told * SECOND_US)

    def _second(self, now_us):
        """The number of the measurement that was made last; 0: none yet."""
        return (now_us - self._started_us) // SECOND_US

    def _measured(self, at_us):
        """Masses, numbers and size of that instant in the format that the start command asked for."""
        values = self._quantities.at(at_us)
        pm2_5 = values["pm2_5"]
        masses = [
            pm2_5 * usual if values[name] is None else values[name]
            for name, usual in (("pm1", 0.85), ("pm2_5", 1), ("pm4", 1.12), ("pm10", 1.16))
        ]
        whole = aired(at_us - self._started_us, SETTLED_US)
        masses = [mass * whole for mass in masses]
        answer = masses + [masses[0] * number for number in NUMBERS] + [0.74]
        if self._integers:
            whole = [min(65535, int(value + 0.5)) for value in answer[:9]] + [740]  # typical size in nm
            return struct.pack(">10H", *whole)
        return struct.pack(">10f", *answer)
