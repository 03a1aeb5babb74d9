"""Generated lamp-nights, noon to noon: healthy lamps that age, supplies that dip, and faults that are put in.

The node's own diagnosis sees what its meter would show. Each night follows from its number alone.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from lamplighter import paths

paths.importable()
from lamppost.lamp.diagnosis import (  # noqa: E402
    CYCLING,
    DIMMING,
    FACTOR,
    HIGH,
    HOT,
    LAMP,
    LOW,
    RELAY,
    SUPPLY_HIGH,
    SUPPLY_LOW,
    UNEXPECTED,
    Diagnosis,
)

STEP_S = 20
NIGHT_S = 86400
BASE_W = 2.0
POINTS = (10, 25, 50, 75, 100)
# injected fault: the alarm that must find it
FAULTS = {
    "dark": LAMP, "welded": RELAY, "lit by day": UNEXPECTED, "cycling": CYCLING, "strings lost": LOW,
    "overdriven": HIGH, "capacitor": FACTOR, "stuck bright": DIMMING, "stuck dim": DIMMING, "undervoltage": SUPPLY_LOW,
    "overvoltage": SUPPLY_HIGH, "hot": HOT,
}  # fmt: skip


@dataclass
class Lamp:
    """One luminaire, its programme and its circuit, as dice make them."""

    dice: random.Random
    watts: float = 0.0
    relay: bool = True  # level 0 cuts the supply of the gear
    switched: bool = False  # the circuit has power at night only
    discharge: bool = False  # warms up for minutes, and after each dip again
    dims: bool = True
    dim: int = 500
    sunset_s: int = 0
    sunrise_s: int = 0
    late_s: int = 0
    early_s: int = 0
    factors: dict[str, float] = field(default_factory=dict)

    def __post_init__(self):
        dice = self.dice
        self.watts = dice.choice((28, 40, 57, 75, 86, 110, 150))
        self.relay = dice.random() < 0.7
        self.switched = dice.random() < 0.3
        self.discharge = dice.random() < 0.1
        self.dims = not self.discharge
        self.dim = dice.choice((300, 500, 500, 700))
        length_s = dice.randint(8 * 3600, 15 * 3600)
        self.sunset_s = 12 * 3600 - length_s // 2
        self.sunrise_s = self.sunset_s + length_s
        self.late_s = max(self.sunset_s + 3600, 11 * 3600 - dice.randint(0, 3) * 1800)
        self.early_s = min(self.sunrise_s - 1800, 17 * 3600 + dice.randint(0, 3) * 1800)
        self.factors = {
            "piece": dice.gauss(1, 0.02), "age": dice.uniform(0.95, 1.06), "bend": dice.uniform(0.95, 1.15),
            "full_pf": dice.uniform(0.88, 0.98), "dim_pf": dice.uniform(0.72, 0.9),
        }  # fmt: skip

    @property
    def options(self) -> dict:
        """`lamp` of its configuration; the five points were measured on one luminaire of the type."""
        curve = [[level, BASE_W + self.watts * typical(level / 100, 1.05)] for level in POINTS]
        return {"watts": curve, "nominal_v": 230, **({"warm_up_s": 900} if self.discharge else {})}

    def scheduled(self, at_s: int) -> int:
        if not self.sunset_s <= at_s < self.sunrise_s:
            return 0
        return self.dim if self.dims and self.late_s <= at_s < self.early_s else 1000


def typical(light: float, bend: float) -> float:
    """Share of the power at a share of the light."""
    return 0.05 + 0.95 * light**bend


class Supply:
    """The mains of one night: slow swings, dips, a brown-out, an interruption."""

    def __init__(self, dice: random.Random, lamp: Lamp):
        self._dice = dice
        self._lamp = lamp
        self._offset = dice.gauss(0, 0.015)
        self._phase = dice.uniform(0, 6.28)
        self.dips = [
            (dice.uniform(0, NIGHT_S), dice.choice((0.2, 0.5, 3, 20, 60)), dice.uniform(0.1, 0.9))
            for _ in range(dice.choices((0, 1, 2, 5), (60, 25, 10, 5))[0])
        ]
        self.brown = dice.uniform(0, NIGHT_S) if dice.random() < 0.05 else None
        self.gone = (dice.uniform(0, NIGHT_S), dice.choice((2, 30, 600, 3600))) if dice.random() < 0.1 else None
        self.factor = 1.0  # of an injected fault

    def volts(self, at_s: float) -> float:
        if self.gone and self.gone[0] <= at_s < sum(self.gone):
            return 0.0
        if self._lamp.switched and not self._lamp.sunset_s - 600 <= at_s < self._lamp.sunrise_s + 600:
            return 0.0
        share = 1 + self._offset + 0.02 * math.sin(at_s / 7000 + self._phase) + self._dice.gauss(0, 0.002)
        if self.brown is not None and self.brown <= at_s < self.brown + 900:
            share -= 0.08
        for begin, lasts_s, left in self.dips:
            if begin <= at_s < begin + lasts_s:
                share *= left
        return 230 * share * self.factor

    def dipped(self, since_s: float, until_s: float) -> bool:
        """The lamp went out between two moments, whether or not a reading saw it."""
        gone = [self.gone] if self.gone else []
        short = [(begin, lasts_s) for begin, lasts_s, left in self.dips if left < 0.7]
        return any(begin < until_s and begin + lasts_s > since_s for begin, lasts_s in gone + short)


class Night:
    """fault -- a name of FAULTS, "" for a healthy night; run() returns {code: second at which it was raised}."""

    def __init__(self, number: int, fault: str = ""):
        dice = self._dice = random.Random(f"{number} {fault}")
        self.lamp = lamp = Lamp(dice)
        if fault in ("stuck bright", "stuck dim"):
            lamp.dims, lamp.discharge = True, False
        if fault in ("welded", "lit by day"):
            lamp.switched = False
        if fault == "welded":
            lamp.relay = True
        if fault in ("undervoltage", "overvoltage"):
            lamp.switched = False
        self.fault = fault
        self.begins_s = self._begin()
        self.supply = Supply(dice, lamp)
        # an override: full light for an hour, at night or by day
        self.override_s = dice.uniform(0, NIGHT_S - 3600) if dice.random() < 0.05 else None
        self._warm_s = 0.0  # how long a discharge lamp has burned
        self._dark_until_s = 0.0
        self._cold = dice.uniform(-0.02, 0.02)

    def _begin(self) -> float:
        """When the fault begins: so that there is a while in which it can be seen."""
        lamp, dice = self.lamp, self._dice
        if self.fault == "lit by day":
            return dice.choice((dice.uniform(600, lamp.sunset_s - 2400), lamp.sunrise_s + dice.uniform(600, 3600)))
        if self.fault == "welded":
            return dice.uniform(0, lamp.sunrise_s)
        if self.fault in ("stuck bright", "stuck dim"):
            return dice.uniform(0, lamp.late_s - 600)
        return dice.uniform(0, lamp.sunrise_s - 3 * 3600)

    def _faulty(self, at_s: float) -> bool:
        return bool(self.fault) and at_s >= self.begins_s

    def told(self, at_s: int) -> tuple[int, bool]:
        """(permille that the node tells the lamp, it is off by the programme in daylight)."""
        lamp = self.lamp
        level = lamp.scheduled(at_s)
        by_day = level == 0
        if self.override_s is not None and self.override_s <= at_s < self.override_s + 3600:
            return 1000, False
        return level, by_day

    def power(self, at_s: int, level: int, volts: float) -> tuple[float, float]:
        """(W at the meter, power factor)."""
        lamp, dice, faulty = self.lamp, self._dice, self._faulty(at_s)
        light = level
        powered = level > 0 or not lamp.relay
        if faulty and self.fault == "welded":
            powered = True
            light = level or 1000  # gear without a dimming signal
        if faulty and self.fault == "lit by day" and level == 0:
            powered, light = True, 1000
        if faulty and self.fault == "stuck bright" and level:
            light = 1000
        if faulty and self.fault == "stuck dim" and level:
            light = lamp.dim
        if faulty and self.fault == "dark":
            light = 0
        if faulty and self.fault == "cycling" and (at_s - self.begins_s) % 480 > 300:
            light = 0
        if self.supply.dipped(at_s - STEP_S, at_s):
            self._warm_s = 0.0
            if lamp.discharge:
                self._dark_until_s = at_s + dice.uniform(120, 480)
        if volts < 160 or (lamp.discharge and at_s < self._dark_until_s):
            light = 0
        if not powered or not light:
            self._warm_s = 0.0
            return BASE_W + (0.4 if powered else 0.0) + dice.gauss(0, 0.05), 0.35
        self._warm_s += STEP_S
        factors = lamp.factors
        watts = lamp.watts * factors["piece"] * factors["age"] * (1 + self._cold)
        watts *= typical(light / 1000, factors["bend"])
        if lamp.discharge:
            watts *= min(1.0, 0.5 + self._warm_s / 800)
        else:
            watts *= 1 + 0.04 * math.exp(-self._warm_s / 600)
        if faulty and self.fault == "strings lost":
            watts *= 0.7
        if faulty and self.fault == "overdriven":
            watts *= 1.35
        pf = factors["dim_pf"] + (factors["full_pf"] - factors["dim_pf"]) * max(0.0, (light - 500) / 500)
        if faulty and self.fault == "capacitor":
            pf = 0.5
        return BASE_W + watts * (1 + dice.gauss(0, 0.004)) + dice.gauss(0, 0.1), pf + dice.gauss(0, 0.01)

    def run(self) -> dict[str, int]:
        lamp, dice = self.lamp, self._dice
        diagnosis, started_s = None, 0
        found: dict[str, int] = {}
        celsius = dice.uniform(20, 45)
        for at_s in range(0, NIGHT_S, STEP_S):
            faulty = self._faulty(at_s)
            self.supply.factor = {"undervoltage": 0.8, "overvoltage": 1.2}.get(self.fault, 1.0) if faulty else 1.0
            volts = self.supply.volts(at_s)
            if volts < 100:  # the node has no power: it starts anew
                diagnosis = None
                continue
            if diagnosis is None:
                diagnosis, started_s = Diagnosis(lamp.options, lamp.relay), at_s
            level, by_day = self.told(at_s)
            watts, pf = self.power(at_s, level, volts)
            if dice.random() < 0.005:
                continue  # a reading that failed
            uptime_s = at_s - started_s
            diagnosis.take(uptime_s, level, int(watts * 1000), int(volts * 1000), round(100 * pf), by_day)
            diagnosis.warm(uptime_s, int(72 if faulty and self.fault == "hot" else celsius + level / 100))
            for code, state in diagnosis.judged.items():
                if state and code not in found:
                    found[code] = at_s
        return found
