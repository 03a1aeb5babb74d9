"""An outbox as plain values, and an outbox of such values; loaded for either."""

from .anchor import Anchors
from .log import RECORD_MAX
from .outbox import Outbox
from .queue import Queue
from .ring import Ring
from .room import Room

_KINDS = (Outbox, Ring, Queue, Anchors, Room)


def fold(box):
    """What an outbox knows, of which nothing is in flight; it cannot be used any more."""
    ring = box._ring
    buffers = (
        ring.record, ring._record, ring.header, ring._checked, ring.peeked, ring._peeked, ring._fronts, box._viewed,
        box._view,
    )  # fmt: skip
    made = (box, ring, box._queue, box._anchors, box._room)
    again = {id(one) for one in made + buffers}  # what unfold() makes anew
    folded = []
    for one in made:
        known = one.__dict__
        folded.append({name: known[name] for name in known if id(known[name]) not in again})
    box._ring = None  # who has kept it by mistake shall notice
    return folded


def unfold(folded):
    """An outbox that goes on where the folded one was."""
    made: list = [_made(kind, known) for kind, known in zip(_KINDS, folded)]
    box, ring, queue, anchors, room = made
    ring.make_room(RECORD_MAX)
    queue._ring = anchors._ring = room._ring = box._ring = ring
    room._queue = box._queue = queue
    room._anchors = box._anchors = anchors
    box._room = room
    box._viewed = box._view = None
    return box


def _made(kind, known):
    one = object.__new__(kind)
    for name in known:
        setattr(one, name, known[name])
    return one
