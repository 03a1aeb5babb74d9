"""PZEM-004T v3 energy meter, byte for byte: Modbus RTU over UART, dead while the mains is dead.

Protocol: Peacefair "PZEM-004T V3.0 User Manual"; captured answers in tests/data. 9600 8N1, registers big-endian,
low word first. The measuring side is fed by the mains: without it the part does not answer at all.
"""

import struct

from .quantities import Quantities
from .wire import Wire

DEAD_BELOW_V = 50
STARTING_W = 0.4  # the register shows 0 below
WRAP_WH = 10000000  # 9999.99 kWh and then 0: not documented, assumed
MW_US_PER_WH = 3600 * 1000 * 1000000
ANYONE, BROADCAST = 0xF8, 0x00
READ_HOLDING, READ_INPUT, WRITE, CALIBRATE, RESET_ENERGY = 0x03, 0x04, 0x06, 0x41, 0x42
LENGTHS = {READ_HOLDING: 8, READ_INPUT: 8, WRITE: 8, CALIBRATE: 6, RESET_ENERGY: 4}
BAD_FUNCTION, BAD_REGISTER, BAD_VALUE = 1, 2, 3
GAP_US = 20000  # bytes further apart than this belong to two requests


def crc16(data):
    """CRC-16/Modbus as two bytes, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


class Twin:
    """Quantities: volts, watts, pf, hertz; amps follows from them unless set. energy_wh puts the register."""

    baud = 9600
    QUANTITIES = ("volts", "watts", "pf", "hertz", "amps", "energy_wh")

    def __init__(self, options):
        values = dict(options.get("values", {}))
        energy_wh = values.pop("energy_wh", 0)
        defaults = {"volts": 230.0, "watts": 60.0, "pf": 0.95, "hertz": 50.0, "amps": None}
        self._quantities = Quantities(defaults, {"values": values, "series": options.get("series", ())})
        self._wire = Wire()
        self._heard = b""
        self._heard_us = 0
        self._answer_us = options.get("answer_ms", 40) * 1000
        self.address = options.get("address", 1)
        self._threshold_w = 23000
        self._energy = int(energy_wh * MW_US_PER_WH)  # in mW times us: exact, whatever the steps of time are
        self._metered_us = None
        self._power_mw = 0
        if "state" in options:
            self.restore(options["state"])

    def set(self, **values):
        energy_wh = values.pop("energy_wh", None)
        if energy_wh is not None:
            self._energy = int(energy_wh * MW_US_PER_WH)
        self._quantities.set(values)

    def fault(self, kind, **options):
        self._wire.fault(kind, options)
        self._quantities.stuck = kind == "stuck"

    def state(self):
        return {"energy": self._energy, "address": self.address, "threshold_w": self._threshold_w}

    def restore(self, state):
        self._energy = state["energy"]
        self.address = state.get("address", self.address)
        self._threshold_w = state.get("threshold_w", self._threshold_w)

    def written(self, data, now_us):
        if now_us - self._heard_us > GAP_US:
            self._heard = b""
        self._heard_us = now_us
        self._heard = (self._heard + bytes(data))[-32:]
        length = LENGTHS.get(self._heard[1], 8) if len(self._heard) > 1 else 8
        if len(self._heard) < length:
            return
        request, self._heard = self._heard[:length], b""
        values = self._meter(now_us)
        if values["volts"] < DEAD_BELOW_V or request[-2:] != crc16(request[:-2]):
            return
        if request[0] not in (self.address, ANYONE, BROADCAST):
            return
        reply = self._answer(request, values)
        if request[0] != BROADCAST:
            start_us = now_us + 10000000 * length // self.baud + self._answer_us
            self._send(request[:1] + reply, start_us)

    def emitted(self, now_us):
        self._meter(now_us)
        return self._wire.emitted(now_us)

    def _send(self, body, start_us):
        crc = crc16(body)
        if self._wire.spoils_checksum:
            crc = bytes([crc[0] ^ 0xFF, crc[1]])
        self._wire.send(body + crc, start_us, self.baud)

    def _meter(self, now_us):
        """Carry the energy register on to now. Between two calls the power counts as it was at the earlier one."""
        if self._metered_us is not None and not self._quantities.stuck:
            self._energy += self._power_mw * (now_us - self._metered_us)
        self._metered_us = now_us
        values = self._quantities.at(now_us)
        alive = values["volts"] >= DEAD_BELOW_V and abs(values["watts"]) >= STARTING_W
        self._power_mw = int(abs(values["watts"]) * 1000) if alive else 0
        return values

    def _answer(self, request, values):
        """Function and what follows it, without address and CRC."""
        function = request[1]
        if function == RESET_ENERGY:
            self._energy = 0
            return bytes([function])
        if function == CALIBRATE:
            if request[0] != ANYONE or request[2:4] != b"\x37\x21":
                return bytes([function | 0x80, BAD_VALUE])
            return request[1:-2]
        if function not in LENGTHS:
            return bytes([function | 0x80, BAD_FUNCTION])
        register, value = struct.unpack(">HH", request[2:6])
        if function == WRITE:
            refusal = self._write(register, value)
            return bytes([function | 0x80, refusal]) if refusal else request[1:-2]
        first, registers = (0, self._inputs(values)) if function == READ_INPUT else (1, self._holdings())
        if value == 0:
            return bytes([function | 0x80, BAD_VALUE])
        if register < first or register + value > first + len(registers):
            return bytes([function | 0x80, BAD_REGISTER])
        chosen = registers[register - first : register - first + value]
        return bytes([function, 2 * value]) + struct.pack(">%dH" % value, *chosen)

    def _write(self, register, value):
        """Returns the error code, 0 for done."""
        if register == 1:
            self._threshold_w = value
        elif register == 2:
            if not 1 <= value <= 0xF7:
                return BAD_VALUE
            self.address = value
        else:
            return BAD_REGISTER
        return 0

    def _holdings(self):
        return [self._threshold_w, self.address]

    def _inputs(self, values):
        volts, pf = values["volts"], values["pf"]
        watts = abs(values["watts"]) if abs(values["watts"]) >= STARTING_W else 0
        amps = values["amps"]
        if amps is None:
            amps = watts / (volts * pf) if pf else 0
        milliamps, deciwatts = int(amps * 1000 + 0.5), int(watts * 10 + 0.5)
        energy_wh = self._energy // MW_US_PER_WH % WRAP_WH
        return [
            int(volts * 10 + 0.5),
            milliamps & 0xFFFF, milliamps >> 16,
            deciwatts & 0xFFFF, deciwatts >> 16,
            energy_wh & 0xFFFF, energy_wh >> 16,
            int(values["hertz"] * 10 + 0.5),
            int(pf * 100 + 0.5) if watts else 0,
            0xFFFF if watts > self._threshold_w else 0,
        ]  # fmt: skip
