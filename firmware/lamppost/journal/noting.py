"""What the counters write seldom: the rest, and the notes of the senses; loaded for each."""

import struct

from ..core.crc import crc32
from .counters import NOTES, NOTES_S, NOTES_SIZE, REST, REST_FORM, REST_SIZE
from .log import PREFIX


def keep(kept, name, data, now):
    """See Counters.keep."""
    notes = kept.notes
    key = crc32(name.encode())
    if notes.get(key) == data:
        return
    notes[key] = data
    while _size(notes) > NOTES_SIZE:
        # most likely of a sense that is not configured any more
        notes.pop([other for other in notes if other != key][0])
    if now:
        kept._notes_s = -NOTES_S
        kept.checkpoint(True)
    elif kept._notes_s is None:
        kept._notes_s = kept._clock.uptime_s()


def rest(kept):
    """Commit what is beside the registers and the boots."""

    def write(buf, at):
        struct.pack_into(
            REST_FORM, buf, at, kept.burn_s, kept.switchings, kept.utc_s or 0, min(kept.tu_ms, 0xFFFFFFFF),
            kept.drift, kept.dusk, kept.spread, kept.doubt_h, kept.alarms,
        )  # fmt: skip

    kept._commit(REST, REST_SIZE, write)


def notes(kept):
    """Commit what the senses remember."""

    def write(buf, at):
        for key, note in kept.notes.items():
            struct.pack_into("<IB", buf, at, key, len(note))
            buf[at + 5 : at + 5 + len(note)] = note
            at += 5 + len(note)

    kept._commit(NOTES, PREFIX + _size(kept.notes), write)


def _size(notes):
    return sum([5 + len(note) for note in notes.values()])
