"""Runs under MicroPython: the node's own parking sensing, fed with the rows of a trace; one JSON line a change."""

import json
import sys

from node_rows import MISSING, each

WEAK, BLINDED = 100, 65535  # strengths between which a lidar gives a distance
HOLE_MS = 300000  # how long a node waits for readings that do not come


def main(folder, rows, facts):
    sys.path.insert(0, folder)
    from lamppost.core.clock import Clock
    from lamppost.core.faults import SensorFault
    from lamppost.sensing.parking.bay import ParkingBay

    with open(facts) as file:
        facts = json.load(file)
    columns = facts["columns"]
    now = [0]
    clock = Clock(lambda: now[0], lambda late, early: late - early)
    bay = ParkingBay(facts["options"], clock, Notes(facts.get("kept")))
    dark, silent = SensorFault("signal"), SensorFault("silent")

    def place(name):
        return columns.index(name) + 1 if name in columns else 0

    feeds = []
    at = place("range_mm")
    if at:
        feeds.append(ranged(at, place("strength"), dark, silent, *bay.of(("d_mm", "strength"))))
    if place("mag_x_ut"):
        feeds.append(felt(place("mag_x_ut"), silent, *bay.of(("mag_x_ut",))))
    if place("presence"):
        feeds.append(seen(place("presence"), silent, *bay.of(("presence",))))

    state = None
    for block, start in each(rows, len(columns) + 1):
        if block[start] - now[0] > HOLE_MS:
            now[0] += HOLE_MS
            for feed in feeds:
                feed(None, 0)
            state = tell(bay, now[0], state)
        now[0] = block[start]
        for feed in feeds:
            feed(block, start)
        state = tell(bay, now[0], state)


class Notes:
    """The stored baseline: (distance, field) of the empty bay, as in calibration_store.py."""

    def __init__(self, kept):
        self._kept = kept

    def kept(self, name):
        if not self._kept:
            return None
        from lamppost.sensing.parking.calibration_store import pack

        mm, field = self._kept
        return pack(mm or 0, field)

    def keep(self, name, data):
        pass


def ranged(at, strong, dark, silent, take, miss):
    reading = {"d_mm": 0, "strength": None}

    def feed(row, start):
        d_mm = row[start + at] if row else MISSING
        strength = row[start + strong] if row and strong else MISSING
        # as drivers have it: 0 is no echo, 65535 and its neighbours are codes, and so is that strength
        if 0 < d_mm < 60000 and strength != 65535:
            reading["d_mm"] = d_mm
            reading["strength"] = None if strength == MISSING else strength
            take(reading)
        else:
            # a code in place of the distance, or a strength that is too weak, says that the part sees nothing
            unheard = d_mm == MISSING and (strength == MISSING or WEAK <= strength < BLINDED)
            miss(silent if unheard else dark)

    return feed


def felt(at, silent, take, miss):
    reading = {}

    def feed(row, start):
        if not row or MISSING in (row[start + at], row[start + at + 1], row[start + at + 2]):
            miss(silent)
            return
        reading["mag_x_ut"], reading["mag_y_ut"], reading["mag_z_ut"] = row[start + at : start + at + 3]
        take(reading)

    return feed


def seen(at, silent, take, miss):
    def feed(row, start):
        if not row or row[start + at] == MISSING:
            miss(silent)
        else:
            take({"presence": row[start + at]})

    return feed


def tell(bay, now, state):
    """Print what the bay has to say if its state is another one than `state`; returns the state told last."""
    if bay.state == state:
        return state
    news = bay.poll()
    if not news:
        return state
    told = json.loads("{" + news[1].decode())
    print(json.dumps([now, told["state"], told["confidence"], told["evidence"]]))
    return told["state"]


main(*sys.argv[1:])
