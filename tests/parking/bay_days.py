"""Hard days of a parking bay, second by second, from physical models: the same seed gives the same day.

What is in a day: cars that come, shunt and stay; people, trolleys, lorries and neighbours; and one hardship more than
usual. The models and their figures are in docs/reference/parking.md.
"""

from __future__ import annotations

import math
import random
from array import array
from dataclasses import dataclass

from bay_street import Bay, Street
from lamplighter.replay.trace import MISSING, Trace

DAY_S = 86400
HARDSHIPS = (
    "calm", "rain", "fog", "snow", "sun", "people", "standing", "traffic", "trams", "dropouts", "drift",
)  # fmt: skip
SENSES = {"range": ("range_mm", "strength"), "field": ("mag_x_ut", "mag_y_ut", "mag_z_ut")}
SENSES["both"] = SENSES["range"] + SENSES["field"]


@dataclass
class Day:
    """trace -- what the sensors recorded; truth -- [(t_s, state)]; empty_mm, empty_ut -- what an installer may know"""

    seed: int
    hardship: str
    senses: str
    trace: Trace
    truth: list[tuple[float, str]]
    empty_mm: int
    empty_ut: tuple[float, float, float]
    seconds: int = DAY_S
    near: int = 0  # hundredths of a microtesla that vehicles bend the field by here
    line: tuple[float, float, float] | None = None  # µT that trams bend it by

    def known(self) -> list[object]:
        """What a node remembers of this bay from the day before, a little off."""
        field: list[object] = [*(round(100 * value) + 20 for value in self.empty_ut), self.near]
        size = 100 * math.hypot(*self.line) if self.line else 0.0
        if self.line and size > max(250, self.near / 4):  # weaker ones are not taken for vehicles, nor remembered
            # 7 degrees off
            x, y, z = (value + turn for value, turn in zip(self.line, _turned(self.line), strict=True))
            field += [[round(10000 * value / size) for value in (x, y, z)], round(size)]
        return [self.empty_mm + 20, field]


def day(seed: int, hardship: str, senses: str, seconds: int = DAY_S) -> Day:
    chance = random.Random(f"{seed} {hardship} {senses}")
    bay = Bay(chance, hardship)
    street = Street(chance, bay, hardship, seconds)
    columns = SENSES[senses]
    rows = array("q")
    see, feel = _eye(chance, bay, street, hardship), _compass(chance, bay, street)
    lost = _lost(chance, hardship, seconds)
    for t in range(seconds):
        gone = t in lost
        values: list[int] = []
        if "range_mm" in columns:
            values += see(t) if not gone else (MISSING, MISSING)
        if "mag_x_ut" in columns:
            values += feel(t) if not gone or senses == "both" and t % 7 else (MISSING, MISSING, MISSING)
        rows.append(1000 * t)
        rows.extend(values)
    name = f"{hardship}-{senses}-{seed}"
    trace = Trace(name, 0.0, list(columns), rows)
    near = int(100 * bay.near_ut)
    return Day(seed, hardship, senses, trace, street.truth, bay.empty_mm, bay.earth, seconds, near, street.line)


def _eye(chance: random.Random, bay: Bay, street: Street, hardship: str):
    """t -> (range_mm, strength) of a lidar in centimetres, or of an ultrasonic sensor in millimetres."""
    gauss, uniform, rand = chance.gauss, chance.uniform, chance.random
    spells = street.spells

    def see(t: int) -> tuple[int, int]:
        thing = street.before[t]
        d_mm, white = thing if thing else (street.ground[t], bay.ground_white)
        spell = spells.get(t)
        noise = 1.0
        if spell:
            kind, force = spell
            if kind == "fog":
                if rand() < 0.65 * force:  # the fog itself shines back
                    if rand() < 0.4:
                        return MISSING, int(uniform(10, 90))
                    return _tens(uniform(250, 1600)), int(uniform(30, 160))
                white *= math.exp(-2 * force * d_mm / 4000)
            elif kind == "rain":
                if rand() < 0.06 * force:  # a drop
                    return _tens(uniform(80, 1500)), int(uniform(60, 400))
            elif kind == "film":
                if rand() < 0.5 * force:
                    return MISSING, int(uniform(5, 95))
                d_mm -= 70 * force
                noise, white = 3.0, white * 0.5
            elif kind == "snow":
                if rand() < 0.12 * force:
                    return _tens(uniform(150, 2500)), int(uniform(60, 500))
            elif kind == "sun":
                if rand() < 0.45 * force:
                    return MISSING, 65535 if rand() < 0.5 else int(uniform(5, 95))
                noise = 1 + 4 * force
            elif kind == "leaf":
                return _tens(force), int(uniform(300, 2000))
        d_mm *= 1 + bay.range_per_k * street.warmth[t]
        if bay.ultrasonic:
            return max(30, round(d_mm + gauss(0, 4 * noise))), MISSING
        strength = bay.echo * white / max(d_mm, 300) ** 2
        if strength < 100 or d_mm > 12000:
            return MISSING, int(strength)
        sigma = (6 + d_mm / 500) * noise * max(1.0, math.sqrt(400 / strength))
        return _tens(d_mm + gauss(0, sigma)), min(20000, int(strength * uniform(0.92, 1.08)))

    return see


def _compass(chance: random.Random, bay: Bay, street: Street):
    """t -> the field in hundredths of a microtesla."""
    gauss = chance.gauss

    def feel(t: int) -> tuple[int, int, int]:
        warm = street.warmth[t]
        x, y, z = street.iron[t]
        return (
            round(100 * (bay.earth[0] + x + warm * bay.field_per_k[0] + gauss(0, bay.field_noise))),
            round(100 * (bay.earth[1] + y + warm * bay.field_per_k[1] + gauss(0, bay.field_noise))),
            round(100 * (bay.earth[2] + z + warm * bay.field_per_k[2] + gauss(0, bay.field_noise))),
        )

    return feel


def _lost(chance: random.Random, hardship: str, seconds: int) -> set[int]:
    """The seconds in which the bus gives nothing."""
    lost: set[int] = set()
    bursts, share = (40, 0.05) if hardship == "dropouts" else (3, 0.003)
    for _ in range(bursts * seconds // DAY_S):
        start = chance.randrange(seconds)
        lost.update(range(start, start + 1 + int(chance.expovariate(1 / 20))))
    if hardship == "dropouts":
        for _ in range(max(1, 3 * seconds // DAY_S)):
            start = chance.randrange(seconds)
            lost.update(range(start, start + int(chance.uniform(60, 480))))
    lost.update(t for t in range(seconds) if chance.random() < share)
    return lost


def _turned(line: tuple[float, float, float]) -> tuple[float, float, float]:
    """An eighth of the vector's length, across it."""
    x, y, _ = line
    flat = math.hypot(x, y) or 1.0
    share = math.hypot(*line) / 8 / flat
    return -y * share, x * share, 0.0


def _tens(mm: float) -> int:
    return max(10, 10 * round(mm / 10))
