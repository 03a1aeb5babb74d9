# A DALI interface at two pins of the simulated chip, with the gear of the scenario on its bus.

import _parts
from _world import world

_BASE_WATTS = 2.0  # the rest of the lamppost
_BEHIND_US = 60000  # a host that is busy may run so late behind the wave without an edge being missed


class Interface:
    """One bus. The chip samples it without a pause, as a real one would: only a sleep lets edges pass unseen."""

    def __init__(self, fittings):
        self._fittings = fittings
        self._held = False  # the sending pin pulls the bus low all the time
        self._seen_us = 0  # up to where the wave was sampled
        self._pauses = -1
        # a high pin at an inverted side stands for a low bus
        from parts.dali_segment import Segment  # takes no memory of a lamppost without DALI

        twins = [fitting.twin for fitting in fittings]
        self.tx_inverted = any(twin.tx_inverted for twin in twins)
        self.rx_inverted = any(twin.rx_inverted for twin in twins)
        self._segment = Segment(twins)
        for twin in twins:
            if twin.meter:
                twin.told = self._lit
        self._lit()

    def _lit(self):
        """The light or power of a gear changed: the meter sees it."""
        twins = [fitting.twin for fitting in self._fittings if fitting.twin.meter]
        if twins:
            now = world.world_us()
            permille = sum([int(10 * twin.percent()) if twin.lit else 0 for twin in twins]) // len(twins)
            _parts.metered(twins[0].meter, permille, _BASE_WATTS + sum([twin.drawn_watts(now) for twin in twins]))

    def _now(self):
        now = world.world_us()
        if world.pauses == self._pauses and self._seen_us <= now < self._seen_us + _BEHIND_US:
            return self._seen_us
        return now

    def _reached(self, us):
        if us > world.world_us():
            world.sleep_us(us - world.world_us())
        self._seen_us = us
        self._pauses = world.pauses

    def drive(self, level):
        """The pin stands at that level."""
        self._held = bool(level) == self.tx_inverted

    def sent(self, lengths, level):
        """The RMT sends pulses, beginning with that level; it does not wait for their end."""
        at, lows = 0, []
        for length in lengths:
            if bool(level) == self.tx_inverted:
                lows.append((at, at + length))
            at += length
            level = not level
        now = self._now()
        self._segment.sent(now, lows)
        for fitting in self._fittings:
            fitting.remember()
        self._reached(now)

    def level(self):
        low = self._held or self._segment.low(self._now())
        return int(low == self.rx_inverted)

    def pulse(self, level, timeout_us):
        """As machine.time_pulse_us."""
        low = bool(level) == self.rx_inverted
        now = self._now()
        if self._held:
            self._reached(now + timeout_us)
            return -1 if low else -2
        length, later = self._segment.pulse(now, low, timeout_us)
        self._reached(later)
        return length


by_tx, by_rx = {}, {}


def start():
    """Make the interfaces, once the parts are there."""
    for bus in world.facts["buses"].values():
        fittings = _parts.on_dali(bus["tx"], bus["rx"]) if bus["kind"] == "dali" else ()
        if fittings:
            by_tx[bus["tx"]] = by_rx[bus["rx"]] = Interface(fittings)
