"""Measures the journal and LittleFS side by side under MicroPython; prints one JSON object. flash.py starts it."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# (MicroPython's own modules)

import gc
import json
import sys
import time

here = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.insert(0, here + "/../../firmware")

from lamppost.core.clock import Clock  # noqa: E402
from lamppost.core.stamp import Stamp  # noqa: E402
from lamppost.journal.counters import Counters  # noqa: E402
from lamppost.journal.flash import Flash  # noqa: E402
from lamppost.journal.outbox import TELEMETRY, Entry, Outbox  # noqa: E402

try:
    from vfs import VfsLfs2
except ImportError:
    from os import VfsLfs2

RECORD = 220  # bytes of topic suffix and body
TOPIC = b"tele/energy"
BODY = b"x" * (RECORD - len(TOPIC))
AT = Stamp(800000000, True, 3, 0)
COUNT = 1500
SIZES = (256, 1024)  # KiB of the journal's partition, of which the counters have 8 blocks
WAITING = (0, 1000, 4000)


class Ram:
    """Flash in RAM that only counts: what is measured is the journal, not a model of NOR."""

    def __init__(self, blocks):
        self._blocks = blocks
        self._all = memoryview(bytearray(b"\xff" * 4096 * blocks))
        self._erased = b"\xff" * 4096
        self.forget()

    def forget(self):
        self.programmed = self.erases = self.read = 0

    def readblocks(self, block, buf, offset=0):
        at = block * 4096 + offset
        buf[:] = self._all[at : at + len(buf)]
        self.read += len(buf)

    def writeblocks(self, block, buf, offset=0):
        at = block * 4096 + offset
        self._all[at : at + len(buf)] = buf
        self.programmed += len(buf)

    def ioctl(self, code, block):
        if code == 4:
            return self._blocks
        if code == 5:
            return 4096
        if code == 6:
            self._all[block * 4096 : block * 4096 + 4096] = self._erased
            self.erases += 1
        return 0


def journal():
    """Append, send and acknowledge in turn, in the steady state of a connected lamppost."""
    ram = Ram(56)
    outbox = Outbox(Flash(ram))
    outbox.begin(1)
    entry = Entry()
    wire = bytearray(400)
    for _ in range(1000):  # once round the ring
        outbox.append(TELEMETRY, TOPIC, BODY, AT)
        outbox.take(entry)
        outbox.acknowledge(entry)
    ram.forget()
    gc.collect()
    times = [0, 0, 0, 0]
    ticks = time.ticks_us
    for _ in range(COUNT):
        t = ticks()
        outbox.append(TELEMETRY, TOPIC, BODY, AT)
        t1 = ticks()
        outbox.take(entry)
        t2 = ticks()
        outbox.load(entry, wire, 100)
        t3 = ticks()
        outbox.acknowledge(entry)
        t4 = ticks()
        times[0] += t1 - t
        times[1] += t2 - t1
        times[2] += t3 - t2
        times[3] += t4 - t3
    return {
        "programmed": ram.programmed / COUNT,
        "erases": ram.erases / COUNT,
        "us": [total / COUNT for total in times],
    }


class Still(Ram):
    """Flash in RAM that allocates nothing itself, so that only the journal's own allocations are seen."""

    def readblocks(self, block, buf, offset):
        at = block * 4096 + offset
        for i in range(len(buf)):
            buf[i] = self._all[at + i]

    def writeblocks(self, block, buf, offset):
        at = block * 4096 + offset
        for i in range(len(buf)):
            self._all[at + i] = buf[i]


def allocations():
    """Bytes allocated by each call, and what an outbox holds for good."""
    ram = Still(56)
    gc.collect()
    before = gc.mem_alloc()
    outbox = Outbox(Flash(ram))
    outbox.begin(1)
    gc.collect()
    live = gc.mem_alloc() - before
    entry = Entry()
    wire = bytearray(400)
    for _ in range(40):
        outbox.append(TELEMETRY, TOPIC, BODY, AT)
    gc.collect()
    gc.disable()
    calls = (
        ("append", lambda: outbox.append(TELEMETRY, TOPIC, BODY, AT)),
        ("take", lambda: outbox.take(entry)),
        ("load", lambda: outbox.load(entry, wire, 100)),
        ("acknowledge", lambda: outbox.acknowledge(entry)),
    )
    spent = {name: [] for name, _ in calls}
    for _ in range(14):
        for name, call in calls:
            before = gc.mem_alloc()
            call()
            spent[name].append(gc.mem_alloc() - before)
    gc.enable()
    return {
        "live": live,
        "by_call": {name: sorted(values)[len(values) // 2] for name, values in spent.items()},
    }


def opening(blocks, waiting):
    """What a start costs with so many records that wait (or as many as fit), and what counting them costs after it."""
    ram = Ram(blocks)
    outbox = Outbox(Flash(ram))
    outbox.begin(1)
    entry = Entry()
    for _ in range(blocks * 17):  # once round the ring
        outbox.append(TELEMETRY, TOPIC, BODY, AT)
        outbox.take(entry)
        outbox.acknowledge(entry)
    for _ in range(waiting):
        outbox.append(TELEMETRY, TOPIC, BODY, AT)
    opened_us = counted_us = 1 << 30
    for boot in range(2, 7):
        gc.collect()
        ram.forget()
        began = time.ticks_us()
        again = Outbox(Flash(ram))
        again.begin(boot)
        opened_us = min(opened_us, time.ticks_us() - began)
        opened_read = ram.read
        began = time.ticks_us()
        while not again.counted:
            again.count()
        counted_us = min(counted_us, time.ticks_us() - began)
    return {
        "records": again.depth,
        "ms": opened_us / 1000,
        "read": opened_read,
        "count_ms": counted_us / 1000,
        "count_read": ram.read - opened_read,
    }


def checkpoints():
    ram = Ram(8)
    now = [0]
    counters = Counters(Flash(ram), Clock(lambda: now[0], lambda a, b: a - b))
    ram.forget()
    for _ in range(COUNT):
        now[0] += 10000
        counters.imp_mwh += 5
        counters.changed()
        counters.checkpoint()
    return {"programmed": ram.programmed / COUNT, "erases": ram.erases / COUNT}


def littlefs():
    """What most would do: append each record to a file and sync."""
    ram = Ram(64)
    VfsLfs2.mkfs(ram)
    fs = VfsLfs2(ram)
    count = 300
    ram.forget()
    began = time.ticks_us()
    for n in range(count):
        file = fs.open(f"log{n // 60}", "ab")
        file.write(BODY)
        file.write(TOPIC)
        file.close()
    spent = time.ticks_us() - began
    return {"programmed": ram.programmed / count, "erases": ram.erases / count, "us": spent / count}


print(
    json.dumps(
        {
            "journal": journal(),
            "littlefs": littlefs(),
            "checkpoints": checkpoints(),
            "allocations": allocations(),
            "opening": {kib: [opening(kib // 4 - 8, waiting) for waiting in WAITING] for kib in SIZES},
        }
    )
)
