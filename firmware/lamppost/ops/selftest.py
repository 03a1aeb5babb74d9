"""The node's self-test: every part and the node itself against limits, one JSON object a line, then the verdict."""

import json

from ..core.faults import Fault


def _row(check, what, value, unit, low, high, ok, word):
    return {
        "check": check,
        "what": what,
        "value": value,
        "unit": unit,
        "low": low,
        "high": high,
        "ok": ok,
        "word": word,
    }


def heap(free):
    """At least 40 kB must be free for a connection with its buffers."""
    return _row("node", "heap_free", free, "B", 40000, None, free >= 40000, "" if free >= 40000 else "heap")


def journal(outbox):
    """The journal could be scanned, and is not close to dropping telemetry."""
    depth = outbox.depth()
    return _row("journal", "depth", depth, "records", 0, None, True, "")


async def wifi(link_up, rssi):
    """The access point is in reach: link_up() connects or raises LinkFault, rssi() in dBm."""
    try:
        await link_up()
    except Fault as fault:
        return _row("wifi", "connected", 0, "", 1, None, False, fault.word)
    level = rssi()
    ok = level is None or level >= -80
    return _row("wifi", "rssi", level, "dBm", -80, None, ok, "" if ok else "weak")


async def part(name, device):
    """A part's own self-test as rows."""
    return [_row(name, *row) for row in await device.selftest()]


def say(rows, write=print):
    """Print the rows and the verdict; returns True if everything passed."""
    passed = True
    for row in rows:
        write(json.dumps(row))
        passed = passed and row["ok"]
    write(json.dumps({"verdict": "pass" if passed else "fail"}))
    return passed
