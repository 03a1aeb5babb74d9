"""The node's self-test: every part and the node itself against limits, one JSON object a line, the verdict last."""

import json

from ..core.borrow import once
from ..core.faults import Fault, SensorFault

_HEAP_B = 40000  # a connection with its buffers, and the app's peaks
_RSSI_DBM = -80
_MEMBERS = ("check", "what", "value", "unit", "low", "high", "ok", "word")


def row(check, what, value, unit, low, high, word=""):
    """A row that is judged by its limits, or has failed already with a word."""
    ok = not word and (low is None or value >= low) and (high is None or value <= high)
    return (check, what, value, unit, low, high, ok, "" if ok else word or "range")


async def run(parts, partition, wifi, heap_free, write=print):
    """Print each row as it is known, and the verdict; returns True if everything passed.

    parts -- {id: driver}; partition -- the journal's; wifi -- link/wifi.py
    """
    passed = say(row("node", "heap_free", heap_free, "B", _HEAP_B, None), write)
    blocks = partition.ioctl(4, 0)
    passed &= say(row("journal", "blocks", blocks, "4 KiB", 16, None), write)
    for name, part in parts.items():
        try:
            rows = await once("drivers.trial", "whole", part)
        except SensorFault as fault:
            rows = (("reading", None, "", None, None, False, fault.word),)
        for one in rows:
            passed &= say((name,) + one, write)
    passed &= say(await reach(wifi), write)
    write(json.dumps({"verdict": "pass" if passed else "fail"}))
    return passed


async def reach(wifi):
    """The access point of the configuration answers, and is strong enough."""
    try:
        await wifi.join(lambda: None)
    except Fault as fault:
        return row("wifi", "rssi", None, "dBm", _RSSI_DBM, None, fault.word)
    level = wifi.rssi()
    if level is None:
        return row("wifi", "connected", 1, "", 1, None)
    return row("wifi", "rssi", level, "dBm", _RSSI_DBM, None)


def say(one, write):
    """Print a row as an object; True if it passed."""
    write(json.dumps(dict(zip(_MEMBERS, one))))
    return one[6]
