"""An outbox as plain values; loaded to make them, and to look at them, without the outbox's own code."""

from .log import Log


class _Seen:
    """With the attributes of what was folded."""


def fold(box):
    """What an outbox knows, of which nothing is in flight; it cannot be used any more."""
    ring = box._ring
    buffers = (
        ring.record, ring._record, ring.header, ring._checked, ring.peeked, ring._peeked, ring._fronts, box._viewed,
        box._view,
    )  # fmt: skip
    made = (box, ring, box._queue, box._anchors, box._room)
    again = {id(one) for one in made + buffers if one is not None}  # what unfold() makes anew
    folded = []
    for one in made:
        known = one.__dict__
        folded.append({name: known[name] for name in known if id(known[name]) not in again})
    box._ring = None  # who has kept it by mistake shall notice
    return folded


def told(drawer):
    """(telemetry dropped so far, wear as Ring.wear tells it) of the outbox in a drawer, which stays as it lies."""
    box = drawer.lying
    if box:
        return box.dropped, box.wear()
    _, ring, _, _, room = [_seen(known) for known in drawer.folded]
    return room.dropped, Log.wear(ring)  # pyright: ignore


def _seen(known):
    one = _Seen()
    for name in known:
        setattr(one, name, known[name])
    return one
