"""Spreads the connections of many nodes that power on, or lose their broker, in the same second."""

from micropython import const

from ..core.crc import crc32

_STEADY_S = const(10)  # a session that fell sooner was none: the broker has not recovered


def place_ms(name, window_ms):
    """This name's own place in a window, 0 <= ms < window_ms: the same each time, whoever else is there.

    The upper bits of a CRC lay numbered names out more evenly than chance would (docs/reference/dusk.md).
    """
    return (crc32(name) >> 8) * window_ms >> 24


class Backoff:
    """The wait after a failure: random between zero and a limit that doubles (full jitter).

    least_ms, most_ms -- the first limit, and where it ends; random(n) -- an integer below n
    Of ten thousand peers that lost one broker, 333 a second come in the end (2 * 10000 / 60 s). The limit starts
    over only after a session that outlived it: a broker that accepts everybody, and falls over from that, is not met
    faster and faster.
    """

    def __init__(self, least_ms, most_ms, random):
        self._least = least_ms
        self._most = most_ms
        self._random = random
        self.limit_ms = least_ms  # of the next wait

    def failed(self, stood_s=0):
        """Milliseconds to wait now. stood_s -- how long the session stood that has ended; 0: there was none."""
        if stood_s > max(_STEADY_S, self.limit_ms // 1000):
            self.limit_ms = self._least
        wait = self._random(self.limit_ms + 1)
        self.limit_ms = min(2 * self.limit_ms, self._most)
        return wait
