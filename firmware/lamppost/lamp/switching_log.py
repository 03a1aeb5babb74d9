"""Records every change of the lamp's level, with the measured power, in a chain that survives each power cut.

A row is noted in the counters before it goes to the journal, so a cut never loses one: the next start completes it.
What the journal may have taken already is offered once more, the same to the byte: a reader drops it by its `n`.
"""

import struct

from micropython import const

from ..core.calendar import DAY
from .switching_row import CAUSES, ORIGIN, Row, chained, message

_NOTE = "switching log"
_FORM = "<IIIIBBiQBIB"  # the row, and how far it has come
_UNKNOWN_MW = const(-2147483648)
_UNKNOWN_MWH = const(0xFFFFFFFFFFFFFFFF)
_OPEN, _SEALED, _DONE = 0, 1, 2  # waits for the meter, is to be committed, is committed
_METER_S = const(5)  # after a change the meter needs a reading of the new level


class SwitchingLog:
    """counters -- journal/counters.py; clock -- core/clock.py; control -- control.py
    commit(body) -- commits a row to the journal; False if that did not take it
    measured() -- (power in mW, import register in mWh), None for what is not known
    begun -- "power-on" or "reset": how this boot began
    """

    def __init__(self, counters, clock, control, commit, measured, begun):
        self._counters = counters
        self._clock = clock
        self._control = control
        self._commit = commit
        self._measured = measured
        self._first = begun
        self._since_s = counters.utc_s  # the last time that was noted before this boot
        self._level = None  # of the last row of this boot
        self._head_day = None
        self._missed = False  # a change came while the row before could not be committed
        self._row, self._before, self._state = _noted(counters.kept(_NOTE))
        if self._row is not None and self._state == _OPEN:
            self._seal(None)

    def poll(self):
        """Record what has changed; called several times a second."""
        if self._state == _OPEN:
            ripe = self._clock.uptime_s() - self._row.up_s >= _METER_S
            if ripe or self._changed() is not None:
                self._seal(self._measured()[0] if ripe else None)
        if self._state == _SEALED:
            if not self._commit(message(self._row, chained(self._before, self._row))):
                self._missed = self._missed or self._changed() is not None
                return
            self._keep(_DONE, False)
        if self._state == _DONE:
            cause = self._changed()
            if cause is not None:
                self._open(cause)

    @property
    def head(self):
        """Hash of the newest row."""
        return ORIGIN if self._row is None else chained(self._before, self._row)

    def _changed(self):
        """The cause of a row that is due, or None."""
        _, why, permille = self._control.state()
        if self._level is None:
            return self._first
        if (permille + 5) // 10 != self._level:
            return "gap" if self._missed else why
        utc_s = self._clock.utc_s()
        if utc_s is not None:
            day = (utc_s - DAY // 2) // DAY  # it ends at noon
            if self._head_day is None:
                self._head_day = day
            elif day != self._head_day:
                return "head"
        return None

    def _open(self, cause):
        _, _, permille = self._control.state()
        clock = self._clock
        stamp = clock.stamp()
        since_s = None
        if cause == self._first and self._level is None:
            since_s = self._since_s
        elif cause == "gap":
            since_s = self._row.utc_s
        before = self.head
        number = 1 if self._row is None else self._row.n + 1
        self._level = (permille + 5) // 10
        self._row = Row(
            number, self._counters.boot, clock.uptime_s(), stamp.seconds if stamp.known else None, stamp.quality,
            self._level, None, self._measured()[1], cause, since_s,
        )  # fmt: skip
        self._before = before
        self._missed = False
        if stamp.known:
            self._head_day = (stamp.seconds - DAY // 2) // DAY
        self._keep(_OPEN, True)

    def _seal(self, p_mw):
        row = self._row
        self._row = Row(
            row.n, row.boot, row.up_s, row.utc_s, row.tq, row.level, p_mw, row.imp_mwh, row.cause, row.since_s
        )  # fmt: skip
        self._keep(_SEALED, True)

    def _keep(self, state, now):
        self._state = state
        row = self._row
        note = struct.pack(
            _FORM, row.n, row.boot, row.up_s, row.utc_s or 0, row.tq, row.level,
            _UNKNOWN_MW if row.p_mw is None else row.p_mw, _UNKNOWN_MWH if row.imp_mwh is None else row.imp_mwh,
            CAUSES.index(row.cause), row.since_s or 0, state,
        )  # fmt: skip
        self._counters.keep(_NOTE, note + self._before, now)


def _noted(note):
    """(row, hash before it, state) of a note, (None, ORIGIN, _DONE) without one."""
    if not note:
        return None, ORIGIN, _DONE
    size = struct.calcsize(_FORM)
    n, boot, up_s, utc_s, tq, level, p_mw, imp_mwh, cause, since_s, state = struct.unpack(_FORM, note[:size])
    row = Row(
        n, boot, up_s, utc_s or None, tq, level, None if p_mw == _UNKNOWN_MW else p_mw,
        None if imp_mwh == _UNKNOWN_MWH else imp_mwh, CAUSES[cause], since_s or None,
    )  # fmt: skip
    return row, note[size:], state
