"""What sends records, made when there are some and dropped with all its code when there are none; loaded for either."""

from ..core.borrow import give_back
from ..journal.record import Entry
from .mqtt.publisher import LONGEST

_CODE = ("link.mqtt.publisher", "link.mqtt.publisher_v5", "link.mqtt.envelope")
_TOGETHER = 600  # bytes of records that go in one write with the next one: two of the usual


def begin(link):
    """Give a link its sender."""
    broker, mqtt = link.broker, link.mqtt
    room = len(broker.prefix) + LONGEST
    try:
        mqtt.lend(room + _TOGETHER)  # the largest piece first: the code lies in small ones
    except MemoryError:
        mqtt.lend(room)
    try:
        outbox = link.outbox.lend()
    except Exception:
        mqtt.lend(0)
        raise
    try:
        from .mqtt.publisher import Sender as kind

        more = ()
        if broker.version == 5:  # what is not asked for takes no memory
            from .mqtt.publisher_v5 import Sender5 as kind

            more = (broker.expiry_s, broker.refused_ms, link.report)
        entries = [Entry() for _ in range(broker.window)]
        link.sender = kind(
            mqtt, outbox, broker.prefix, entries, link.ticks_ms, link.ticks_diff, broker.drain_per_s, link.log,
            *more
        )  # fmt: skip
        if link.hold_ms is not None:
            link.sender.begin(mqtt.session_present, link.hold_ms)
            link.hold_ms = None
    except Exception:
        end(link)
        raise


def end(link):
    """Take it away. Nothing of it is in flight any more."""
    link.sender = None
    link.mqtt.lend(0)
    link.outbox.back()
    give_back(*_CODE)
