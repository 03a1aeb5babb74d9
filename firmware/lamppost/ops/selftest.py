"""The node's self-test: every part and the node itself against limits, one JSON object a line, the verdict last."""

import asyncio
import json

from micropython import const

from ..core.faults import Fault, SensorFault
from ..core.quantities import unit

_HEAP_B = const(40000)  # a connection with its buffers, and the app's peaks
_RSSI_DBM = const(-80)
_BLOCKS = const(16)
_TRIES = const(3)  # reads of a part before its fault is the verdict
_PAUSE_MS = const(300)
_MEMBERS = ("check", "what", "value", "unit", "low", "high", "ok", "word")


async def run(parts, partition, wifi, heap_free, write=print):
    """Print each row as soon as it is known, then the verdict; returns True if everything passed.

    parts -- {id: driver}; partition -- the journal's; wifi -- link/wifi.py
    """
    passed = say(heap_row(heap_free), write)
    passed &= say(row("journal", "blocks", partition.ioctl(4, 0), "4 KiB", _BLOCKS, None), write)
    for name, part in parts.items():
        for one in await part_rows(part):
            passed &= say((name,) + one, write)
    passed &= say(await wifi_row(wifi), write)
    write(json.dumps({"verdict": "pass" if passed else "fail"}))
    return passed


async def part_rows(part):
    """Rows (what, value or None, unit, low, high, ok, word) of one part: one for each of its LIMITS.

    A part is judged by its check() where it has one, else by a reading. A part that fails is asked three times, one
    that warms up for its CHECK_WAIT_S seconds, before the fault's word is the verdict.
    """
    read = getattr(part, "check", part.read)
    wait_s = getattr(part, "CHECK_WAIT_S", 0)
    tries = _TRIES
    while True:
        try:
            reading = await read()
            return [_judged(name, reading[name], low, high) for name, low, high in part.LIMITS]
        except SensorFault as fault:
            if fault.word == "warming" and wait_s > 0:
                wait_s -= 1
                await asyncio.sleep_ms(1000)
                continue
            tries -= 1
            if not tries:
                return _failed(part, fault.word)
            await asyncio.sleep_ms(_PAUSE_MS)


def _judged(name, value, low, high):
    if value is None:
        return name, None, unit(name)[0], low, high, False, "partial"
    ok = low <= value <= high
    word = "" if ok else "range"
    if value < low < 0 and name.startswith("p") and name.endswith("_mw"):
        word = "backwards"  # a small negative power is the noise of a meter without load
    return name, value, unit(name)[0], low, high, ok, word


def _failed(part, word):
    if not part.LIMITS:  # a part that could not be built measures nothing that is known
        return [("reading", None, "", None, None, False, word)]
    return [(name, None, unit(name)[0], low, high, False, word) for name, low, high in part.LIMITS]


async def wifi_row(wifi):
    """The access point of the configuration answers, and its signal is strong enough."""
    try:
        await wifi.join(lambda: None)
    except Fault as fault:
        return row("wifi", "rssi", None, "dBm", _RSSI_DBM, None, fault.word)
    level = wifi.rssi()
    if level is None:
        return row("wifi", "connected", 1, "", 1, None)
    return signal_row(level)


def signal_row(level):
    """level -- of the access point's signal, dBm"""
    return row("wifi", "rssi", level, "dBm", _RSSI_DBM, None)


def heap_row(heap_free):
    """heap_free -- bytes"""
    return row("node", "heap_free", heap_free, "B", _HEAP_B, None)


def row(check, what, value, unit, low, high, word=""):
    """A row that is judged by its limits, or has failed already with a word."""
    ok = not word and (low is None or value >= low) and (high is None or value <= high)
    return (check, what, value, unit, low, high, ok, "" if ok else word or "range")


def say(one, write):
    """Print a row as an object; True if it passed."""
    write(json.dumps(dict(zip(_MEMBERS, one))))
    return one[6]
