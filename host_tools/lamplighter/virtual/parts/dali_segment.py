"""The two wires of a DALI bus between a node's interface and its gear: who pulls them low, and what each end sees.

Times are integers in microseconds. The bus is high unless somebody pulls it low; the node sees it by opto-couplers,
which delay falling and rising edges differently.
"""

_TE = 417
_KEPT_US = 60000  # low times are of interest for so long


def wave(value, bits, te_us=_TE):
    """[(start, end)] of the low times of a frame that begins at 0."""
    lows = []
    at = 0
    for number in range(bits, -1, -1):
        bit = 1 if number == bits else value >> number & 1
        start = at if bit else at + te_us
        if lows and lows[-1][1] == start:
            lows[-1] = (lows[-1][0], start + te_us)
        else:
            lows.append((start, start + te_us))
        at += 2 * te_us
    return lows


def heard(lows):
    """(value, bits) of low times as gear reads them, by the edge in the middle of each bit; None for no frame."""
    edges = []
    for start, end in lows:
        edges += [(start, 0), (end, 1)]
    if len(edges) < 2 or not 280 <= edges[1][0] - edges[0][0] <= 560:
        return None
    middle = edges[1][0]
    value = bits = 0
    for at, level in edges[2:]:
        if at - middle < 600:
            continue  # between two bits
        if at - middle > 1070:
            return None
        middle = at
        value = value << 1 | level
        bits += 1
    return (value, bits) if bits in (8, 16, 24) else None


class Segment:
    """gears -- objects with frame(value, bits, now_us) -> byte or None, and the options that this file reads of them.

    fall_us, rise_us -- delay of each edge at the node's receiver; jitter_us -- of each edge at random
    """

    def __init__(self, gears, fall_us=28, rise_us=0, jitter_us=8):
        self._gears = gears
        self._fall_us = fall_us
        self._rise_us = rise_us
        self._jitter_us = jitter_us
        self._lows = []  # (start, end) on the wires, by start
        self._seen = []  # the same at the node's receiver
        self._seed = 1
        self._next_master_us = None

    def random_below(self, n):
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._seed >> 8) % n if n > 0 else 0

    @property
    def shorted(self):
        """Somebody holds the wires low, or nobody supplies them."""
        return any(gear.fault_kind in ("short", "unsupplied") for gear in self._gears)

    def sent(self, now_us, lows):
        """The node pulls the bus low at these times after now_us."""
        self._masters(now_us)
        self._pull([(now_us + start, now_us + end) for start, end in lows])
        if self.shorted or not lows:
            return
        first, last = now_us + lows[0][0], now_us + lows[-1][1]
        frame = heard([low for low in self._lows if first - _TE <= low[0] and low[1] <= last + _TE])
        if frame is None:
            return
        for gear in self._gears:
            answer = gear.frame(frame[0], frame[1], last)
            if answer is not None:
                self._answer(gear, answer, last)

    def _answer(self, gear, byte, last_us):
        delay_us = 5500 + self.random_below(5000) + gear.late_us
        te_us = _TE * (1000 + self.random_below(120) - 60) // 1000
        lows = wave(byte ^ gear.disturbance, 8, te_us)
        if gear.disturbance:
            lows[2:3] = []
        self._pull([(last_us + delay_us + start, last_us + delay_us + end) for start, end in lows])

    def _pull(self, lows):
        """Somebody pulls the wires low: low wins over high."""
        merged = []
        since = lows[0][0] - _KEPT_US if lows else 0
        for start, end in sorted([low for low in self._lows if low[1] > since] + lows):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        self._lows = merged
        seen = []
        for start, end in merged:
            start += self._fall_us + self._shake(start)
            end += self._rise_us + self._shake(end)
            if end > start:
                seen.append((start, end))
        self._seen = seen

    def _shake(self, edge_us):
        """The jitter of an edge: the same each time it is looked at."""
        n = 2 * self._jitter_us + 1
        return (edge_us * 2654435761 >> 7) % n - self._jitter_us

    def _masters(self, now_us):
        """Another master sends a frame about every 80 ms, whoever speaks."""
        if not any(gear.fault_kind == "master" for gear in self._gears):
            self._next_master_us = None
            return
        if self._next_master_us is None:
            self._next_master_us = now_us - 40000
        while self._next_master_us < now_us + 60000:
            at = self._next_master_us
            frame = wave(0xFE00 | self.random_below(256), 16)
            if at > now_us - 40000:
                self._pull([(at + start, at + end) for start, end in frame])
            self._next_master_us += 50000 + self.random_below(60000)

    def low(self, now_us):
        """The receiver sees the bus low."""
        self._masters(now_us)
        return self.shorted or any(start <= now_us < end for start, end in self._seen)

    def pulse(self, now_us, low, timeout_us):
        """(what time_pulse_us returns, when it returns) for a pulse of that level."""
        self._masters(now_us)
        began = self._until(now_us, low, now_us + timeout_us)
        if began is None:
            return -2, now_us + timeout_us
        ended = self._until(began, not low, began + timeout_us)
        if ended is None:
            return -1, began + timeout_us
        return ended - began, ended

    def _until(self, now_us, low, limit_us):
        """The first moment from now_us on at which the bus has that level; None: not before the limit."""
        if self.shorted:
            return now_us if low else None
        at = now_us
        for start, end in self._seen:
            if end <= at:
                continue
            if low:
                at = max(at, start)
                return at if at < limit_us else None
            if start > at:
                return at
            at = end
        if low or at >= limit_us:
            return None
        return at
