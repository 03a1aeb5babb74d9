"""A chip with a DALI bus at its pins: simulated gear behind the RMT and the time_pulse_us that MicroPython offers."""

import asyncio
import sys

from lamppost.buses.dali_bus import DaliBus
from lamppost.buses.dali_line import DaliLine
from lamppost.lamp.dali_output import DaliOutput

try:
    from lamplighter.virtual.parts import dali_gear, dali_segment
except ImportError:  # under MicroPython the twins are a package of their own
    sys.path.append(__file__.rsplit("/", 1)[0] + "/../../host_tools/lamplighter/virtual")
    from parts import dali_gear, dali_segment


class Chip:
    """machine, esp32 and time in one; time passes when the program sleeps, sends or listens."""

    def __init__(self, gears, tx_inverted=False, rx_inverted=False, **segment):
        self.us = 1000000
        self.gears = [dali_gear.Twin(gear) for gear in gears]
        self.segment = dali_segment.Segment(self.gears, **segment)
        self.real = tx_inverted, rx_inverted  # how the interface is
        chip = self

        class Pin:
            OUT = "out"
            IN = "in"

            def __init__(self, number, mode=None, value=None):
                self.number = number

        class Rmt:
            def __init__(self, channel, pin, resolution_hz, idle_level):
                assert resolution_hz == 1000000
                # an idle level of the wrong sense holds the bus low
                chip.held = bool(idle_level) == tx_inverted

            def write_pulses(self, lengths, level):
                at, lows = 0, []
                for length in lengths:
                    if bool(level) == tx_inverted:
                        lows.append((at, at + length))
                    at += length
                    level = 1 - level
                chip.segment.sent(chip.us + 40, lows)

        self.held = False
        self.Pin, self.RMT = Pin, Rmt

    def time_pulse_us(self, pin, level, timeout_us):
        low = bool(level) == self.real[1]
        if self.held:
            self.us += timeout_us
            return -1 if low else -2
        length, self.us = self.segment.pulse(self.us, low, timeout_us)
        return length

    def disable_irq(self):
        return 0

    def enable_irq(self, state):
        pass

    def sleep_ms(self, milliseconds):
        self.us += milliseconds * 1000

    def bus(self, **options):
        return DaliBus(DaliLine(self, self, self, 4, 5, **options), self.segment.random_below)

    def run(self, coroutine):
        """asyncio.run, with every asyncio.sleep_ms passing in no time."""
        real = getattr(asyncio, "sleep_ms", None)  # CPython has none

        async def sleep_ms(milliseconds):
            self.us += int(milliseconds) * 1000
            await asyncio.sleep(0)

        asyncio.sleep_ms = sleep_ms
        try:
            return asyncio.run(coroutine)
        finally:
            asyncio.sleep_ms = real


class Lamp:
    """An output on a chip, attended as the node does it."""

    def __init__(self, gears=({"address": 0},), **options):
        self.chip = Chip(gears)
        self.lines = []
        self.bus = self.chip.bus()
        self.output = DaliOutput(self.bus, self, options, self.lines.append)

    def uptime_ms(self):
        return self.chip.us // 1000

    def minutes(self, count=1):
        async def attend():
            end = self.chip.us + count * 60000000
            while self.chip.us < end:
                await self.output.attend()
                await asyncio.sleep_ms(5000)

        self.chip.run(attend())

    def levels(self):
        return [gear.level for gear in self.chip.gears]
