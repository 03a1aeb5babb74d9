"""Weeks of a simulated street, written into a store without a broker: something to try reports on.

The lampposts are invented, and their site is called `simulated`. Every 97th was silent for two days, some windows are
estimated or incomplete, two of five lampposts are on circuits that are switched off by day, and some bays are at times
unknown: what a city's reports must tell apart.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from ..contract import ROOT
from ..store.messages import Message, Record
from ..store.target import Target
from .simulated_street import SITE

WINDOW = timedelta(minutes=15)
FULL_W, STANDBY_W = 38.0, 0.6
BATCH = 10_000
NOTE_EVERY = 100_000
AIR_EVERY, BAYS_EVERY, BAYS, SILENT_EVERY = 20, 5, 2, 97  # of so many lampposts, one has it
_PLACE = (38.7223, -9.1393)
_BUSY = (2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 9, 8, 8, 9, 9, 9, 10, 9, 7, 6, 5, 4, 3)  # arrivals by hour, relative


def write(target: Target, nodes: int, first: date, days: int, note: Callable[[int], None] = lambda _: None,
          seed: int = 1) -> int:  # fmt: skip
    """Records written; note -- takes their number now and then."""
    count = 0
    batch: list[Any] = []
    for number in range(1, nodes + 1):
        for one in Lamppost(number, first, days, seed).heard():
            batch.append(one)
            if len(batch) >= BATCH:
                before = count
                count += target.commit(batch).records
                batch = []
                if count // NOTE_EVERY > before // NOTE_EVERY:
                    note(count)
    return count + target.commit(batch).records


class Lamppost:
    def __init__(self, number: int, first: date, days: int, seed: int) -> None:
        self.node = f"lp-{number:04}"
        self._chance = random.Random(f"{seed} {number}")
        self._number = number
        self._begin = datetime.combine(first, time())
        self._days = days
        self._switched = number % 2 == 0 and number % BAYS_EVERY != 0 and number % AIR_EVERY != 0
        self._watts = FULL_W * self._chance.uniform(0.95, 1.05)
        self._register = self._chance.randrange(10**8, 10**9)
        self._b, self._s, self._last = 0, 0, (None, None)
        silent = self._chance.randrange(max(1, days - 2)) if number % SILENT_EVERY == 0 else None
        self._silent = None if silent is None else self._begin + timedelta(days=silent)

    def heard(self) -> Iterator[Record | Message]:
        """Its messages without those of the days on which it was silent; they are lost."""
        for one in self.messages():
            lost = self._silent and self._silent <= one.received < self._silent + timedelta(days=2)
            if not lost:
                yield one

    def messages(self) -> Iterator[Record | Message]:
        """In the order in which they are measured."""
        end = self._begin + timedelta(days=self._days)
        yield self._unnumbered("info", self._begin, self._info())
        yield self._unnumbered("state", self._begin, {"state": "online", "reason": ""})
        bays = [
            _bay_changes(self._chance, self._begin, end)
            for _ in range(BAYS if self._number % BAYS_EVERY == 0 else 0)
        ]  # fmt: skip
        changes = sorted((at, number, state) for number, bay in enumerate(bays, 1) for at, state in bay)
        states = {number: (changes_of[0][1], self._begin) for number, changes_of in enumerate(bays, 1)}
        on, moment, waiting = False, self._begin, 0
        while moment < end:
            moment += WINDOW
            powered = not self._switched or is_night(moment - WINDOW)
            while waiting < len(changes) and changes[waiting][0] <= moment:
                at, bay, state = changes[waiting]
                waiting += 1
                states[bay] = (state, at)
                if powered and on:
                    yield self._parking(at, bay, *states[bay])
            if not powered:
                on = False
                continue
            if not on:
                yield self._boot(moment - WINDOW + timedelta(seconds=5))
            yield self._energy(moment, whole=on)
            if self._number % AIR_EVERY == 0:
                yield from self._air(moment)
            if moment.minute == 0:
                for bay, (state, since) in states.items():
                    yield self._parking(moment, bay, state, since)
            if self._chance.random() < 0.0001:
                yield from self._alarm(moment)
            on = True

    # -- what it measures

    def _boot(self, at: datetime) -> Record:
        last, self._b, self._s = self._last, self._b + 1, 0
        return self._numbered("evt/boot", "evt_boot", "", at, {
            "last_b": last[0], "last_s": last[1], "power_cuts": self._b - 1, "reset": "power-on", "slot": "a",
            "build": "simulated",
        })  # fmt: skip

    def _energy(self, end: datetime, whole: bool) -> Record:
        level = light_level(end - WINDOW)
        watts = (self._watts * level if level else STANDBY_W) * self._chance.uniform(0.98, 1.02)
        used = round(watts * 250)  # mWh in a quarter of an hour
        self._register += used
        letter = "G" if not whole else "E" if self._chance.random() < 0.002 else "V"
        volts = 229_000 + self._chance.randrange(3000)
        values = {
            "u_mv": volts, "i_ma": round(watts * 1e6 / volts), "p_mean_mw": round(watts * 1000),
            "p_max_mw": round(watts * 1010), "pf": 0.97, "f_mhz": 50_000, "imp_mwh": self._register, "e_mwh": used,
        }  # fmt: skip
        letters = {**dict.fromkeys(values, "V"), "e_mwh": letter}
        body = {"window_s": 900, "part": "meter", "mid": False, **values, "q": letters}
        return self._numbered("tele/energy", "tele_energy", "", end, body)

    def _air(self, moment: datetime) -> Iterator[Record]:
        """Windows of ten minutes: two end in each odd quarter of an hour, one in each even one."""
        minutes = {15: (10,), 30: (20, 30), 45: (40,), 0: (50, 60)}[moment.minute]
        hour = (moment - timedelta(minutes=1)).replace(minute=0)
        for end in (hour + timedelta(minutes=one) for one in minutes):
            day = end.timestamp() / 86400
            fine = 9 + 5 * math.sin(day * 1.3) + 4 * math.cos((end.hour - 20) / 24 * 2 * math.pi)
            fine = round(max(1.0, fine * self._chance.uniform(0.8, 1.3)), 1)
            humid = round(70 + 18 * math.cos((end.hour - 5) / 24 * 2 * math.pi), 1)
            values: dict[str, float | None] = {
                "pm1": round(fine * 0.7, 1), "pm2_5": fine, "pm4": round(fine * 1.2, 1), "pm10": round(fine * 1.6, 1),
                "t": round(14 + 5 * math.cos((end.hour - 15) / 24 * 2 * math.pi), 1), "rh": humid, "p": 1013.2,
            }  # fmt: skip
            letter = "R" if humid > 87 else "V"
            letters = {name: letter if name.startswith("pm") else "V" for name in values}
            if self._chance.random() < 0.02:
                for name in ("pm1", "pm2_5", "pm4", "pm10"):
                    values[name], letters[name] = None, "U"
            worst = 1 + sum(fine > bound for bound in (5, 15, 50, 90, 140))
            aqi = {"table": "EAQI-2024", "index": worst, "of": ["pm10", "pm2_5"], "partial": True}
            body = {"window_s": 600, "capture": 100, "aqi": aqi, **values, "q": letters}
            yield self._numbered("tele/air", "tele_air", "", end, body)

    def _parking(self, at: datetime, bay: int, state: str, since: datetime) -> Record:
        known = state in ("free", "occupied")
        body = {
            "state": state, "confidence": 97 if known else None, "since": _text(since), "evidence": "distance",
            "d_mm": {"free": 3200, "occupied": 1500}.get(state), "strength": 900 if known else None,
        }  # fmt: skip
        body["q"] = dict.fromkeys(("confidence", "d_mm", "strength"), "V" if known else "U")
        return self._numbered(f"tele/parking/{bay}", "tele_parking", str(bay), at, body)

    def _alarm(self, at: datetime) -> Iterator[Record | Message]:
        code = "sensorFault-meter"
        body = {"since": _text(at), "severity": "minor", "value": None, "evidence": "silent"}
        yield self._numbered(f"alarm/{code}", "alarm", code, at, body)
        yield Message(SITE, self.node, f"{ROOT}/{SITE}/{self.node}/alarm/{code}", "alarm", code,
                      at + timedelta(hours=1), None)  # fmt: skip

    def _info(self) -> dict[str, Any]:
        latitude, longitude = _PLACE
        place = {"lat": latitude + self._number // 40 * 0.0006, "lon": longitude + self._number % 40 * 0.0004}
        return {
            "firmware": "simulated", "build": "simulated", "board": "simulated", "chip": "simulated", "units": {},
            "parts": [{"id": "meter", "part": "pzem004t"}], "asset": f"SIM-{self._number:06}", "config": None,
            "location": {name: round(value, 6) for name, value in place.items()},
            "schema": {"config": 1, "messages": 1},
        }  # fmt: skip

    # -- its messages

    def _numbered(self, suffix: str, kind: str, parameter: str, at: datetime, body: dict[str, Any]) -> Record:
        head = {"v": 1, "b": self._b, "s": self._s, "ts": _text(at), "tq": 3, "h": 0}
        made = Record(
            SITE, self.node, self._b, self._s, f"{ROOT}/{SITE}/{self.node}/{suffix}", kind, parameter, at, 3, None, 0,
            at + timedelta(seconds=2), False, json.dumps({**head, **body}, separators=(",", ":")),
        )  # fmt: skip
        self._last = (self._b, self._s)
        self._s += 1
        return made

    def _unnumbered(self, kind: str, at: datetime, body: dict[str, Any]) -> Message:
        head = {"v": 1, "b": 1, "s": None, "ts": _text(at), "tq": 3, "h": 0}
        text = json.dumps({**head, **body}, separators=(",", ":"))
        return Message(SITE, self.node, f"{ROOT}/{SITE}/{self.node}/{kind}", kind, "", at, text)


def is_night(moment: datetime) -> bool:
    """About the dark hours of Lisbon in November: a simulated circuit keeps no better time."""
    return not time(7, 15) <= moment.time() < time(17, 15)


def light_level(moment: datetime) -> float:
    """0 to 1: dimmed to a half from 23:00 to 05:00."""
    if not is_night(moment):
        return 0.0
    return 0.5 if moment.hour >= 23 or moment.hour < 5 else 1.0


def _bay_changes(chance: random.Random, begin: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """[(UTC, state)] of a bay."""
    changes = [(begin, "free")]
    moment = begin
    while True:
        rate = _BUSY[moment.hour] / 10
        moment += timedelta(seconds=round(chance.expovariate(rate / 5400)))
        if moment >= end:
            return changes
        changes.append((moment, "occupied"))
        moment += timedelta(seconds=round(chance.lognormvariate(7.6, 0.9)))
        if chance.random() < 0.01:
            changes.append((min(moment, end), "unknown"))
            moment += timedelta(hours=chance.uniform(0.5, 3))
        if moment >= end:
            return changes
        moment = moment.replace(microsecond=0)
        changes.append((moment, "free"))


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
