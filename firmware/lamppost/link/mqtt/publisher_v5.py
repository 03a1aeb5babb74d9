"""Publishes by MQTT 5.0: sends a long topic once per connection, and keeps records that the broker refuses."""

from struct import pack_into

from micropython import const

from ...core.faults import LinkFault
from ...journal.outbox import TELEMETRY
from .. import words
from .envelope import header_into
from .publisher import Publisher

_ALIASES = const(16)  # topics that are sent by their number at most; a lamppost has a handful
_PROPERTIES = const(9)  # bytes that they may need: length, alias, expiry


def _nobody(fault):
    pass


class PublisherV5(Publisher):
    """As Publisher; imported only where version 5 is spoken.

    expiry_s -- the broker throws telemetry away that waited longer for a subscriber; 0: never
    report(fault) -- the first refusal of a connection. A refused record stays in the journal and keeps its place
        in the window; after refused_ms, or a sixth of it when nothing else is left in the window, the connection
        is ended with the refusal's word, and all is offered anew, alarms first.
    """

    def __init__(
        self, session, outbox, prefix, entries, ticks_ms, ticks_diff, drain_per_s=0, log=print, expiry_s=0,
        refused_ms=60000, report=_nobody,
    ):  # fmt: skip
        Publisher.__init__(self, session, outbox, prefix, entries, ticks_ms, ticks_diff, drain_per_s, log)
        self._expiry_s = expiry_s
        self._refused_ms = refused_ms
        self._report = report
        self._window = len(self._idle)
        self._topics = []  # the suffix that has alias i + 1
        self._refused = []  # entries
        self._why = None  # the first refusal of this connection,
        self._refused_at = 0  # and when
        self._last -= _PROPERTIES
        session.on_refused = self._refuse

    def begin(self, session_present, hold_ms=0):
        self._topics.clear()
        Publisher.begin(self, session_present, hold_ms)

    def lost(self, kept):
        self._idle.extend(self._refused)
        self._refused.clear()
        Publisher.lost(self, kept)

    def _refuse(self, entry, fault):
        self.refusals += 1
        if not self._refused:
            self._why = fault
            self._refused_at = self._ticks_ms()
            self._log("link: %s: %s" % (words.REFUSED, fault))
            self._report(fault)
        self._refused.append(entry)
        self._topics.clear()  # the broker may or may not have kept the number of a topic that it refused

    def pump(self):
        refused = len(self._refused)
        if refused:
            waited = self._ticks_diff(self._ticks_ms(), self._refused_at)
            if waited * (6 if refused == self._window else 1) > self._refused_ms:
                raise LinkFault(self._why.word, "%d records refused: %s" % (refused, self._why.detail))
        Publisher.pump(self)

    def _alias(self, start, size):
        """The number of the topic suffix in the wire buffer, 0 if it has none yet. Allocates nothing."""
        buf = self._session.buf
        topics = self._topics
        i = 0
        while i < len(topics):
            topic = topics[i]
            i += 1
            if len(topic) == size:
                left = size - 1
                # topics differ at their end
                while left >= 0 and topic[left] == buf[start + left]:
                    left -= 1
                if left < 0:
                    return i
        return 0

    def _lay(self, entry, pos):
        session = self._session
        buf = session.buf
        suffix_len = entry.topic_len
        body_len = entry.body_len
        head_len = self._envelope.render(entry) if body_len else 0
        telemetry = entry.kind == TELEMETRY
        expiry = 5 if telemetry and self._expiry_s else 0
        topic_len = self._prefix_len + suffix_len
        if 5 + topic_len + 5 + 3 + expiry + head_len + body_len > session.largest:
            self._refuse(entry, LinkFault("toolarge", "%d bytes; the broker accepts %d" % (body_len, session.largest)))
            return pos
        first = 0x33 if entry.retain and session.retain else 0x32  # QoS 1
        pid = 0
        if self._resend and entry.seq is not None:
            pid = self._resend.pop((entry.boot, entry.seq), 0)
            if pid:
                first |= 8  # DUP
        if not pid:
            pid = session.next_id()
        start = pos
        alias = 0
        room = min(session.aliases, _ALIASES) if telemetry and suffix_len <= head_len else 0
        if room:
            # as if the topic were known: flash holds it before the body, and only there can it be looked at
            pos = header_into(buf, start, 8 + expiry + head_len + body_len, first)
            body = pos + 8 + expiry + head_len
            self._outbox.load(entry, buf, body - suffix_len)
            alias = self._alias(body - suffix_len, suffix_len)
            if alias:
                buf[pos] = buf[pos + 1] = 0
                pos += 2
        if not alias:
            properties = expiry
            if len(self._topics) < room:
                self._topics.append(bytes(memoryview(buf)[body - suffix_len : body]))
                alias = len(self._topics)
                properties += 3
            pos = header_into(buf, start, topic_len + 5 + properties + head_len + body_len, first)
            buf[pos] = topic_len >> 8
            buf[pos + 1] = topic_len & 255
            pack_into(self._prefix_format, buf, pos + 2, self._prefix)
            suffix = pos + 2 + self._prefix_len
            pos += 2 + topic_len
            body = pos + 3 + properties + head_len
            loaded = body - suffix_len
            self._outbox.load(entry, buf, loaded)
            while suffix < pos:
                buf[suffix] = buf[loaded]
                suffix += 1
                loaded += 1
        buf[pos] = pid >> 8
        buf[pos + 1] = pid & 255
        buf[pos + 2] = expiry + 3 if alias else expiry
        pos += 3
        if alias:
            buf[pos] = 0x23
            buf[pos + 1] = 0
            buf[pos + 2] = alias
            pos += 3
        if expiry:
            pack_into(">BI", buf, pos, 2, self._expiry_s)
            pos += 5
        if head_len:
            if head_len not in self._formats:
                self._formats[head_len] = "%ds" % head_len
            pack_into(self._formats[head_len], buf, pos, self._envelope.buf)
        session.in_flight[pid] = entry
        return body + body_len
