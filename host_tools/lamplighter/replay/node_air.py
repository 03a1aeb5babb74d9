"""Runs under MicroPython: the node's own air sensing, fed with the rows of a trace; one JSON line a window."""

import json
import sys

from node_rows import MISSING, each


def main(folder, rows, facts):
    sys.path.insert(0, folder)
    from lamppost.core.clock import NTP, Clock
    from lamppost.core.faults import SensorFault
    from lamppost.sensing.air.windows import Air

    with open(facts) as file:
        facts = json.load(file)
    now = [0]
    clock = Clock(lambda: now[0], lambda late, early: late - early)
    clock.set_utc(facts["utc_s"], facts["utc_ms"], NTP, 20)
    air = Air(facts["options"], clock, {part: Recorded(row["quantities"]) for part, row in facts["parts"].items()})
    silent = SensorFault("silent")
    air.wears.clear()  # how long a recorded part has worked is not known
    feeds = [Feed(air, part, row, facts["columns"], silent) for part, row in facts["parts"].items()]
    for channel in air.channels:
        channel.every_ms = facts["parts"][channel.part]["every_ms"]

    def tell():
        told = air.poll()
        while told:
            print('{"t_s":' + str(told[2].seconds + facts["zero_s"]) + "," + told[1].decode())
            told = air.poll()

    every_ms = facts["every_ms"]
    for block, start in each(rows, len(facts["columns"]) + 1):
        while 2 * (block[start] - now[0]) > 3 * every_ms:  # a hole: the node asks, and nobody answers
            now[0] += every_ms
            for feed in feeds:
                feed.hole(now[0])
            tell()
        now[0] = block[start]
        tell()
        for feed in feeds:
            feed.row(block, start)
    now[0] += every_ms
    tell()


class Recorded:
    """Stands for the part that the columns came from: as an SPS30 where they are particles."""

    RH_MAX = 950
    LIMITS = (("pm2_5", 0, 10000),)

    def __init__(self, quantities):
        self.QUANTITIES = quantities
        if "voc_raw" in quantities:
            self.compensate = lambda weather: None  # the ticks are as they were measured


class Feed:
    """The columns of one part; it has a rhythm of its own, and is silent only where it misses that."""

    def __init__(self, air, part, row, columns, silent):
        self._air = air
        self._part = part
        self._places = [(name, columns.index(name) + 1) for name in row["quantities"]]
        self._every_ms = row["every_ms"]
        self._silent = silent
        self._last_ms = 0

    def row(self, block, start):
        reading = {}
        for name, place in self._places:
            if block[start + place] != MISSING:
                reading[name] = block[start + place]
        if "voc_raw" in reading and len(reading) < len(self._places):
            reading = {}
        if reading:
            self._last_ms = block[start]
            self._air.take(self._part, reading)
        else:
            self.hole(block[start])

    def hole(self, now_ms):
        if now_ms - self._last_ms >= self._every_ms:
            self._air.miss(self._part, self._silent)


main(*sys.argv[1:])
