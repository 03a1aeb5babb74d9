"""Reads, resets or takes over a lamppost's counters when its node is replaced; run at the console."""

import json

from ..core.clock import Clock
from . import flash
from .counters import Counters
from .nor_log import erase_all

_TOLD = ("imp_mwh", "meter_mwh", "boot", "power_cuts", "burn_s", "switchings")


def _counters(partition, time):
    return Counters(flash.regions(partition)[0], Clock(time.ticks_ms, time.ticks_diff))


def read_out(partition, time, write=print):
    """The counters as a line of JSON; the boot count goes one up by being looked at."""
    counters = _counters(partition, time)
    write(json.dumps({name: getattr(counters, name) for name in _TOLD}))


def begin_anew(partition):
    """Erase counters and records of this node: they belong to another lamppost."""
    for region in flash.regions(partition):
        erase_all(region)


def take_over(partition, time, values):
    """Go on where the node before was. values -- of read_out, as far as known. False: the flash is worn."""
    counters = _counters(partition, time)
    for name in _TOLD:
        if values.get(name) is not None:
            setattr(counters, name, values[name])
    counters.changed()
    counters.burnt()
    counters.checkpoint(True)
    return not counters.worn


def keep_note(partition, time, name, data):
    """Keep a few bytes under a name, as Counters.keep() does while the node runs. False: the flash is worn."""
    counters = _counters(partition, time)
    counters.keep(name, data, True)
    return not counters.worn
