"""ops/conditions.py: which alarms the meter, the journal and a changed configuration raise and clear, and when."""

from journal_on_ram import Ticks
from lamppost.ops.conditions import JournalConditions, MeterConditions, clear_absent


class Alarms:
    def __init__(self):
        self.on = {}
        self.told = []  # each change

    def set(self, code, active, evidence="", value=None):
        before = self.on.get(code)
        if active and before != (evidence, value):
            self.on[code] = (evidence, value)
            self.told.append((code, value))
        elif not active and before:
            del self.on[code]
            self.told.append((code, "cleared"))


class Counters:
    meter_mwh = 5000


class Register:
    change = None


class Meter:
    supply_lost = None

    def __init__(self):
        self.register = Register()


def test_a_meter_that_was_never_heard_says_nothing_of_the_supply():
    alarms, meter = Alarms(), Meter()
    conditions = MeterConditions(alarms, Counters(), Ticks().clock())
    conditions.poll(meter)
    assert alarms.told == []
    meter.supply_lost = True
    conditions.poll(meter)
    meter.supply_lost = False
    conditions.poll(meter)
    assert alarms.told == [("supplyLoss", None), ("supplyLoss", "cleared")]


def test_another_meter_is_told_for_a_day_and_the_next_one_anew():
    alarms, meter, ticks = Alarms(), Meter(), Ticks()
    meter.supply_lost = False
    conditions = MeterConditions(alarms, Counters(), ticks.clock())

    def hours(count):
        for _ in range(count * 60):
            ticks.ms += 60000
            conditions.poll(meter)

    hours(1)
    meter.register.change = "swap: ..."
    hours(23)
    assert alarms.on == {"meterChanged": ("swap: ...", 5000)}
    hours(2)
    assert alarms.on == {}
    hours(48)
    assert alarms.told == [("meterChanged", 5000), ("meterChanged", "cleared")]
    meter.register.change = "reset: ..."
    hours(12)
    meter.register.change = "swap: again"
    hours(23)
    assert alarms.on == {"meterChanged": ("swap: again", 5000)}


class Outbox:
    dropped = damaged = depth = 0
    counted = True


def test_an_overflow_is_told_at_its_first_record_at_each_doubling_and_in_full_at_its_end():
    alarms, outbox = Alarms(), Outbox()
    conditions = JournalConditions(alarms, outbox)
    outbox.depth = 100
    for dropped in range(12):
        outbox.dropped = dropped
        conditions.poll(False)
    assert alarms.told == [("journalOverflow", value) for value in (1, 2, 4, 8)]
    outbox.depth = 0
    conditions.poll(False)
    conditions.poll(False)
    assert alarms.told[4:] == [("journalOverflow", 11), ("journalOverflow", "cleared")]


def test_an_overflow_or_damage_of_an_earlier_night_is_not_over_before_all_is_counted():
    alarms, outbox = Alarms(), Outbox()
    conditions = JournalConditions(alarms, outbox)
    alarms.set("journalOverflow", True, "", 7)
    alarms.set("journalDamaged", True, "", 2)
    outbox.counted = False
    conditions.poll(False)
    assert len(alarms.told) == 2
    outbox.counted = True
    conditions.poll(False)
    assert alarms.told[2:] == [("journalOverflow", "cleared"), ("journalDamaged", "cleared")]


def test_worn_flash_and_damaged_records_are_alarms():
    alarms, outbox = Alarms(), Outbox()
    conditions = JournalConditions(alarms, outbox)
    conditions.poll(False)
    assert alarms.told == []
    outbox.damaged = 3
    conditions.poll(True)
    assert alarms.told == [("journalWorn", None), ("journalDamaged", 3)]


def test_what_a_removed_part_or_section_had_raised_is_cleared_and_nothing_else():
    alarms = Alarms()
    for code in ("sensorFault-dust", "sensorFault-meter", "supplyLoss", "columnIssue", "journalWorn"):
        alarms.set(code, True)
    config = {"parts": [{"id": "meter"}], "energy": {"part": "meter"}}
    clear_absent(alarms, config, ["meter", "dust"])
    assert sorted(alarms.on) == ["journalWorn", "sensorFault-meter", "supplyLoss"]
