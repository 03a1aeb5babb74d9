"""A Modbus meter whose registers are floats, high word first: what the Eastron and Chint meters have in common."""

import struct

from .energy import Energy
from .modbus_slave import (
    BAD_FUNCTION,
    BAD_REGISTER,
    BAD_VALUE,
    READ_HOLDING,
    READ_INPUT,
    UNBIASED,
    WRITE_MANY,
    Slave,
    refusal,
    word,
)
from .uart_part import UartPart

REGISTERS = ("import_wh", "export_wh")


class FloatMeter(UartPart):
    """A Twin gives DEFAULTS and FACTORY, `_phases(values)`, `_measured(values)` and `_settings()` -> {register: float},
    `_put(register, number)` -> error code or 0, SPANS = ((first, end) ..) of what can be read, LONGEST in registers.
    """

    BUSES = ("rs485", "uart")
    FAULTS = (UNBIASED,)
    INPUTS, HOLDINGS = (READ_INPUT,), (READ_HOLDING,)
    ANSWER_MS = 60
    DEAD_BELOW_V = 80  # it lives on the line that it measures

    def __init__(self, options):
        self._registers = {name: Energy() for name in REGISTERS}
        puts = {name: self._registers[name].put for name in REGISTERS}
        super().__init__(options, None, self.DEFAULTS, self.FAULTS, puts)
        self._saved = dict(self.FACTORY)
        self._saved.update({key: options[key] for key in ("address", "baud") if key in options})
        if "state" in options:
            self.restore(options["state"])
        self._slave = Slave(self._wire, self._saved["address"], options.get("answer_ms", self.ANSWER_MS) * 1000)
        self.baud = self._saved["baud"]

    @property
    def address(self):
        return self._slave.address

    def state(self):
        return {"saved": self._saved, "energy": [self._registers[name].held for name in REGISTERS]}

    def restore(self, state):
        """Settings count from here on: as in the meter, a new address or speed waits for a restart."""
        self._saved.update(state["saved"])
        for name, held in zip(REGISTERS, state["energy"]):
            self._registers[name].held = held

    def kwh(self, name):
        return self._registers[name].wh / 1000

    def emitted(self, now_us):
        self._meter(now_us)
        return self._wire.emitted(now_us)

    def written(self, data, now_us):
        values = self._meter(now_us)
        if max(phase.volts for phase in self._phases(values)) >= self.DEAD_BELOW_V:
            self._slave.written(data, now_us, self.baud, lambda request: self._answer(request, values))

    def _meter(self, now_us):
        values = self._quantities.at(now_us)
        phases = self._phases(values)
        milliwatts = int(sum(phase.watts for phase in phases if phase.volts >= self.DEAD_BELOW_V) * 1000)
        for name, sign in zip(REGISTERS, (1, -1)):
            self._registers[name].meter(now_us, max(0, sign * milliwatts), self._quantities.stuck)
        return values

    def _answer(self, request, values):
        function, start, count = request[1], word(request, 2), word(request, 4)
        if function == WRITE_MANY:
            return self._write(request, start, count)
        inputs = function in self.INPUTS
        if not inputs and function not in self.HOLDINGS:
            return refusal(function, BAD_FUNCTION)
        known = self._measured(values) if inputs else {}
        known.update(self._settings() if function in self.HOLDINGS else {})
        if start % 2 or not any(first <= start and start + count <= end for first, end in self.SPANS):
            return refusal(function, BAD_REGISTER)
        if not count or count % 2 or count > self.LONGEST:
            return refusal(function, BAD_VALUE)  # half a number
        numbers = [known.get(start + at, 0) for at in range(0, count, 2)]  # between the known ones lie zeros
        return bytes([function, 2 * count]) + struct.pack(">%df" % len(numbers), *numbers)

    def _write(self, request, start, count):
        if count != 2 or request[6] != 4:
            return refusal(WRITE_MANY, BAD_VALUE)
        code = self._put(start, struct.unpack(">f", request[7:11])[0])
        return refusal(WRITE_MANY, code) if code else request[1:6]
