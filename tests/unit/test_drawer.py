"""The drawer: an outbox that is folded away whenever nobody needs it goes on as if it had lain open all the time."""

import random

from journal_on_ram import KNOWN, Nor, Ticks, deliver, raised, start, take
from lamppost.core import borrow
from lamppost.core.clock import NTP
from lamppost.journal.drawer import Drawer
from lamppost.journal.kinds import ALARM, CLEAR, EVENT, TELEMETRY


def folded(drawer):
    drawer.tend()
    drawer.tend()
    return drawer.lying is None


def test_what_waits_is_counted_while_it_is_folded_and_delivered_afterwards():
    drawer = Drawer(start(Nor(8), 1))
    drawer.append(TELEMETRY, b"tele/energy", b"}", KNOWN)
    drawer.append(ALARM, b"alarm/a", b"}", KNOWN)
    assert folded(drawer)
    assert drawer.depth() == 2 and folded(drawer)
    assert [sent.key for sent in deliver(drawer.out())] == [(1, 1), (1, 0)]


def test_what_it_tells_of_itself_is_the_same_folded_and_open_and_takes_nothing_out():
    drawer = Drawer(start(Nor(5), 1))
    assert folded(drawer) and drawer.last_committed is None, "there was no record before"
    for _ in range(300):
        drawer.append(TELEMETRY, b"tele/energy", b"x" * 300 + b"}", KNOWN)
    told = borrow.once("journal.folded", "told", drawer)
    assert told == (drawer.dropped, drawer.wear()) and drawer.dropped > 0
    assert folded(drawer)
    assert borrow.once("journal.folded", "told", drawer) == told
    assert drawer.lying is None


def test_it_lies_open_while_somebody_uses_it_or_has_it():
    drawer = Drawer(start(Nor(8), 1))
    drawer.tend()
    drawer.append(TELEMETRY, b"tele/energy", b"}", KNOWN)
    drawer.tend()
    assert drawer.lying
    outbox = drawer.lend()
    assert not folded(drawer) and not folded(drawer)
    deliver(outbox)
    drawer.back()
    assert folded(drawer)


def test_a_record_is_taken_with_its_boot_time_and_number_whenever_it_was_folded():
    """The same evening twice, once folded now and then: the flash holds the same bytes."""
    open_nor, folded_nor = Nor(5), Nor(5)
    for boot in range(1, 4):
        always, now_and_then = start(open_nor, boot), Drawer(start(folded_nor, boot))
        ticks = Ticks()
        clock = ticks.clock()
        random.seed(boot)
        for n in range(150):
            ticks.ms += 1000
            what = random.choice([TELEMETRY, TELEMETRY, TELEMETRY, EVENT, ALARM, CLEAR, "send", "time", "lost"])
            at = (clock.utc_s(), True, clock.tq, clock.tu_ms) if clock.tq else (clock.uptime_s(), False, 0, 0)
            if what == "time":
                clock.set_utc(800000000 + n, 0, NTP, 5)
            said = []
            for box in (always, now_and_then):
                if what == "time":
                    box.anchor(clock)
                elif what == "send":
                    said.append([(one.key, one.ts, one.entry.held, one.body) for one in deliver(box, 5)])
                elif what == "lost":
                    if box is now_and_then:
                        box = box.lend()
                    said.append([(one.key, one.ts) for one in take(box, 3)])
                    box.rewind()
                    if box is not always:
                        now_and_then.back()
                else:
                    body = b"" if what == CLEAR else b"%d" % n + b"x" * (n * 7 % 400) + b"}"
                    said.append(box.append(what, b"tele/%d" % what, body, at))
            assert said[1:] == said[:1] or not said
            if random.random() < 0.2:
                assert folded(now_and_then)
            assert now_and_then.depth() == always.depth()
    assert always.dropped and now_and_then.dropped == always.dropped
    assert folded_nor.snapshot() == open_nor.snapshot()


def test_without_memory_for_its_code_nothing_is_lost():
    nor = Nor(8)
    drawer = Drawer(start(nor, 1))
    drawer.append(TELEMETRY, b"tele/energy", b"}", KNOWN)
    assert folded(drawer)
    from lamppost.journal import drawer as module

    def no_memory(*_):
        raise MemoryError

    once, module.once = module.once, no_memory
    try:
        assert raised(lambda: drawer.append(EVENT, b"evt/a", b"}", KNOWN), MemoryError)
        assert drawer.depth() == 1
    finally:
        module.once = once
    assert drawer.append(EVENT, b"evt/a", b"}", KNOWN) == 1
    assert len(deliver(drawer.out())) == 2


def test_folded_its_code_is_not_loaded():
    import sys

    drawer = Drawer(start(Nor(8), 1))
    assert folded(drawer)
    root = borrow.__name__.split(".")[0]
    left = [name for name in sys.modules if name.startswith(root + ".journal.")]
    assert not {root + ".journal.outbox", root + ".journal.queue", root + ".journal.room"} & set(left)
