"""What the link says of itself beside the records: state, info, diag; loaded for each."""

import asyncio

from micropython import const

from ..core.payload import HEAD_MAX, head_into

_LEAVE_MS = const(2000)


def publish(link, suffix, body, qos, retain, seq):
    """See Link.publish_now."""
    pieces = body if isinstance(body, list) else [body]
    if body:
        pieces.insert(0, envelope(link, seq=seq))
    return link.mqtt.publish(link.broker.prefix + suffix, pieces, qos, retain)


def envelope(link, timed=True, seq=None):
    """What stands before a body."""
    clock = link.clock
    head = bytearray(HEAD_MAX)
    ts = clock.utc_s() if timed else None
    return head[: head_into(head, 0, link.boot, seq, ts, clock.tq, clock.tu_ms, False)]


def introduce(link):
    """Say that we are there and what we are; what the broker has no room for now is said at the next look."""
    if link._unsaid == 2 and link.publish_now(b"state", b'"state":"online","reason":""}', 1, True):
        link._unsaid = 1
    if link._unsaid == 1 and link.publish_now(b"info", link.info(), 1, True):
        link._unsaid = 0


async def leave(link, reason):
    """Before a reset that was asked for: say `offline` and why, and go without a will."""
    if link.publish_now(b"state", b'"state":"offline","reason":"%s"}' % reason.encode(), 1, True):
        started = link.ticks_ms()
        while link.up and link.mqtt.flying and link._left(started, _LEAVE_MS) > 0:
            await asyncio.sleep_ms(20)
        link.mqtt.close(polite=True)
