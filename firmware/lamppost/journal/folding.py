"""An outbox of what is on flash, or of plain values (journal/folded.py); loaded to make one."""

from .log import RECORD_MAX
from .outbox import Outbox
from .reclaim import Room
from .ring import Ring
from .send_queue import Queue
from .time_anchor import Anchors

_KINDS = (Outbox, Ring, Queue, Anchors, Room)  # in the order of folded.py


def found(flash):
    """The outbox on a flash region. Raises JournalFault("foreign")."""
    return Outbox(flash)


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
