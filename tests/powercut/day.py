"""The scripted day: boots, telemetry, alarms, acknowledgements, an outage that overflows the journal, checkpoints."""

import random


def live(lamp, rng, records, online, known, storm=0.0):
    """One boot of a lamppost: evt/boot, then `records` records.

    online -- share of them that are acknowledged; known -- after so many the time is known
    storm -- share that are alarms and their ends, beside the usual tenth
    """
    lamp.event(20)
    for n in range(records):
        if n == known:
            lamp.anchor(800000000 + rng.randrange(1000), *rng.choice(((3, 20), (2, 1500), (1, 60000))))
        if n == known + 40 and lamp.clock.tq < 3:
            lamp.anchor(800000000 + rng.randrange(1000), 3, 15)
        dice = rng.random()
        if rng.random() < storm:
            lamp.alarm() if dice < 0.7 else lamp.clear()
        elif dice < 0.05:
            lamp.alarm()
        elif dice < 0.09:
            lamp.clear()
        elif dice < 0.16:
            lamp.event(rng.randrange(200))
        else:
            lamp.telemetry(rng.choice((40, 90, 130, 220, 220, 300, 520)))
        if n % 3 == 0:
            lamp.consume(rng.randrange(1, 90000))
        if rng.random() < online:
            while len(lamp.flying) < rng.randrange(16) and lamp.take():
                pass
            for _ in range(rng.randrange(len(lamp.flying) + 1)):
                lamp.acknowledge(0 if rng.random() < 0.8 else rng.randrange(len(lamp.flying)))
            if rng.random() < 0.05:
                lamp.rewind()


def scenes(seed):
    """What live() gets for each boot of the day."""
    rng = random.Random(seed)
    yield 60, 0.9, 8
    yield 5, 0.0, 99
    yield 240, 0.02, 30
    yield 1, 0.0, 99
    yield 130, 0.6, 5
    yield 90, 0.0, 99
    yield 170, 0.0, 60, 0.9  # more alarms than the journal takes
    yield 120, 1.0, 3
    while True:
        yield rng.randrange(1, 160), rng.choice((0.0, 0.3, 0.7, 1.0)), rng.randrange(200)
