"""Recovers flash images under MicroPython and prints what it finds, a JSON line each; test_cuts.py judges that.

Arguments: a file of images one after the other, blocks of the counters, blocks of the outbox.
"""

import json
import sys

here = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.insert(0, here + "/../../firmware")
sys.path.insert(0, here)

from lamppost.core.clock import Clock  # noqa: E402
from lamppost.journal.counters import Counters  # noqa: E402
from lamppost.journal.flash import Flash  # noqa: E402
from lamppost.journal.outbox import Entry, Outbox  # noqa: E402
from nor import Nor  # noqa: E402


def recover(nor, split):
    """What a lamppost with this flash knows at its start, and delivers."""
    flash = Flash(nor)
    outbox = Outbox(flash.region(split))
    last = outbox.last_committed
    counters = Counters(flash.region(0, split), Clock(lambda: 0, lambda a, b: a - b), True, outbox.newest)
    outbox.begin(counters.boot)
    entry = Entry()
    buf = bytearray(1200)
    delivered = []
    while outbox.take(entry):
        outbox.load(entry, buf, 0)
        middle = entry.topic_len
        topic = bytes(buf[:middle]).decode()
        body = bytes(buf[middle : middle + entry.body_len]).decode()
        stamp = (entry.ts, entry.tq, entry.tu_ms)
        delivered.append((entry.kind, entry.boot, entry.seq, entry.retain) + stamp + (topic, body))  # noqa: RUF005
        outbox.acknowledge(entry)
    c = counters
    state = (c.imp_mwh, c.meter_mwh, c.power_cuts, c.boot, c.burn_s, c.switchings)
    return {
        "last": last,
        "state": state,
        "delivered": delivered,
        "dropped": outbox.dropped,
        "depth": outbox.depth,
    }


split = int(sys.argv[2])
count = split + int(sys.argv[3])
with open(sys.argv[1], "rb") as images:
    while True:
        blocks = [images.read(4096) for _ in range(count)]
        if not blocks[-1]:
            break
        print(json.dumps(recover(Nor(image=blocks), split)))
