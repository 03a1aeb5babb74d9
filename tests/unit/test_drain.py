"""The sender is made when there is something to send, in as much memory as there is, and nothing of it stays."""

from journal_on_ram import KNOWN, Nor, start
from lamppost.journal.drawer import Drawer
from lamppost.journal.kinds import TELEMETRY
from lamppost.link import drain
from lamppost.link.mqtt.session import Mqtt
from mqtt_ends import Wire
from raising import raises


class Small(Mqtt):
    """In a heap whose largest free piece has `largest` bytes."""

    largest = 100000

    def lend(self, size):
        if size > self.largest:
            raise MemoryError
        Mqtt.lend(self, size)


class Broker:
    prefix = b"lamppost/v1/lisbon/lp-0042/"
    version, window, drain_per_s = 4, 4, 0


class Link:
    """What drain.py asks of a link, with three records that wait."""

    sender = None
    broker = Broker

    def __init__(self, largest, hold_ms=None):
        self.hold_ms = hold_ms
        self.log = print
        self.mqtt = Small(self.ticks_ms, self.ticks_diff, 10, 256, None, print, 0)
        self.mqtt.largest = largest
        self.outbox = Drawer(start(Nor(8), 1))
        for _ in range(3):
            self.outbox.append(TELEMETRY, b"tele/energy", b'"u_mv":230100}', KNOWN)
        self.wire = Wire()
        self.mqtt.begin(self.wire, b"CONNECT")
        self.mqtt.connected(False)

    def ticks_ms(self):
        return 1000

    def ticks_diff(self, a, b):
        return a - b


def writes(link):
    del link.wire.written[:]
    link.sender.pump()
    return len(link.wire.written)


def test_records_go_together_where_there_is_memory_and_one_by_one_where_there_is_little():
    roomy, tight = Link(100000), Link(1300)
    for link in (roomy, tight):
        drain.begin(link)
    assert (writes(roomy), writes(tight)) == (1, 3)
    assert len(roomy.mqtt.flying) == len(tight.mqtt.flying) == 3


def test_without_memory_nothing_is_kept_and_nothing_is_lost():
    link = Link(1000)
    with raises(MemoryError):
        drain.begin(link)
    assert link.sender is None and link.outbox.depth() == 3
    link.outbox.tend()
    link.outbox.tend()
    assert link.outbox.lying is None, "somebody still has the outbox"
    link.mqtt.largest = 100000
    drain.begin(link)
    assert writes(link) == 1


def test_what_waited_for_the_connection_is_held_and_what_comes_later_is_not():
    held = []
    for hold_ms in (0, None):
        link = Link(100000, hold_ms)
        drain.begin(link)
        writes(link)
        held.append([entry.held for entry in link.mqtt.flying.values()])
        assert link.hold_ms is None
    assert held == [[True] * 3, [False] * 3]
