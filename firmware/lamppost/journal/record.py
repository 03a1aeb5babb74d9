"""The layout and the kinds of outbox records, and the entry that represents a record in flight."""

import struct

from micropython import const

from .nor_log import PREFIX, u32

TELEMETRY, ALARM, EVENT, CLEAR, ANCHOR = 0, 1, 2, 3, 4  # kinds; CLEAR is the end of an alarm

# Lines of waiting, in the order they are served. Carried records were moved forward by an overflow: they are older
# than all others of their line, and are taken by key, as several laps may have shuffled them.
CARRIED_ALARM, ALARMS, CARRIED_REST, REST, NO_LINE = 0, 1, 2, 3, 4

_RETAIN = const(0x08)
_KNOWN = const(0x10)
_TOPIC_LEN = const(8)  # offsets in a record, after the ring's prefix
_SEQ = const(9)
_TIME = const(13)
_BOOT = const(17)
_TU = const(21)
_SHORT = const(17)  # length of what comes before the topic: telemetry of good or no time,
_SHORT_TU = const(21)  # telemetry with an uncertainty,
_LONG = const(25)  # all else: with boot number, so that it can be carried to another block without growing


class Entry:
    """One record between take() and acknowledge(); made once, used again and again."""

    def __init__(self):
        self.kind = TELEMETRY
        self.boot = 0
        self.seq = None  # None for CLEAR
        self.retain = False
        self.ts = None  # seconds since 2000 UTC of the end of the window; None: nobody ever knew
        self.tq = 0
        self.tu_ms = 0
        self.held = False  # made in an earlier boot, or before this connection
        self.topic_len = 0
        self.body_len = 0
        # where it lies; the journal's own
        self.slot = -1  # -1: not in flight
        self.block = 0
        self.at = 0
        self.line = REST
        self.front = 0  # bytes before the topic
        self.seed = 0  # CRC of those
        self.crc = 0

    def read(self, ring, block, at, size, line):
        """Fill in what the ring's peek() has just seen; the time as it was written (see Outbox.take)."""
        front = ring.peeked
        byte = front[7]
        self.kind = kind = byte & 7
        self.retain = byte & _RETAIN != 0
        self.seq = None if kind == CLEAR else seq_of(front)
        self.ts = u32(front, _TIME)
        tq = self.tq = byte >> 5
        self.tu_ms = 0
        self.boot = boot_of(front, ring.boot_of(block) if kind == TELEMETRY else 0)
        if kind == TELEMETRY:
            self.front = _SHORT
            if tq == 1 or tq == 2:
                self.front = _SHORT_TU
                self.tu_ms = u32(front, _BOOT)
        else:
            self.front = _LONG
            self.tu_ms = u32(front, _TU)
        self.topic_len = front[_TOPIC_LEN]
        self.body_len = size - self.front - self.topic_len
        self.block = block
        self.at = at
        self.line = line
        self.crc = u32(front, 1)
        self.seed = ring.seed(block, self.front)


def line_of(front):
    """The line that a record waits in, by its front."""
    kind = front[7] & 7
    if kind == TELEMETRY:
        return REST
    if kind in (ALARM, CLEAR):
        return CARRIED_ALARM if front[6] >> 4 else ALARMS
    if kind == EVENT:
        return CARRIED_REST if front[6] >> 4 else REST
    return NO_LINE


def knows_time(front):
    """True if the record's time is UTC, False if it is uptime."""
    return front[7] & _KNOWN != 0


def order(front):
    """Place of a keeper in its line: boot number and twice the sequence number (a CLEAR goes before the record
    that has the number it did not take)."""
    return u32(front, _BOOT), u32(front, _SEQ) * 2 + (front[7] & 7 != CLEAR)


def front_length(kind, tq):
    """Bytes before the topic."""
    if kind != TELEMETRY:
        return _LONG
    return _SHORT_TU if tq == 1 or tq == 2 else _SHORT


def kind_byte(kind, retain, known, tq):
    return kind | (_RETAIN if retain else 0) | (_KNOWN | tq << 5 if known else 0)


def write_front(record, kind, topic_len, seq, time, boot, tq, tu_ms):
    """Write what comes before the topic, from PREFIX on; returns where the topic goes."""
    record[PREFIX] = topic_len
    struct.pack_into("<I", record, _SEQ, seq)
    struct.pack_into("<I", record, _TIME, time)
    if kind != TELEMETRY:
        struct.pack_into("<I", record, _BOOT, boot)
        struct.pack_into("<I", record, _TU, tu_ms)
    elif tq == 1 or tq == 2:
        struct.pack_into("<I", record, _BOOT, tu_ms)
    return front_length(kind, tq)


def stamp(record, time, tq, tu_ms):
    """Give a record that is no telemetry, whole in `record`, its UTC; returns its new kind byte."""
    struct.pack_into("<I", record, _TIME, time)
    struct.pack_into("<I", record, _TU, tu_ms)
    return record[7] & 0x0F | _KNOWN | tq << 5


def boot_of(front, opened):
    """Boot number of a record in a block that boot number `opened` began."""
    return opened + (front[6] >> 4) if front[7] & 7 == TELEMETRY else u32(front, _BOOT)


def seq_of(front):
    """Sequence number of a record; of a CLEAR: that of the next one, which it does not take."""
    return u32(front, _SEQ)


def time_of(front):
    """UTC or uptime of a record; the offset of an anchor."""
    return u32(front, _TIME)


def tu_of(front):
    """Uncertainty of a record that is no telemetry."""
    return u32(front, _TU)
