"""A recorded series as a part sees it: one record read from a file at a time, however long the file is."""

import struct

MISSING = -0x80000000  # a record's value that was not recorded
SCALE = 1000  # values lie in the file as integers of a thousandth


class Series:
    """Values over time from a file of records: one little-endian 32-bit integer (thousandths) for each column.

    options: file; columns [quantity, ..]; step_us (one record); offset_us (where in the series the scenario
    begins); loop (else the last record stays); smooth (straight lines between records, else steps).
    """

    def __init__(self, options):
        self.columns = options["columns"]
        self._step_us = options["step_us"]
        self._offset_us = options.get("offset_us", 0)
        self._loop = options.get("loop", True)
        self._smooth = options.get("smooth", False)
        self._format = "<%di" % len(self.columns)
        self._width = 4 * len(self.columns)
        self._file = open(options["file"], "rb")  # noqa: SIM115 -- read again and again, until the power goes
        self._file.seek(0, 2)
        self._count = self._file.tell() // self._width
        self._cached = {}  # index: record, the two around now

    def take(self, now_us, values):
        """Put the values of this instant into the dict `values`; what was not recorded stays as it is."""
        steps, part = divmod(now_us + self._offset_us, self._step_us)
        first = self._record(steps)
        second = self._record(steps + 1) if self._smooth else first
        for column, now, then in zip(self.columns, first, second):
            if now == MISSING:
                continue
            if then != MISSING and part and now != then:
                now += (then - now) * part / self._step_us
            values[column] = now / SCALE

    def _record(self, index):
        index = index % self._count if self._loop else min(index, self._count - 1)
        if index not in self._cached:
            while len(self._cached) > 1:
                del self._cached[min(self._cached)]
            self._file.seek(index * self._width)
            self._cached[index] = struct.unpack(self._format, self._file.read(self._width))
        return self._cached[index]
