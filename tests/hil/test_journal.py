"""The journal at its limits: flash that forgets, and a broker that stays away for longer than there is room."""

import json
import random
import time

import pytest
from absence import comes_back
from lamplighter import paths
from powercut.nor import Nor

paths.importable()

from lamppost.core.stamp import Stamp  # noqa: E402
from lamppost.journal.flash import regions  # noqa: E402
from lamppost.journal.outbox import TELEMETRY, Outbox  # noqa: E402

pytestmark = pytest.mark.virtual_only

BLOCK = 4096
COUNTERS = 8  # blocks at the beginning of the partition


def written(path, journal):
    """Numbers of the blocks behind the counters that hold something."""
    data = path.read_bytes()[journal.offset : journal.offset + journal.size]
    blocks = range(COUNTERS, journal.size // BLOCK)
    return [block for block in blocks if data[BLOCK * block : BLOCK * (block + 1)].strip(b"\xff")]


def spoil(path, offset, data):
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.fixture
def night(virtual_post, broker, heard):
    """A lamppost that has recorded for minutes without a broker, and is dark now."""
    broker.stop()
    node = virtual_post(speed=60)
    node.console.wait_for("link: refused", node.within(60))
    journal = node.board.partition("journal")
    assert fills(node, journal, 4, node.within(600))
    node.power_off()
    return node, journal


def fill(path, journal, message):
    """Put a new outbox of the boot after the message's into the journal, full of copies of it but for the last blocks.

    A new one, as the old one may hold a record that the broker has and the node does not know to be acknowledged.
    """
    counters = path.read_bytes()[journal.offset : journal.offset + COUNTERS * BLOCK]
    nor = Nor(image=[b"\xff" * BLOCK] * (journal.size // BLOCK))
    outbox = Outbox(regions(nor)[1])
    outbox.begin(message["b"] + 1)
    head = ("v", "b", "s", "ts", "tq", "tu", "h")
    body = json.dumps({name: message[name] for name in message if name not in head})[1:].encode()
    while bytes(nor.image[-4]) == b"\xff" * BLOCK:  # they are filled in order
        outbox.append(TELEMETRY, b"tele/energy", body, Stamp(outbox.seq, False, 0, 0))
    records = nor.image[COUNTERS:]
    assert sum(bytes(block) != b"\xff" * BLOCK for block in records) == len(records) - 3
    spoil(path, journal.offset, counters + b"".join(bytes(block) for block in records))


def fills(node, journal, blocks, within):
    """Wait until so many blocks of the journal are written."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if len(written(node.lamp.flash_path, journal)) >= blocks:
            return True
        time.sleep(0.05)
    return False


def test_records_that_the_flash_forgot_are_said_and_counted_and_the_rest_is_delivered(night, broker, heard):
    node, journal = night
    chance = random.Random(41)
    # in the middle of the second block: the records there, and at worst those that follow them in it
    block = written(node.lamp.flash_path, journal)[1]
    spoil(node.lamp.flash_path, journal.offset + BLOCK * block + 1000, chance.randbytes(400))
    node.console.forget()
    broker.start()
    heard.listens()
    node.power_on()
    boot = heard.arrival()
    said = node.console.wait_for(r"journal: damaged: (\d+) records cannot be read back")
    alarm = heard.until("alarm/journalDamaged", bool)
    lost = heard.counts()
    assert 1 <= lost["gaps"] <= 20 and len(lost["holes"]) == 1, lost["holes"]
    assert lost["gaps"] == int(said[1]) == alarm["value"]
    assert lost["invalid"] == 0, lost["complaints"]
    before = {m["s"] for m in heard.numbered() if m["b"] == boot["last_b"]}
    assert len(before) == boot["last_s"] + 1 - lost["gaps"]


def test_a_block_that_is_nothing_but_noise_stops_neither_the_start_nor_the_others(night, broker, heard):
    node, journal = night
    chance = random.Random(43)
    block = written(node.lamp.flash_path, journal)[1]
    spoil(node.lamp.flash_path, journal.offset + BLOCK * block, chance.randbytes(BLOCK))
    broker.start()
    heard.listens()
    node.power_on()
    boot = heard.arrival()
    alarm = heard.until("alarm/journalDamaged", bool)
    lost = heard.counts()
    assert lost["gaps"] == alarm["value"]
    assert 5 <= lost["gaps"] <= 40, lost["holes"]
    assert len(lost["holes"]) == 1 and lost["invalid"] == 0
    assert boot["last_s"] is not None


def test_counters_that_the_flash_forgot_never_let_a_key_be_used_twice(night, broker, heard):
    node, journal = night
    chance = random.Random(47)
    spoil(node.lamp.flash_path, journal.offset, chance.randbytes(BLOCK * COUNTERS))
    broker.start()
    heard.listens()
    node.power_on()
    boot = heard.arrival()
    assert boot["b"] > boot["last_b"]
    assert heard.counts()["gaps"] == 0
    head = ("h", "ts", "tq", "tu")  # may be others when a record is sent again, as after a connection that broke
    said = {}
    for message in heard.numbered():
        body = {name: value for name, value in message.items() if name not in head}
        assert said.setdefault((message["b"], message["s"]), body) == body


def test_a_full_journal_drops_the_oldest_telemetry_counts_it_and_says_so(virtual_post, broker, heard):
    node = virtual_post(fast=True)
    journal = node.board.partition("journal")
    heard.arrival()
    message = heard.until("tele/energy", lambda m: m["imp_mwh"] is not None)
    node.power_off()
    broker.stop()
    fill(node.lamp.flash_path, journal, message)
    node.power_on()
    end = time.monotonic() + 120
    while b"alarm/journalOverflow" not in node.lamp.flash_path.read_bytes():
        assert time.monotonic() < end, "the journal does not overflow"
        time.sleep(0.05)
    node.lamp.part("climate").fault("silence")
    node.console.wait_for("climate: ", 120)
    assert node.lamp.boots == 2
    comes_back(broker, node, heard)
    alarm = heard.until("alarm/journalOverflow", bool, 120)
    assert alarm["severity"] == "major" and alarm["value"] >= 1
    heard.until("alarm/sensorFault-climate", bool, 120)
    heard.until("alarm/journalOverflow", lambda m: m == {}, 120)
    node.power_off()
    counts = heard.counts()
    told = max(m["value"] for m in heard.all("alarm/journalOverflow") if m)
    assert counts["dropped"] == told and counts["gaps"] == 0, counts["holes"]
    assert counts["invalid"] == 0, counts["complaints"]
