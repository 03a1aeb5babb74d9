"""Cuts the power at every flash operation of the scripted day, and looks at what comes back."""

import random
from collections.abc import Callable

import day
import torn
from lamp import COUNTERS, OUTBOX, Lamp
from ledger import ZEROS, Ledger
from nor import Nor, PowerCut

BLOCKS = COUNTERS + OUTBOX


class Tape:
    """One uncut day: the flash operations in order, and what was asked and answered between them."""

    def __init__(self, boots, seed=1, lamp: Callable = Lamp):
        nor = Nor(BLOCKS)
        nor.logging = True
        self.operations = nor.log
        self.steps = []  # (operations done before it, step, argument)
        self.refused = 0
        rng = random.Random(seed)
        for _, scene in zip(range(boots), day.scenes(seed), strict=False):
            one = lamp(nor, lambda step, argument: self.steps.append((len(nor.log), step, argument)))
            one.made = len(nor.log) * 10
            one.begin()
            day.live(one, rng, *scene)
            self.refused += one.refused
        self.image = nor.snapshot()
        self.dropped = one.outbox.dropped
        self.erases = sum(nor.erases)


class Again:
    """Cuts the power once more, at the n-th operation from now, torn at random."""

    def __init__(self, countdown, rng):
        self._countdown = countdown
        self._rng = rng

    def __call__(self, block, offset, data, old):
        self._countdown -= 1
        if self._countdown:
            return None
        kinds = (
            torn.erases(bytes(old), self._rng)
            if data is None
            else torn.programs(old, offset, data, self._rng)
        )
        return self._rng.choice(list(kinds))[1]


def drain(lamp, ledger):
    """Deliver everything to a subscriber; returns the order in which it came."""
    order = []
    while True:
        while len(lamp.flying) < 8:
            taken = lamp.take()
            if taken is None:
                break
            order.append(ledger.check_delivered(*taken))
        if not lamp.flying:
            return order
        lamp.acknowledge()


def judge(image, ledger, rng, again=0, lamp: Callable = Lamp):
    """Power comes back on `image`: recover, deliver all, and write to the ledger what was not kept.

    again -- how many more times the power goes in the middle of that. Returns how often it did.
    """
    nor = Nor(image=image)
    cuts = 0
    while True:
        nor.cut = Again(rng.choice((1, 2, 3, 5, 8, 20, 60)), rng) if cuts < again else None
        try:
            one = lamp(nor, ledger.apply)
            one.begin()
            one.made = 10**6 * (1 + cuts)
            one.event(20)
            order = drain(one, ledger)
            ledger.check_drained(one.outbox, order)
            return cuts
        except PowerCut:
            cuts += 1
            nor = Nor(image=nor.image)
        except Exception as error:  # whatever it is: a lamppost that does not come back needs a visit
            ledger.note("lost", f"did not come back: {error!r}")
            return cuts


def cuts(tape, first, last, every=1):
    """Yield (name, image, ledger, rng) for cuts at operations first <= k < last, each in all the ways of torn.py.

    every -- only each n-th of them. The ledger is a copy with what was promised up to the cut.
    """
    image = [b"\xff" * 4096] * BLOCKS
    ledger = Ledger()
    steps = iter(tape.steps)
    step = next(steps)
    case = 0
    for k, (block, offset, data) in enumerate(tape.operations[:last]):
        while step is not None and step[0] <= k:
            ledger.apply(step[1], step[2])
            step = next(steps, None)
        old = image[block]
        if k >= first:
            rng = random.Random(k)
            kinds = torn.erases(old, rng) if data is None else torn.programs(old, offset, data, rng)
            for name, left in kinds:
                case += 1
                if case % every == 0:
                    after = image[:block] + [left] + image[block + 1 :]
                    yield f"operation {k}, {name}", after, ledger.clone(), rng
        image[block] = b"\xff" * 4096 if data is None else old[:offset] + data + old[offset + len(data) :]


def sweep(tape, first, last, every=1, lamp: Callable = Lamp):
    """Cut and judge. Returns {"cuts", "lost", "corrupt", "backwards", "repeated", "notes"}."""
    result = {"cuts": 0, "repeated": 0, **ZEROS, "notes": []}
    for name, image, ledger, rng in cuts(tape, first, last, every):
        again = rng.randrange(1, 4) if rng.random() < 0.3 else 0
        result["cuts"] += 1 + judge(image, ledger, rng, again, lamp)
        for verdict in ("repeated", *ZEROS):
            result[verdict] += getattr(ledger, verdict)
        for note in ledger.notes[: 20 - len(result["notes"])]:
            result["notes"].append(f"{name}: {note}")
    return result
