"""One row of the switching log, and the hash that chains it to the row before; node and host use the same functions."""

import hashlib
from collections import namedtuple

from ..core.calendar import rfc3339

# n -- number of the row over the life of the node, from 1 on, without gaps
# boot, up_s -- boot count and uptime of the change; utc_s -- its UTC since 2000, None: not known; tq -- its quality
# level -- per cent; p_mw, imp_mwh -- measured power at the level, import register, None: not known
# cause -- schedule, override, sensor, presence, safe: who asked for the level; power-on, reset: the first row of a
#   boot; head: the daily row without a change; gap: changes since `since_s` could not be recorded
# since_s -- UTC of the last sign of life before a boot or a gap, None: not known, or no such row
Row = namedtuple(
    "Row", ("n", "boot", "up_s", "utc_s", "tq", "level", "p_mw", "imp_mwh", "cause", "since_s")
)  # fmt: skip

# a note on flash has the index: new ones come last
CAUSES = ("schedule", "override", "sensor", "safe", "power-on", "reset", "head", "gap", "presence")
ORIGIN = bytes(32)  # the hash before the first row


def text(row):
    """The bytes of a row that the hash covers: its values in order, with commas, nothing for what is not known."""
    return (",".join([_text(name, value) for name, value in zip(_FIELDS, row)])).encode()


def chained(before, row):
    """The hash (32 bytes) of a row whose predecessor has the hash `before`."""
    return hashlib.sha256(before + text(row)).digest()


def message(row, digest):
    """The body of evt/switching."""
    members = ['"%s":%s' % (_NAMES.get(name, name), _json(name, value)) for name, value in zip(_FIELDS, row)]
    return (",".join(members) + ',"hash":"%s"}' % "".join(["%02x" % byte for byte in digest])).encode()


_FIELDS = ("n", "boot", "up_s", "utc_s", "tq", "level", "p_mw", "imp_mwh", "cause", "since_s")
_NAMES = {"utc_s": "at", "tq": "at_tq", "since_s": "since"}
_TIMES = ("utc_s", "since_s")


def _text(name, value):
    if value is None:
        return ""
    return rfc3339(value) if name in _TIMES else str(value)


def _json(name, value):
    if value is None:
        return "null"
    return '"%s"' % _text(name, value) if name in _TIMES or name == "cause" else str(value)
