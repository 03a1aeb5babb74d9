"""ops/alarms.py: an alarm is sent when it comes, changes and goes; over a reboot none is forgotten or invented."""

import json

from journal_on_ram import KNOWN, Nor, Ticks, deliver, start
from lamppost.core.faults import JournalFault
from lamppost.journal.counters import Counters
from lamppost.journal.flash import Flash
from lamppost.journal.record import ALARM, CLEAR
from lamppost.ops.alarms import Alarms


class Node:
    """A node with one flash over several starts; `sent` is what the broker got of it."""

    def __init__(self):
        self.nor = Nor(4)
        self.sent = []
        self.takes = True  # journal or broker take a record

    def append(self, kind, topic, body):
        if self.takes:
            self.sent.append((kind, topic, body))
        return self.takes

    def start(self):
        self.ticks = Ticks()
        self.clock = self.ticks.clock()
        self.clock.set_utc(848750400, 0, 3, 20)
        return Alarms(self.append, self.clock, Counters(Flash(self.nor), self.clock))

    def kinds(self):
        """[(kind, code)] sent since this was asked last."""
        sent, self.sent = self.sent, []
        return [("raised" if kind == ALARM else "cleared", topic[6:].decode()) for kind, topic, _ in sent]


# with a bit on flash, and noted by their names
CODES = ("supplyLoss", "clockDoubt", "journalDamaged", "meterBackwards", "columnIssue", "consoleRefused")
CODES += ("sensorFault-meter", "sensorFault-dust")


def test_an_alarm_is_sent_when_it_comes_and_when_it_goes_and_not_between():
    node = Node()
    alarms = node.start()
    for active in (True, True, False, False):
        alarms.set("supplyLoss", active, "meter silent")
    assert [row[:2] for row in node.sent] == [(ALARM, b"alarm/supplyLoss"), (CLEAR, b"alarm/supplyLoss")]
    assert node.sent[1][2] == b""
    assert json.loads(b"{" + node.sent[0][2]) == {
        "since": "2026-11-23T12:00:00Z",
        "severity": "major",
        "value": None,
        "evidence": "meter silent",
    }


def test_an_alarm_whose_value_changes_is_sent_again_with_the_time_of_its_beginning():
    node = Node()
    alarms = node.start()
    for value in (1, 1, 2, 4):
        alarms.set("journalOverflow", True, "oldest telemetry dropped", value)
        node.ticks.ms += 60000
    rows = [json.loads(b"{" + body) for _, _, body in node.sent]
    assert [row["value"] for row in rows] == [1, 2, 4]
    assert {row["since"] for row in rows} == {"2026-11-23T12:00:00Z"}


def test_an_alarm_that_was_never_raised_is_never_cleared():
    node = Node()
    for _ in range(3):
        alarms = node.start()
        for code in CODES:
            alarms.set(code, False)
    assert node.sent == []


def test_an_alarm_that_was_on_before_a_reboot_is_cleared_once_its_cause_is_gone():
    for code in CODES:
        node = Node()
        node.start().set(code, True, "why", 3)
        node.start()
        alarms = node.start()
        alarms.set(code, False)
        alarms.set(code, False)
        node.start().set(code, False)
        assert node.kinds() == [("raised", code), ("cleared", code)]


def test_of_many_alarms_before_a_reboot_only_those_that_end_are_cleared():
    node = Node()
    alarms = node.start()
    for code in CODES:
        alarms.set(code, True)
    node.sent = []
    alarms = node.start()
    ended = [code for n, code in enumerate(CODES) if n % 2]
    for code in ended:
        alarms.set(code, False)
    assert node.kinds() == [("cleared", code) for code in ended]
    alarms = node.start()
    for code in CODES:
        alarms.set(code, False)
    assert node.kinds() == [("cleared", code) for code in CODES if code not in ended]


def test_an_alarm_that_is_still_on_after_a_reboot_is_not_raised_twice():
    for code in CODES:
        node = Node()
        for _ in range(3):
            node.start().set(code, True, "why")
        alarms = node.start()
        alarms.set(code, True, "why")
        alarms.set(code, False)
        node.start().set(code, False)
        assert node.kinds() == [("raised", code), ("cleared", code)]


def test_an_alarm_that_nobody_took_is_offered_again_until_somebody_does():
    node = Node()
    alarms = node.start()
    node.takes = False
    for _ in range(3):
        alarms.set("sensorFault-meter", True, "silent")
        alarms.offer_again()
    assert node.sent == [] and "sensorFault-meter" not in alarms.active
    node.takes = True
    alarms.offer_again()
    alarms.offer_again()
    assert node.kinds() == [("raised", "sensorFault-meter")] and "sensorFault-meter" in alarms.active


def test_the_end_of_an_alarm_that_nobody_took_is_offered_again_too():
    node = Node()
    alarms = node.start()
    alarms.set("columnIssue", True, "leans", 120)
    node.takes = False
    alarms.set("columnIssue", False)
    node.takes = True
    alarms.offer_again()
    assert node.kinds() == [("raised", "columnIssue"), ("cleared", "columnIssue")]
    node.start().set("columnIssue", False)
    assert node.sent == []


def test_an_alarm_that_ended_before_anybody_took_it_is_not_raised_any_more():
    node = Node()
    alarms = node.start()
    node.takes = False
    alarms.set("meterBackwards", True, "p_mw", -90000)
    alarms.set("meterBackwards", False)
    node.takes = True
    alarms.offer_again()
    assert node.sent == []
    node.start().set("meterBackwards", False)
    assert node.sent == []


def test_no_node_forgets_an_alarm_because_many_parts_fail():
    node = Node()
    alarms = node.start()
    codes = ["sensorFault-part-%d" % n for n in range(12)]
    for code in codes:
        alarms.set(code, True, "silent")
    node.sent = []
    alarms = node.start()
    for code in codes:
        alarms.set(code, False)
    assert node.kinds() == [("cleared", code) for code in codes]


def test_an_alarm_that_is_offered_again_and_again_does_not_wear_the_flash():
    for code in CODES:
        node = Node()
        alarms = node.start()
        node.takes = False
        alarms.set(code, True, "why", 1)
        programs = node.nor.programs
        for _ in range(50):
            alarms.offer_again()
        assert node.nor.programs == programs


def test_an_alarm_that_finds_the_journal_full_is_delivered_once_there_is_room_and_so_is_its_end():
    outbox = start(Nor(8), 1)

    def append(kind, topic, body):
        try:
            outbox.append(kind, topic, body, KNOWN)
        except JournalFault:
            return False
        return True

    for body in (b'"evidence":"' + b"x" * 100 + b'"}', b"}"):
        while append(ALARM, b"alarm/sensorFault-dust", body):
            pass
    clock = Ticks().clock()
    alarms = Alarms(append, clock, Counters(Flash(Nor(4)), clock))
    alarms.set("supplyLoss", True, "meter silent")
    alarms.offer_again()
    earlier = deliver(outbox)
    assert b"alarm/supplyLoss" not in [one.topic for one in earlier]
    alarms.offer_again()
    alarms.set("supplyLoss", False)
    assert [(one.topic, one.entry.kind) for one in deliver(outbox)] == [
        (b"alarm/supplyLoss", ALARM), (b"alarm/supplyLoss", CLEAR),
    ]  # fmt: skip


def test_a_broker_that_has_forgotten_them_gets_every_alarm_that_is_on_again():
    node = Node()
    node.start().set("supplyLoss", True, "meter silent")
    alarms = node.start()
    alarms.set("supplyLoss", True, "meter silent")
    alarms.set("sensorFault-dust", True, "silent", 3)
    alarms.set("clockDoubt", True)
    alarms.set("clockDoubt", False)
    before = node.sent[1][2]
    node.kinds()
    alarms.forgotten(everything=True)
    node.takes = False
    alarms.offer_again()
    node.takes = True
    alarms.offer_again()
    assert sorted(topic for _, topic, _ in node.sent) == [b"alarm/sensorFault-dust", b"alarm/supplyLoss"]
    assert before in [text for _, _, text in node.sent], "with the time of its beginning"
    node.kinds()
    alarms.offer_again()
    assert node.sent == []


def test_a_broker_that_is_new_to_the_node_gets_only_the_alarms_that_were_on_before_its_start():
    node = Node()
    node.start().set("supplyLoss", True, "meter silent")
    alarms = node.start()
    alarms.set("supplyLoss", True, "meter silent")
    alarms.set("sensorFault-dust", True, "silent")
    node.kinds()
    alarms.forgotten(everything=False)
    alarms.offer_again()
    assert node.kinds() == [("raised", "supplyLoss")]


def test_an_alarm_that_ends_before_it_was_sent_again_is_only_cleared():
    node = Node()
    alarms = node.start()
    alarms.set("supplyLoss", True, "meter silent")
    node.kinds()
    alarms.forgotten(everything=True)
    alarms.set("supplyLoss", False)
    alarms.offer_again()
    assert node.kinds() == [("cleared", "supplyLoss")]
