"""Passes each message of the broker to the function that registered for its topic."""


class Routes:
    """log(text) -- reports a message that nobody takes."""

    def __init__(self, log):
        self._log = log
        self._takers = {}  # topic filter below the node's prefix: function

    def add(self, suffix, take):
        """take(last, body, retained) gets each message on the topic `suffix` below the node's prefix, as bytes.

        suffix -- b"cfg/desired", or b"cmd/+" for every topic of one more level; last -- the topic's last level, text
        retained -- True: the broker had kept it, and may deliver it again at each connection
        take() runs between two reads of the link: it must not wait, and leaves what takes longer to a task.
        """
        self._takers[suffix] = take

    def filters(self):
        """The topic filters to subscribe to."""
        return tuple(self._takers)

    def deliver(self, suffix, body, retained):
        """A message on a topic below the node's prefix; body is valid during the call only."""
        slash = suffix.rfind(b"/")
        take = self._takers.get(suffix) or self._takers.get(suffix[:slash] + b"/+")
        try:
            last = str(suffix[slash + 1 :], "utf-8")
        except (UnicodeError, ValueError):
            take = None
        if take is None:
            self._log("link: a message on an unknown topic was skipped")
        else:
            take(last, bytes(body), retained)
