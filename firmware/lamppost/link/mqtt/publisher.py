"""Publishes records straight from the journal through a window, and gives one up only when the broker acknowledges it.

A record's bytes go from flash into the one wire buffer, its head is rendered there, and one write sends it. RAM holds
only which record is in flight under which packet id.
"""

from struct import pack_into

from micropython import const

from ...core.faults import JournalFault
from ...journal.outbox import ALARM, CLEAR
from .envelope import Envelope, header_into

_URGENT = (ALARM, CLEAR)  # what the drain rate does not hold back
_BURST_MS = const(250)  # a drain may make up for so much time in one go
LONGEST = const(1153)  # bytes that the longest record may need on the wire, beside the prefix: 9 + head + record
TOGETHER = const(600)  # bytes of records that go in one write with the next one: two of the usual


class Publisher:
    """Drains an outbox through a Session.

    prefix -- b"lamppost/v1/{site}/{node}/"
    entries -- as many outbox entries as may be in flight at once (1 to 16): the window
    drain_per_s -- records per second that were held over an outage (backfill), 0: as fast as it goes.
        Fresh records wait their turn behind them, alarms do not.
    """

    def __init__(self, session, outbox, prefix, entries, ticks_ms, ticks_diff, drain_per_s=0, log=print):
        if not 1 <= len(entries) <= 16:
            raise ValueError("a window of 1 to 16 records")
        self._session = session
        self._outbox = outbox
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._log = log
        self._idle = entries  # not in flight; the last is taken next
        self.refusals = 0  # how often the broker refused a record, which only version 5 can tell
        self._rate = drain_per_s
        self._most = max(1000, _BURST_MS * drain_per_s)
        self._credit = self._most  # thousandths of held records that may go now
        self._credited = ticks_ms()
        self._asked_hold_ms = 0  # what begin() asked for, until it is known whether the drain is a long one
        self._hold_ms = 0  # until a long drain begins
        self._resend = session.resend
        self._envelope = Envelope()
        self._formats = {}  # length -> "<length>s", for copying in C without a slice
        self._prefix = prefix
        self._prefix_len = len(prefix)
        self._prefix_format = "%ds" % len(prefix)
        self._last = len(session.buf) - len(prefix) - LONGEST  # a record that starts here still has room
        if self._last < 0:
            raise ValueError("the wire buffer has no room for the longest record")
        session.on_acknowledged = self.acknowledge

    def begin(self, session_present, hold_ms=0):
        """A connection stands. A drain that is longer than one burst waits hold_ms more, so that not all the
        nodes of a broker that came back drain at once. Alarms do not wait."""
        self._outbox.rewind()  # all that is there by now counts as held
        self._credit = self._most
        self._hold_ms = 0
        self._asked_hold_ms = hold_ms
        self._credited = self._ticks_ms()

    def _hold(self):
        """Hold a long drain back. By the first pump(), not before, the outbox has counted what waits."""
        if self._outbox.depth * 1000 > self._most:
            self._hold_ms = self._asked_hold_ms
            self._credit = 0
        self._asked_hold_ms = 0

    def lost(self, kept):
        """The connection is gone: what was in flight is unsent again; kept -- the broker may keep our session."""
        for pid, entry in self._session.in_flight.items():
            if entry is not None:
                if kept and entry.seq is not None:
                    self._resend[(entry.boot, entry.seq)] = pid
                self._idle.append(entry)
        self._session.in_flight.clear()
        self._outbox.rewind()

    def acknowledge(self, entry):
        self._outbox.acknowledge(entry)
        self._idle.append(entry)

    def pump(self):
        """Send as long as there are records, window and room on the wire. Raises LinkFault("closed").

        Records that can go together go in one write, each of them whole.
        """
        session = self._session
        idle = self._idle
        outbox = self._outbox
        in_flight = session.in_flight
        quota = session.quota
        if self._asked_hold_ms:
            self._hold()
        while idle and len(in_flight) < quota and session.flush():
            end = 0
            while idle and end <= self._last and len(in_flight) < quota:
                if self._rate and self._credit < 1000 and not self._earned() and not outbox.urgent():
                    break
                entry = idle[-1]
                if not outbox.take(entry):
                    break
                idle.pop()
                if entry.held and entry.kind not in _URGENT:
                    self._credit -= 1000
                try:
                    end = self._lay(entry, end)
                except JournalFault as fault:
                    # rotten, or given up by an overflow since: the journal has counted it
                    self._log("link: %s" % fault)
                    idle.append(entry)
            if not end:
                return
            session.send(0, end)

    def _earned(self):
        now = self._ticks_ms()
        passed = self._ticks_diff(now, self._credited)
        self._credited = now
        if self._hold_ms > 0:
            self._hold_ms -= passed
            return False
        credit = self._credit + passed * self._rate
        self._credit = min(credit, self._most)
        return credit >= 1000

    def _lay(self, entry, pos):
        """Lay out one PUBLISH at `pos` in the wire buffer; returns its end. Nothing of ours is allocated."""
        session = self._session
        buf = session.buf
        first = 0x33 if entry.retain else 0x32  # QoS 1
        pid = 0
        if self._resend and entry.seq is not None:
            pid = self._resend.pop((entry.boot, entry.seq), 0)
            if pid:
                first |= 8  # DUP: the broker's session may have it already
        if not pid:
            pid = session.next_id()
        body_len = entry.body_len
        head_len = 0
        if body_len:  # an empty payload clears a retained alarm
            head_len = self._envelope.render(entry)
        suffix_len = entry.topic_len
        prefix_len = self._prefix_len
        topic_len = prefix_len + suffix_len
        pos = header_into(buf, pos, topic_len + 4 + head_len + body_len, first)
        buf[pos] = topic_len >> 8
        buf[pos + 1] = topic_len & 255
        pos += 2
        pack_into(self._prefix_format, buf, pos, self._prefix)
        suffix = pos + prefix_len
        pos = suffix + suffix_len
        body = pos + 2 + head_len
        # flash holds suffix and body together: read them so that the body is in place, then move the suffix down
        loaded = body - suffix_len
        self._outbox.load(entry, buf, loaded)
        while suffix < pos:
            buf[suffix] = buf[loaded]
            suffix += 1
            loaded += 1
        buf[pos] = pid >> 8
        buf[pos + 1] = pid & 255
        if head_len:
            if head_len not in self._formats:
                self._formats[head_len] = "%ds" % head_len
            pack_into(self._formats[head_len], buf, pos + 2, self._envelope.buf)
        session.in_flight[pid] = entry
        return body + body_len
