"""`make nights`: ten virtual years of nights of the node's own lamp control, with power cuts, resets and faults.

Each minute the lamp of a lamppost is compared with the sun, worked out another way (sun_truth.py). Counted are minutes
in which the lamp was dark although light was due, whatever had failed, and minutes in which it burned by day although
nothing had failed. A minute within TOLERANCE_S of sunset or sunrise is not judged; hours without power are not either.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
from bisect import bisect_right
from typing import Any

from lamplighter import paths

paths.importable()

from lamppost.core.calendar import days, rfc3339  # noqa: E402
from lamppost.core.clock import NTP, Clock  # noqa: E402
from lamppost.lamp.control import Control  # noqa: E402
from lamppost.lamp.dimming import Dimmer  # noqa: E402
from lamppost.lamp.output import Output  # noqa: E402
from sun_truth import DAY, crossings, height  # noqa: E402

PLACES = {
    "london": (51.5074, -0.1278, "GMT0BST,M3.5.0/1,M10.5.0"),
    "lisbon": (38.7223, -9.1393, "WET0WEST,M3.5.0/1,M10.5.0"),
    "milan": (45.4642, 9.19, "CET-1CEST,M3.5.0,M10.5.0/3"),
}
TOLERANCE_S = 60
# without time, and with a clock that is hours off, the light sensor decides: it sees 20 lx when the sun is 1.5 degrees
# below the horizon
SENSOR_S = 480
YEAR = 365 * DAY
# faults, and for how many minutes each lasts at most; a clock that is hours off needs the light sensor to be noticed
FAULTS = {"no time": 14 * 1440, "clock a year off": 1440, "clock 12 h off": 720, "sensor silent": 10 * 1440,
          "sensor sees light": 3 * 1440, "sensor sees dark": 3 * 1440}  # fmt: skip


class Sensor:
    night: bool | None = None


class Counters:
    """What a lamp remembers over its boots."""

    def __init__(self) -> None:
        self.burn_s = self.switchings = 0
        self.notes: dict[str, bytes] = {}

    def kept(self, name: str) -> bytes | None:
        return self.notes.get(name)

    def keep(self, name: str, data: bytes, now: bool = False) -> None:
        self.notes[name] = data


class Lamp:
    """One lamppost over the years; has_sensor -- it has a light sensor as well."""

    def __init__(self, place: str, seed: int, has_sensor: bool) -> None:
        self.lat, self.lon, self.zone = PLACES[place]
        self.random = random.Random(seed)
        self.sensor = Sensor() if has_sensor else None
        self.counters = Counters()
        self.ticks = 0
        self.faults: dict[str, int] = {}  # name: minutes that it still lasts
        self.boot()

    def boot(self) -> None:
        self.clock = Clock(lambda: self.ticks, lambda late, early: late - early)
        options = {"zone": self.zone}
        self.dimmer = Dimmer(Output(), options, self.clock)
        place = {"lat": self.lat, "lon": self.lon}
        self.control = Control(options, place, self.clock, self.dimmer, self.counters, self.sensor)
        self.since_boot = 0

    def minute(self, utc_s: int) -> None:
        """Live a minute that ends at utc_s."""
        self._begin_and_end_faults(utc_s)
        if self.since_boot == 0 and "no time" not in self.faults:
            self.set_clock(utc_s - 50)
        if self.sensor:
            self.sensor.night = self._seen(utc_s)
        self.ticks += 55000
        for _ in range(2):  # the second after the ramp
            self.control.poll()
            self.dimmer.step()
            self.ticks += 2500
        self.dimmer.step()
        self.since_boot += 1

    def set_clock(self, utc_s: int) -> None:
        off = YEAR if "clock a year off" in self.faults else DAY // 2 if "clock 12 h off" in self.faults else 0
        self.clock.set_utc(utc_s + off, 0, NTP, 20)

    def _begin_and_end_faults(self, utc_s: int) -> None:
        for name in list(self.faults):
            self.faults[name] -= 1
            if not self.faults[name]:
                del self.faults[name]
                if not name.startswith("sensor"):
                    self.set_clock(utc_s - 60)
        if self.random.random() < 1 / (4 * 1440):
            names = [name for name in FAULTS if self.sensor or not name.startswith(("sensor", "clock 12"))]
            name = self.random.choice(names)
            if not self.faults:
                self.faults[name] = self.random.randint(10, FAULTS[name])
                if name.startswith("clock"):
                    self.set_clock(utc_s - 60)
                elif name == "no time":
                    self.boot()
        elif self.random.random() < 1 / (5 * 1440):
            self.boot()  # a reset

    def _seen(self, utc_s: int) -> bool | None:
        if "sensor silent" in self.faults:
            return None
        if "sensor sees light" in self.faults or "sensor sees dark" in self.faults:
            return "sensor sees dark" in self.faults
        return height(utc_s, self.lat, self.lon) < -1.5  # 20 lx on a clear evening


def lived(task: tuple[str, int, bool, int, int]) -> dict[str, Any]:
    """The minutes of one lamp: place, seed, with a light sensor, first day (since 2000), days."""
    place, seed, has_sensor, first, count = task
    lamp = Lamp(place, seed, has_sensor)
    edges = crossings(first - 1, count + 2, lamp.lat, lamp.lon)
    at = [edge for edge, _ in edges]
    total = dict.fromkeys(("minutes", "dark", "day_burning", "day_burning_by_fault", "cuts", "faulty"), 0)
    notes: list[str] = []  # of minutes that should not be
    off_until = 0
    for utc_s in range(first * DAY + 60, (first + count) * DAY, 60):
        if utc_s < off_until:
            lamp.ticks += 60000
            continue
        if off_until:
            off_until = 0
            lamp.boot()
        elif lamp.random.random() < 1 / (2 * 1440):
            off_until = utc_s + 60 * lamp.random.randint(1, 600)
            total["cuts"] += 1
            continue
        lamp.minute(utc_s)
        index = bisect_right(at, utc_s)
        # a clock that is a year off is off by a part of a day's change of the sun as well
        near = TOLERANCE_S * (3 if "clock a year off" in lamp.faults else 1)
        if lamp.sensor and (lamp.clock.utc_s() is None or "clock 12 h off" in lamp.faults):
            near = SENSOR_S
        if utc_s - at[index - 1] <= near or at[index] - utc_s <= near:
            continue
        due = edges[index - 1][1]
        total["minutes"] += 1
        total["faulty"] += bool(lamp.faults)
        if due and not lamp.dimmer.level:
            total["dark"] += 1
            notes.append(f"{place} {rfc3339(utc_s)} dark: {lamp.control.why}, {', '.join(lamp.faults) or 'no fault'}, "
                         f"sun {height(utc_s, lamp.lat, lamp.lon):.1f} degrees")  # fmt: skip
        elif not due and lamp.dimmer.level:
            # clock and sensor agree again for ten minutes before the clock is believed once more
            total["day_burning_by_fault" if lamp.faults or lamp.control.doubted else "day_burning"] += 1
    return {**total, "notes": notes}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    first = days(2026, 1, 1)
    tasks = [
        (list(PLACES)[year % 3], 1000 + year, bool(year % 2), first + 365 * year, 365) for year in range(options.years)
    ]
    total: dict[str, Any] = {"notes": []}
    with multiprocessing.Pool(os.cpu_count() or 1) as pool:
        for part in pool.imap_unordered(lived, tasks):
            for name, value in part.items():
                total[name] = total.get(name, 0) + value
    total |= {"years": options.years, "seconds": round(time.monotonic() - began, 1)}
    good = not total["dark"] and not total["day_burning"]
    if options.json:
        print(json.dumps({**total, "ok": good}))
        return not good
    print(
        f"{options.years} years, {total['minutes']:,} minutes judged, {total['cuts']} power cuts, "
        f"{total['faulty']:,} minutes with a fault, {total['seconds']:.0f} s"
    )
    for note in total["notes"][:20]:
        print(note)
    print(f"nights: {total['dark']} minutes dark when light was due")
    caused = f"{total['day_burning_by_fault']:,} by one"
    print(f"nights: {total['day_burning']} minutes of day burning without a fault, {caused}")
    return not good


if __name__ == "__main__":
    sys.exit(main())
