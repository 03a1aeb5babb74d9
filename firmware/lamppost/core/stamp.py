"""A moment as every record carries it: in UTC once that is known, in uptime before."""

from collections import namedtuple

# seconds -- since 2000-01-01 UTC if `known`, else of uptime
# quality -- time quality, `tq` of the envelope (core/clock.py); uncertainty_ms -- how far UTC may be off
Stamp = namedtuple("Stamp", ("seconds", "known", "quality", "uncertainty_ms"))
