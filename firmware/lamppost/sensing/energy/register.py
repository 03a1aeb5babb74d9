"""An import register that never runs backwards and never counts what did not flow.

The meter's own register may wrap, be reset, belong to another meter since this morning, or be misread for a
second. Only what can have flowed since the last reading is counted; everything else moves the anchor, not
the register.
"""

from micropython import const

from ...core.quality import ESTIMATED, GAP, VALID

_COARSE = const(2000)  # mWh: the meter counts in Wh, and a reading is late by up to one
_DARK_MS = const(3600000)  # at full power: what a meter may have counted while this node was off (days of a lamp)
_HOUR_MS = const(3600000)
_CONFIRM = const(5)  # readings in a row that must agree before a jump is believed


class Register:
    """counters -- object with imp_mwh, meter_mwh (int or None) and changed(); see journal/counters.py.

    wrap_mwh -- where the meter's register starts again, 0: never; p_max_mw -- the most that can flow through it
    volatile -- True where it also starts again whenever the meter gets its supply
    """

    def __init__(self, counters, wrap_mwh, p_max_mw, volatile=False):
        self._counters = counters
        self._wrap = wrap_mwh
        self._p_max = p_max_mw
        self._volatile = volatile
        self._doubt = None  # a meter value that does not follow, waiting for confirmation
        self._agreed = 0
        self.events = {"glitch": 0, "wrap": 0, "reset": 0, "swap": 0}
        self.change = None  # the last reset or swap, in words, for whoever reads the bill

    def take(self, meter_mwh, since_ms):
        """Count up to the meter's register. since_ms -- since the last good reading; None: first of this boot.

        Returns the letter of the register: V; G after a gap; E while a jump is not yet explained.
        """
        counters = self._counters
        anchor = counters.meter_mwh
        if anchor is None:  # the first meter of this node: begin where it stands
            self._anchor(meter_mwh, max(0, meter_mwh - counters.imp_mwh))
            return VALID
        flow = self._flow(_DARK_MS if since_ms is None else since_ms)
        grown = meter_mwh - anchor
        if self._volatile and since_ms is None and grown < 0:
            # the cut that stopped the node has emptied it, which is no wrap: it holds what flowed since
            self._anchor(meter_mwh, meter_mwh if meter_mwh <= flow else 0)
            return GAP
        wrapped = grown < 0 and 2 * anchor > self._wrap and 0 <= grown + self._wrap <= flow
        if wrapped:
            grown += self._wrap
        if 0 <= grown <= flow:
            if wrapped:
                self.events["wrap"] += 1
            if self._doubt is not None:
                self._doubt = None
                self.events["glitch"] += 1
            if grown:
                self._anchor(meter_mwh, grown)
            return GAP if since_ms is None else VALID
        return self._unexplained(meter_mwh, since_ms)

    def _unexplained(self, meter_mwh, since_ms):
        """A value that cannot follow from the last: a misreading, unless the next readings agree with it."""
        doubt = self._doubt
        if doubt is not None and 0 <= meter_mwh - doubt <= self._flow(since_ms or 0):
            self._agreed += 1
        else:
            if doubt is not None:
                self.events["glitch"] += 1
            self._agreed = 1
        self._doubt = meter_mwh
        if self._agreed < _CONFIRM:
            return ESTIMATED
        anchor = self._counters.meter_mwh
        word = "reset" if meter_mwh < anchor and meter_mwh <= self._flow(_HOUR_MS) else "swap"
        self.events[word] += 1
        self.change = "%s: meter from %d to %d mWh in %d readings" % (word, anchor, meter_mwh, _CONFIRM)
        self._doubt = None
        self._anchor(meter_mwh, 0)
        return GAP

    def _flow(self, ms):
        return self._p_max * ms // _HOUR_MS + _COARSE

    def _anchor(self, meter_mwh, grown):
        self._counters.imp_mwh += grown
        self._counters.meter_mwh = meter_mwh
        self._counters.changed()
