"""A lamppost's journal on NOR flash in RAM, for the unit tests of the journal."""

import sys

sys.path.append((__file__.rsplit("/", 1)[0] if "/" in __file__ else ".") + "/../powercut")

from lamppost.core.clock import Clock  # noqa: E402
from lamppost.core.stamp import Stamp  # noqa: E402
from lamppost.journal.flash import Flash  # noqa: E402
from lamppost.journal.outbox import Entry, Outbox  # noqa: E402
from nor import Nor, NotErased, PowerCut  # noqa: E402, F401

KNOWN = Stamp(800000000, True, 3, 0)


class Ticks:
    """Milliseconds that a test moves on by hand."""

    def __init__(self):
        self.ms = 0

    def clock(self):
        return Clock(lambda: self.ms, lambda later, earlier: later - earlier)


def start(nor, boot):
    """An outbox as boot number `boot` finds it."""
    outbox = Outbox(Flash(nor))
    outbox.begin(boot)
    return outbox


class Sent:
    """A record as the subscriber sees it."""

    def __init__(self, entry, outbox):
        buf = bytearray(1100)
        outbox.load(entry, buf, 10)
        end = 10 + entry.topic_len
        self.entry = entry
        self.topic = bytes(buf[10:end])
        self.body = bytes(buf[end : end + entry.body_len])
        self.key = (entry.boot, entry.seq)
        self.ts = entry.ts


def take(outbox, count=16):
    """Up to `count` records, in flight."""
    sent = []
    while len(sent) < count:
        entry = Entry()
        if not outbox.take(entry):
            break
        sent.append(Sent(entry, outbox))
    return sent


def deliver(outbox, count=100000):
    """Up to `count` records, each acknowledged."""
    sent = []
    while len(sent) < count:
        batch = take(outbox, min(16, count - len(sent)))
        if not batch:
            break
        for one in batch:
            outbox.acknowledge(one.entry)
        sent += batch
    return sent


def raised(call, kind=Exception):
    """The exception of that kind that call() raises, None if it returns."""
    try:
        call()
    except kind as error:
        return error
    return None
