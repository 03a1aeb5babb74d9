"""Reads the node's own `state` back from the broker: has it kept what the node had it retain, and does it publish?

A broker that lost its store takes the node's connection as if nothing had happened, and MQTT 3.1.1 acknowledges what an
access list denies. Both show in one topic: the node subscribes to `state` before it publishes it. A broker that kept
it sends the retained one first; one that publishes it sends the new one back.
"""

from micropython import const

from . import words

SUFFIX = b"state"
_WAIT_MS = const(5000)  # from publishing `state` until it should have come back


class OwnState:
    """One for each connection.

    forgotten() -- called once in a connection to a broker that has kept nothing of this node, or that does not let it
        read its own `state`
    """

    def __init__(self, ticks_ms, ticks_diff, forgotten, log):
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._forgotten = forgotten
        self._log = log
        self._judged = True  # it is known whether the broker has kept something
        self._back = False  # what was published has come back, and that is logged
        self._since = None  # when `state` was published, in ticks, while the node waits for it

    def begin(self, resumed):
        """A connection stands; resumed -- the broker has kept the session, and so the rest."""
        self._judged = resumed
        self._back = False
        self._since = None

    def published(self):
        """`state` is on its way."""
        self._since = self._ticks_ms()

    def take(self, retained):
        """`state` has come from the broker."""
        self._judge(retained)
        if retained or self._since is None:
            return
        self._since = None
        if not self._back:
            self._back = True
            self._log("link: %s" % words.BACK)

    def check(self):
        """Look at the time; called several times a second."""
        if self._since is not None and self._ticks_diff(self._ticks_ms(), self._since) >= _WAIT_MS:
            self._since = None
            self._judge(False)
            self._log("link: %s: the broker does not publish it, or does not let this node read it" % words.NOT_BACK)

    def _judge(self, kept):
        if not self._judged:
            self._judged = True
            if not kept:
                self._forgotten()
