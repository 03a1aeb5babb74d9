"""The sweep is only worth its zeros if it catches a journal that is wrong: each of these is, in one place."""

from collections.abc import Callable

import sweep
from lamp import COUNTERS, Lamp
from lamppost.core.crc import crc32
from lamppost.journal import nor_log, outbox, ring
from lamppost.journal.counters import Counters
from lamppost.journal.flash import Flash
from lamppost.journal.nor_log import START
from lamppost.journal.outbox import Outbox
from lamppost.journal.reclaim import Reclaim
from lamppost.journal.ring import Ring
from lamppost.journal.scan import Scan
from lamppost.journal.send_queue import SendQueue
from ledger import ZEROS
from nor import Nor

BOOTS = 4
PARTS = 12  # of the day, so that the sweep can end with the first that shows the mutant


def caught(*verdicts, lamp: Callable = Lamp):
    """True as soon as the sweep of the firmware as it is patched now comes to one of these verdicts (to any)."""
    try:
        tape = sweep.Tape(BOOTS, lamp=lamp)
    except Exception:  # a mutant may already fall in a day without cuts
        return "error" in (verdicts or ("error",))
    count = len(tape.operations)
    for part in range(PARTS):
        result = sweep.sweep(tape, count * part // PARTS, count * (part + 1) // PARTS, every=9, lamp=lamp)
        if any(result[name] for name in ZEROS if name in (verdicts or ZEROS)):
            return True
    return False


def test_the_journal_as_it_is_passes_the_same_sweep():
    assert not caught()


def test_appending_over_a_torn_tail_is_caught(monkeypatch):
    def after_the_last_record(self):
        return max((at + size for at, size in self.records(self.head)), default=START)

    monkeypatch.setattr(Ring, "_end", after_the_last_record)
    assert caught()


def test_dropping_the_crc_of_records_is_caught(monkeypatch):
    def whole(self, seq, at, size):
        if size > ring.RECORD_MAX or at + size > self.flash.block_size:
            return False
        self.flash.read(seq % self.blocks, at + 5, self.record_view[5:size])
        return True

    monkeypatch.setattr(Ring, "whole", whole)
    monkeypatch.setattr(outbox, "crc32", lambda payload, seed: None)
    monkeypatch.setattr(
        outbox.Entry, "crc", property(lambda self: None, lambda self, value: None), raising=False
    )
    assert caught("corrupt", "error")


def test_dropping_the_crc_of_headers_is_caught(monkeypatch):
    def any_header(buf, seed=0):
        return ring.u32(buf.obj, 36) if len(buf) == 36 and seed == 0 and buf[0] == 0x4C else crc32(buf, seed)

    monkeypatch.setattr(nor_log, "crc32", any_header)
    assert caught()


def test_not_retiring_blocks_loses_nothing_but_every_start_reads_them_again(monkeypatch):
    def read_at_start():
        tape = sweep.Tape(1)
        nor = Nor(image=tape.image)
        outbox = Outbox(Flash(nor).region(COUNTERS))
        while not outbox.counted:
            outbox.count()
        return nor.read

    quick = read_at_start()
    monkeypatch.setattr(Ring, "retire", lambda self, seq: None)
    assert not caught()
    assert read_at_start() > 2 * quick


def test_giving_up_the_original_of_an_alarm_before_its_copy_is_caught(monkeypatch):
    move, clear = Reclaim.move, Ring.clear

    def clear_first(self, block, at, size):
        clear(self.ring, block, at)
        return move(self, block, at, size)

    monkeypatch.setattr(Reclaim, "move", clear_first)
    assert caught("lost")


def test_acknowledging_when_a_record_is_sent_is_caught(monkeypatch):
    launch = SendQueue.launch

    def clear_at_once(self, entry):
        launch(self, entry)
        self.ring.clear(entry.block, entry.at)

    monkeypatch.setattr(SendQueue, "launch", clear_at_once)
    assert caught("lost")


def test_counting_dropped_telemetry_only_in_ram_is_caught(monkeypatch):
    free_ahead = Reclaim.free_ahead

    def count_late(self):
        before = self.queue.depth
        free_ahead(self)
        self.dropped += max(0, before - self.queue.depth)

    monkeypatch.setattr(Reclaim, "count", lambda self, last: None)
    monkeypatch.setattr(Reclaim, "free_ahead", count_late)
    assert caught("lost")


def test_overflowing_alarms_as_if_they_were_telemetry_is_caught(monkeypatch):
    monkeypatch.setattr(Reclaim, "carry", lambda self, block: True)
    assert caught("lost")


def test_freeing_a_block_that_was_not_counted_yet_is_caught(monkeypatch):
    monkeypatch.setattr(Scan, "reach", lambda self, block: None)
    assert caught("lost")


def test_sending_before_all_is_counted_is_caught(monkeypatch):
    monkeypatch.setattr(Scan, "step", lambda self: setattr(self, "complete", True))
    assert caught("lost")


def test_not_writing_the_anchor_to_flash_is_caught(monkeypatch):
    def only_in_ram(self, clock):
        self._anchors.offset, self._anchors.tq, self._anchors.tu_ms = clock.offset_s, clock.tq, clock.tu_ms

    monkeypatch.setattr(outbox.Outbox, "anchor", only_in_ram)
    monkeypatch.setattr(outbox.Anchors, "write_into", lambda self, note: None)
    assert caught("corrupt")


def test_opening_a_block_of_counters_without_their_state_is_caught(monkeypatch):
    class Empty(Counters):
        def _write_checkpoint(self, buf, at):
            if at:
                super()._write_checkpoint(buf, at)

    assert caught("backwards", lamp=lambda nor, say: Lamp(nor, say, counters=Empty))


def test_starting_before_the_boot_number_is_on_flash_is_caught():
    class Late(Counters):
        def _commit(self, *record):
            if hasattr(self, "_due_once"):
                super()._commit(*record)
            self._due_once = True
            self._last_s = 0

    assert caught("backwards", lamp=lambda nor, say: Lamp(nor, say, counters=Late))


def test_taking_the_oldest_block_for_the_newest_is_caught(monkeypatch):
    find = Ring.find

    def oldest(self):
        if not find(self):
            return False
        live = [seq for seq in range(max(0, self.head + 1 - self.blocks), self.head + 1) if self.look(seq)]
        self.head = live[0]
        self.at = self._end()
        self.look(self.head)
        self.boot = ring.u32(self.header, 12)
        return True

    monkeypatch.setattr(Ring, "find", oldest)
    assert caught()
