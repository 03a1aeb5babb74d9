"""A short form of `make powercut`, and some of its cuts recovered by real MicroPython."""

import json
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import sweep
from lamp import COUNTERS, OUTBOX
from ledger import ZEROS

HERE = Path(__file__).parent
MICROPYTHON = Path(sys.executable).parent / "micropython"

Delivered = namedtuple("Delivered", "kind boot seq retain ts tq tu_ms topic body")
Figures = namedtuple("Figures", "dropped depth")


def test_no_cut_of_a_scripted_day_loses_garbles_or_turns_back_anything():
    tape = sweep.Tape(8)
    result = sweep.sweep(tape, 0, len(tape.operations), every=9)
    assert {name: result[name] for name in ZEROS} == ZEROS, result["notes"]
    assert result["cuts"] >= 2000
    assert tape.dropped > 0 and tape.refused > 0, "the day must overflow the journal, with alarms too"


def test_micropython_recovers_from_the_same_cuts_what_was_promised(tmp_path):
    tape = sweep.Tape(8)
    cuts = list(sweep.cuts(tape, 0, len(tape.operations), every=101))
    assert len(cuts) >= 150
    images = tmp_path / "images"
    images.write_bytes(b"".join(b"".join(image) for _, image, _, _ in cuts))
    done = subprocess.run(
        [MICROPYTHON, HERE / "on_micropython.py", images, str(COUNTERS), str(OUTBOX)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for (name, _, ledger, _), line in zip(cuts, done.stdout.splitlines(), strict=True):
        found = json.loads(line)
        ledger.apply("started", (found["last"] and tuple(found["last"]), tuple(found["state"])))
        order = []
        for row in found["delivered"]:
            entry = Delivered(*row)
            order.append(ledger.check_delivered(entry, entry.topic.encode(), entry.body.encode()))
            key = ledger.key(entry.kind, entry.boot, entry.seq, entry.topic.encode())
            ledger.apply("acknowledge", key)
            ledger.apply("acknowledged", key)
        ledger.check_drained(Figures(found["dropped"], found["depth"]), order)
        assert {zero: getattr(ledger, zero) for zero in ZEROS} == ZEROS, (name, ledger.notes)
