"""Raises and clears alarms from the state of meter, journal and sensors, checked several times a second."""

from micropython import const

from ..lamp.lamp_watch import ALL_CODES

# alarms that only a section of the configuration can raise, and so only it can clear
_OF_SECTION = (
    ("energy", ("supplyLoss", "meterChanged", "meterBackwards")), ("pole", ("columnIssue",)), ("lamp", ALL_CODES),
)  # fmt: skip
_CHANGED_S = const(86400)  # so long, or until the next start, the alarm says that the meter was reset or swapped


class MeterConditions:
    """supplyLoss while the meter is silent, and meterChanged for a day after its register was reset or swapped."""

    def __init__(self, alarms, counters, clock):
        self._alarms = alarms
        self._counters = counters
        self._clock = clock
        self._change = None  # the change that the alarm reports
        self._until_s = None  # uptime at which that ends; None: no alarm is on

    def poll(self, meter):
        """meter -- sensing/energy/meter.py"""
        if meter.supply_lost is None:
            return  # not known yet
        self._alarms.set("supplyLoss", meter.supply_lost, "meter silent")
        change = meter.register.change
        if change is not None and change != self._change:
            self._alarms.set("meterChanged", False)  # the change before: each has its own `since`
            self._alarms.set("meterChanged", True, change, self._counters.meter_mwh)
            self._until_s = self._clock.uptime_s() + _CHANGED_S
        elif self._until_s is None or self._clock.uptime_s() >= self._until_s:
            self._alarms.set("meterChanged", False)
            self._until_s = None
        self._change = change


class JournalConditions:
    """journalWorn, journalOverflow and journalDamaged."""

    def __init__(self, alarms, outbox):
        self._alarms = alarms
        self._outbox = outbox
        self._reported = outbox.dropped

    def poll(self, worn):
        """worn -- the flash did not take a record or a counter"""
        outbox, alarms = self._outbox, self._alarms
        alarms.set("journalWorn", worn, "the flash no longer accepts writes")
        # raised for the first record that is dropped, at each doubling, and for the sum at the end: an alarm for each
        # would take the room that is missing
        dropped, over = outbox.dropped, outbox.counted and not outbox.depth
        if dropped != self._reported and (over or dropped >= 2 * self._reported):
            alarms.set("journalOverflow", True, "oldest telemetry dropped", dropped)
            self._reported = dropped
        elif over:
            alarms.set("journalOverflow", False)
        if outbox.damaged or outbox.counted:
            alarms.set("journalDamaged", outbox.damaged > 0, "records that cannot be read back", outbox.damaged)


def clear_absent(alarms, config, earlier_parts):
    """Clear what a part or section had raised that the configuration does not name any more.

    earlier_parts -- ids of the parts of the configuration before
    """
    present = [row["id"] for row in config.get("parts", ())]
    for name in earlier_parts:
        if name not in present:
            alarms.set("sensorFault-" + name, False)
    for section, codes in _OF_SECTION:
        if section not in config:
            for code in codes:
                alarms.set(code, False)
