"""A time-out that adapts to a part: as short as its answers allow, longer as soon as it proves too short."""


class AdaptiveTimeout:
    """The time-out for the answers of one part, from the number of its answers so far.

    shortest_ms, longest_ms -- the time-out never leaves these; it starts at the shortest. A missed or broken
    answer doubles it (slow meters are cured by longer waits, not by more questions); good answers bring it
    slowly down to three times what the part really needs.
    """

    def __init__(self, shortest_ms, longest_ms):
        self.shortest_ms = shortest_ms
        self.longest_ms = longest_ms
        self.ms = shortest_ms
        self.answers = 0
        self.silent = 0
        self.garbled = 0

    def answered(self, took_ms):
        self.answers += 1
        goal = min(self.longest_ms, max(self.shortest_ms, 3 * took_ms))
        self.ms = goal if goal > self.ms else self.ms - (self.ms - goal + 7) // 8

    def missed(self, heard):
        """No whole answer in time; `heard` is how many bytes came instead."""
        if heard:
            self.garbled += 1
        else:
            self.silent += 1
        self.ms = min(self.longest_ms, 2 * self.ms)
