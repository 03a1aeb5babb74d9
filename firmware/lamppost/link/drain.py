"""What sends records, made when there are some and dropped with all its code when there are none; loaded for either."""

from ..core.borrow import give_back
from ..journal.record import Entry

_CODE = ("link.sender", "link.sender5", "link.envelope")
_TOGETHER = 1200  # bytes of records that go in one write with the next one: four of the usual


def begin(link):
    """Give a link its sender."""
    broker, mqtt = link.broker, link.mqtt
    outbox = link.outbox.lend()
    try:
        from .sender import Sender as kind
        from .sender import longest

        more = ()
        if broker.version == 5:  # what is not asked for takes no memory
            from .sender5 import Sender5 as kind

            more = (broker.expiry_s, broker.refused_ms, link.report)
        mqtt.lend(longest(broker.prefix) + _TOGETHER)
        entries = [Entry() for _ in range(broker.window)]
        link.sender = kind(
            mqtt, outbox, broker.prefix, entries, link.ticks_ms, link.ticks_diff, broker.drain_per_s, link.log,
            *more
        )  # fmt: skip
    except Exception:
        end(link)
        raise


def end(link):
    """Take it away. Nothing of it is in flight any more."""
    link.sender = None
    link.mqtt.lend(0)
    link.outbox.back()
    give_back(*_CODE)
