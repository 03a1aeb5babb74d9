"""The outbox, folded away while nothing comes in or goes out: then only what it knows is in memory, not its code."""

from ..core.borrow import give_back, once

_CODE = (
    "journal.folding", "journal.outbox", "journal.send_queue", "journal.reclaim", "journal.record",
    "journal.time_anchor", "journal.ring", "journal.block",
)  # fmt: skip


class Drawer:
    """outbox -- journal/outbox.py. Whatever is asked of it beside what is here takes it out, and must not be kept.

    MemoryError where there is no room for its code: nothing has happened then, and it can be asked again.
    """

    def __init__(self, outbox):
        self.lying = outbox  # the outbox, to look at what it tells; None: folded, and nothing changes
        self.folded = None
        self._depth = 0  # of the folded one
        self._lent = 0
        self._used = True

    def __getattr__(self, name):
        return getattr(self.out(), name)

    def anchor(self, clock):
        """As Outbox.anchor; here, because somebody keeps it."""
        self.out().anchor(clock)

    def depth(self):
        """Records not acknowledged."""
        return self.lying.depth() if self.lying else self._depth

    def out(self):
        """The outbox, not to be kept: for that it is lent."""
        self._used = True
        if not self.lying:
            try:
                self.lying = once("journal.folding", "unfold", self.folded)
            except Exception:
                give_back(*_CODE)
                raise
            self.folded = None
        return self.lying

    def lend(self):
        """The outbox, for as long as whoever gets it needs it: back() must follow."""
        outbox = self.out()
        self._lent += 1
        return outbox

    def back(self):
        """Who has got it by lend() holds it no more."""
        self._lent -= 1

    def tend(self):
        """Called every few seconds: fold it if nobody has used it since the last call."""
        if self.lying and not self._used and not self._lent:
            self._depth = self.lying.depth()
            self.folded = once("journal.folded", "fold", self.lying)
            self.lying = None
            give_back(*_CODE)
        self._used = False
