"""PZEM-004T v3 energy meter, byte for byte: Modbus RTU over UART, dead while the mains is dead.

Protocol: Peacefair "PZEM-004T V3.0 User Manual"; captured answers in tests/data. 9600 8N1, registers big-endian,
low word first. The measuring side is fed by the mains: without it the part does not answer at all.
"""

from . import mains
from .energy import Energy
from .modbus_slave import (
    BAD_FUNCTION,
    BAD_REGISTER,
    BAD_VALUE,
    READ_HOLDING,
    READ_INPUT,
    UNBIASED,
    WRITE,
    WRITE_MANY,
    Slave,
    refusal,
    told,
    word,
)
from .uart_part import UartPart

DEAD_BELOW_V = 50
STARTING_W = 0.4  # the register shows 0 below
WRAP_WH = 10000000  # 9999.99 kWh and then 0: not documented, assumed
ANYONE = 0xF8
CALIBRATE, RESET_ENERGY = 0x41, 0x42


class Twin(UartPart):
    """Quantities: volts, watts, pf, hertz; amps follows from them unless set. energy_wh puts the register."""

    BUSES = ("uart", "rs485")  # the PZEM-016 on RS-485
    FAULTS = (UNBIASED,)
    QUANTITIES = ("volts", "watts", "pf", "hertz", "amps", "energy_wh")

    def __init__(self, options):
        self._energy = Energy()
        defaults = dict(mains.DEFAULTS, hertz=50.0)
        super().__init__(options, 9600, defaults, self.FAULTS, {"energy_wh": self._energy.put})
        self._slave = Slave(
            self._wire, options.get("address", 1), options.get("answer_ms", 40) * 1000,
            {CALIBRATE: 6, RESET_ENERGY: 4, WRITE_MANY: 8}, ANYONE,
        )  # fmt: skip
        self._threshold_w = 23000
        if "state" in options:
            self.restore(options["state"])

    @property
    def address(self):
        return self._slave.address

    def state(self):
        return {"energy": self._energy.held, "address": self.address, "threshold_w": self._threshold_w}

    def restore(self, state):
        self._energy.held = state["energy"]
        self._slave.address = state.get("address", self.address)
        self._threshold_w = state.get("threshold_w", self._threshold_w)

    def written(self, data, now_us):
        values = self._meter(now_us)
        alive = values["volts"] >= DEAD_BELOW_V
        self._slave.written(data, now_us, self.baud, lambda request: self._answer(request, values) if alive else None)

    def emitted(self, now_us):
        self._meter(now_us)
        return self._wire.emitted(now_us)

    def _meter(self, now_us):
        values = self._quantities.at(now_us)
        alive = values["volts"] >= DEAD_BELOW_V and abs(values["watts"]) >= STARTING_W
        self._energy.meter(now_us, abs(values["watts"]) * 1000 if alive else 0, self._quantities.stuck)
        return values

    def _answer(self, request, values):
        """Function and what follows it, without address and CRC."""
        function = request[1]
        if function == RESET_ENERGY:
            self._energy.put(0)
            return bytes([function])
        if function == CALIBRATE:
            return request[1:] if request[0] == ANYONE and request[2:] == b"\x37\x21" else refusal(function, BAD_VALUE)
        if function not in (READ_HOLDING, READ_INPUT, WRITE):
            return refusal(function, BAD_FUNCTION)
        register, value = word(request, 2), word(request, 4)
        if function == WRITE:
            code = self._write(register, value)
            return refusal(function, code) if code else request[1:]
        first, registers = (0, self._inputs(values)) if function == READ_INPUT else (1, self._holdings())
        if value == 0:
            return refusal(function, BAD_VALUE)
        if register < first or register + value > first + len(registers):
            return refusal(function, BAD_REGISTER)
        return told(function, registers[register - first : register - first + value])

    def _write(self, register, value):
        """Returns the error code, 0 for done."""
        if register == 1:
            self._threshold_w = value
        elif register == 2:
            if not 1 <= value <= 0xF7:
                return BAD_VALUE
            self._slave.address = value
        else:
            return BAD_REGISTER
        return 0

    def _holdings(self):
        return [self._threshold_w, self.address]

    def _inputs(self, values):
        volts, pf = values["volts"], values["pf"]
        watts = abs(values["watts"]) if abs(values["watts"]) >= STARTING_W else 0
        amps = mains.Phase(volts, watts, pf, values["amps"]).amps
        milliamps, deciwatts = int(amps * 1000 + 0.5), int(watts * 10 + 0.5)
        energy_wh = self._energy.wh % WRAP_WH
        return [
            int(volts * 10 + 0.5),
            milliamps & 0xFFFF, milliamps >> 16,
            deciwatts & 0xFFFF, deciwatts >> 16,
            energy_wh & 0xFFFF, energy_wh >> 16,
            int(values["hertz"] * 10 + 0.5),
            int(pf * 100 + 0.5) if watts else 0,
            0xFFFF if watts > self._threshold_w else 0,
        ]  # fmt: skip
