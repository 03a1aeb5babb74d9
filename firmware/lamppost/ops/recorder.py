"""Commits what the node has to say to the journal; what worn flash does not take is published at once."""

from ..core.faults import JournalFault
from ..journal.record import ALARM, CLEAR, EVENT, TELEMETRY


class Recorder:
    """outbox, counters -- journal/; link -- set before anything is committed

    worn -- True once the flash did not take a record
    """

    def __init__(self, outbox, counters, clock, log, link=None):
        self._outbox = outbox
        self._counters = counters
        self._clock = clock
        self._log = log
        self._due = None  # (sensing object, sample) that is not in the journal yet
        self.link = link
        self.worn = False
        self._full_logged = False

    def append(self, kind, topic, body):
        """Commit a record of this moment; False if neither journal nor broker took it."""
        return self._commit(kind, topic, body, self._clock.stamp())

    def event(self, kind, body):
        return self.append(EVENT, b"evt/" + kind, body)

    def answer(self, topic, body):
        """Commit the answer to a command: it overtakes telemetry as an alarm does. False: as append()."""
        return self._commit(ALARM, topic, body, self._clock.stamp(), False)

    def store(self, sensing, meter):
        """Commit every window and change that is complete; True if there was one.

        sensing -- objects with poll() and retain; meter -- the one of them that has the import register, or None
        """
        stored = False
        for one in sensing:
            due = self._next(one)
            while due:
                whose, (topic, body, stamp) = due
                # what a subscriber has read of the register must be on flash: a cut now and another meter
                # at the next start would else show a lower one
                self._counters.checkpoint(whose is meter)
                self._commit(TELEMETRY, topic, body, stamp, whose.retain)
                self._due = None  # not before: if that raised an exception, the sample is tried again
                stored = True
                due = self._next(one)
        return stored

    def _next(self, one):
        """(sensing object, sample): the one that could not be committed the last time, or the next; None: none."""
        if not self._due:
            sample = one.poll()
            self._due = sample and (one, sample)
        return self._due

    def _commit(self, kind, topic, body, stamp, retain=None):
        """False if neither journal nor broker took the record; of telemetry and events on worn flash, a gap is left."""
        try:
            self._outbox.append(kind, topic, body, stamp, retain)
            return True
        except JournalFault as fault:
            full = fault.word == "full"
            if not (full and self._full_logged):  # an alarm is offered again every few seconds
                self._log("journal: %s" % fault)
            self._full_logged = full
            if fault.word != "worn":
                return False
        self.worn = True
        if kind == ALARM and not self.link.up:
            return False  # it is offered again: no number is spent on it
        if retain is None:
            retain = kind in (ALARM, CLEAR)
        seq = None if kind == CLEAR else self._outbox.number()
        return self.link.publish_now(topic, body, 1, retain, seq)
