"""A time-out that learns: as short as the part allows, longer as soon as it proves too short."""


class Patience:
    """How long one part is waited for, and what became of the questions so far.

    shortest_ms, longest_ms -- the time-out never leaves these; it starts at the shortest. A missed or broken
    answer doubles it (slow meters are cured by longer waits, not by more questions); good answers bring it
    slowly down to three times what the part really needs.
    """

    def __init__(self, shortest_ms, longest_ms):
        self._shortest = shortest_ms
        self._longest = longest_ms
        self.ms = shortest_ms
        self.answers = 0
        self.silent = 0
        self.garbled = 0

    def answered(self, took_ms):
        self.answers += 1
        goal = min(self._longest, max(self._shortest, 3 * took_ms))
        self.ms = goal if goal > self.ms else self.ms - (self.ms - goal + 7) // 8

    def missed(self, heard):
        """No whole answer in time; `heard` is how many bytes came instead."""
        if heard:
            self.garbled += 1
        else:
            self.silent += 1
        self.ms = min(self._longest, 2 * self.ms)
