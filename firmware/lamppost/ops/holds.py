"""Reasons not to restart the node now: an update waits until none is left."""


class Holds:
    def __init__(self):
        self._reasons = []

    def add(self, sentence, holds):
        """sentence -- for ota/status, while holds() is true: a session that charges, a configuration on trial"""
        self._reasons.append((sentence, holds))

    def reason(self):
        """The sentence of the first that holds; "": a restart disturbs nobody."""
        for sentence, holds in self._reasons:
            if holds():
                return sentence
        return ""
