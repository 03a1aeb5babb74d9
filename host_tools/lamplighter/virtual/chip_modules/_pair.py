# The pair of wires of an RS-485 bus, behind a transceiver whose direction pin the node turns.


class Pair:
    """What the node sends reaches the bus byte by byte, and only while the transceiver drives it."""

    def __init__(self, driven):
        self.driven = driven  # () -> true while the node drives the pair
        self._sending = b""
        self._start_us = 0  # when the first of these bytes began
        self._byte_us = 1
        self._told_us = 0

    def send(self, data, now_us, byte_us):
        if not self._sending:
            self._start_us = now_us
        self._sending += data
        self._byte_us = byte_us

    def over(self, now_us):
        """[(when it began, bytes)] that have passed since the last call; none if they were lost.

        To be called before each change of the direction: then it was the same for all of them. A byte under way at
        that moment is cut, and lost.
        """
        count = min(len(self._sending), (now_us - self._start_us) // self._byte_us)
        began = max(self._start_us, self._told_us)  # whoever hears it has been told a later time already
        self._told_us = now_us
        if count <= 0:
            return []
        passed, self._sending = self._sending[:count], self._sending[count:]
        self._start_us += count * self._byte_us
        return [(began, passed)] if self.driven() else []


def collided(one, other):
    """Two that speak at once pull the pair towards 0."""
    if not one or not other:
        return one or other
    both = bytes(a & b for a, b in zip(one, other))
    return both + (one if len(one) > len(other) else other)[len(both) :]
