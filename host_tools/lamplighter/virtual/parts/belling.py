"""Shared by the Belling BL0940 and BL0942: UART, checksum and energy counter.

"BL0942 Data sheet" V1.06, "BL0940 Data sheet" V1.1. Values are counts; what a count is worth depends on the shunt and
the divider of the board: counts_per_volt, counts_per_amp, counts_per_watt. All lost with the supply.
"""

from . import mains
from .energy import Energy
from .uart_part import UartPart

FULL = 0xAA
GAP_US = 20000  # after such a pause the chip begins anew
WATT_COUNTS_PER_PULSE = 4194304  # 1638.4 s * 256, in tenths


def counts(value, width=24):
    """An unsigned value as far as it fits."""
    return max(0, min((1 << width) - 1, int(value + 0.5)))


def three(value):
    """24 bits, low byte first, negative ones as two's complement."""
    value &= 0xFFFFFF
    return bytes([value & 0xFF, value >> 8 & 0xFF, value >> 16])


class Belling(UartPart):
    """A Twin gives READ and WRITE (first bytes of a request), COUNTS, DEFAULTS, `_packet(values)` -> the bytes
    behind 55, `_register(number, values)` -> 24 bits, and `_write(number, value)`."""

    def __init__(self, options):
        self._boot()
        super().__init__(options, self.baud, self.DEFAULTS, puts={"cf_cnt": self._count_from})
        self._answer_us = options.get("answer_ms", 5) * 1000
        per = [options.get("counts_per_" + name, usual) for name, usual in zip(("volt", "amp", "watt"), self.COUNTS)]
        self._per_volt, self._per_amp, self._per_watt = per
        self._heard, self._heard_us = b"", 0

    def _boot(self):
        self._count_from(0)
        self._unlocked = False

    def _count_from(self, cf_cnt):
        self._cf_cnt = cf_cnt
        self._energy = Energy()

    def running(self):
        return {"cf_cnt": self._cf_cnt, "held": self._energy.held}

    def resume(self, running):
        self._count_from(running["cf_cnt"])
        self._energy.held = running["held"]

    def emitted(self, now_us):
        self._meter(now_us)
        return self._wire.emitted(now_us)

    def written(self, data, now_us):
        if now_us - self._heard_us > GAP_US:
            self._heard = b""
        data = bytes(data)
        self._heard_us = now_us + self._wire.byte_us(self.baud) * len(data)
        self._heard = (self._heard + data)[-16:]
        values = self._meter(now_us)
        while self._heard and self._heard[0] not in (self.READ, self.WRITE):
            self._heard = self._heard[1:]
        length = 2 if self._heard[:1] == bytes([self.READ]) else 6
        if len(self._heard) < length:
            return
        request, self._heard = self._heard[:length], self._heard[length:]
        if length == 2:
            self._answer(request, values)
        elif ~sum(request[:5]) & 0xFF == request[5]:
            self._write(request[1], request[2] | request[3] << 8 | request[4] << 16)

    def _answer(self, request, values):
        if request[1] == FULL:
            body, first = b"\x55" + self._packet(values), request[0]
        else:
            body, first = three(self._register(request[1], values)), sum(request)
        check = ~(first + sum(body)) & 0xFF
        if self._wire.spoils_checksum:
            check ^= 0x01
        self._wire.send(body + bytes([check]), self._heard_us + self._answer_us, self.baud)

    def _meter(self, now_us):
        values = self._quantities.at(now_us)
        self._energy.meter(now_us, abs(values["watts"]) * 1000, self._quantities.stuck)
        return values

    def _pulses(self):
        """CF_CNT: 24 bits, and then from 0 again."""
        pulses = self._energy.held * int(self._per_watt * 1000) // (WATT_COUNTS_PER_PULSE * 100 * 1000000000)
        return self._cf_cnt + pulses & 0xFFFFFF

    def _line(self, values):
        """(volts, amps, watts with sign) in counts."""
        phase = mains.single(values)
        watts = counts(abs(phase.watts) * self._per_watt, 23)
        return (
            counts(phase.volts * self._per_volt),
            counts(phase.amps * self._per_amp),
            watts if phase.watts >= 0 else -watts,
        )
