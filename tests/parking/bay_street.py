"""What happens before a bay's sensors in a day: cars, neighbours, people, lorries, trams, weather and warmth."""

from __future__ import annotations

import math
import random

Vector = tuple[float, float, float]


class Bay:
    """One place: how its sensors look at it, and what kind they are."""

    def __init__(self, chance: random.Random, hardship: str):
        kind = chance.random()
        if kind < 0.5:  # from above, on the pole
            self.empty_mm = round(chance.uniform(3000, 7500))
            self.top = True
        elif kind < 0.92:  # from the side, over the bay to the ground or a kerb behind
            self.empty_mm = round(chance.uniform(2000, 6500))
            self.top = False
        else:  # low and near
            self.empty_mm = round(chance.uniform(600, 1500))
            self.top = False
        self.ultrasonic = chance.random() < 0.25 and self.empty_mm < 5000 and hardship not in ("fog", "sun")
        # strength times mm², white: by the data sheets' ranges on 10 % black, 5 m (TFmini-S) and 2.5 m (TF-Luna)
        self.echo = 6.2e9 if self.empty_mm < 4500 and chance.random() < 0.4 else 2.5e10
        self.ground_white = max(chance.uniform(0.15, 0.6), 250 * self.empty_mm**2 / self.echo)
        # speed of sound: 0.17 %/K; a lidar's own drift is a tenth of that, unless it is a bad one
        self.range_per_k = -0.0017 if self.ultrasonic else chance.uniform(-0.0003, 0.0003)
        dip, turn = math.radians(chance.uniform(55, 67)), chance.uniform(0, 2 * math.pi)
        size = chance.uniform(44, 50)
        pole = [chance.gauss(0, 2.5) for _ in range(3)]
        level = size * math.cos(dip)
        self.earth: Vector = (
            level * math.cos(turn) + pole[0], level * math.sin(turn) + pole[1], size * math.sin(dip) + pole[2],
        )  # fmt: skip
        cheap = chance.random() < 0.4  # QMC5883L beside RM3100
        self.field_noise = 0.22 if cheap else 0.03
        most = 0.06 if cheap else 0.02
        if hardship == "drift":
            most = 0.2
            if not self.ultrasonic:
                self.range_per_k = chance.choice((-1, 1)) * chance.uniform(0.0006, 0.0015)
        self.field_per_k: Vector = (
            chance.uniform(-most, most), chance.uniform(-most, most), chance.uniform(-most, most),
        )  # fmt: skip
        # what iron does here falls with the cube of the way to it
        self.near_ut = 18 * math.exp(chance.gauss(0, 0.35))

    def stop(self, chance: random.Random) -> tuple[float, float]:
        """(mm, whiteness) of a car that has parked."""
        white = chance.choice((0.06, 0.12, 0.3, 0.5, 0.8))
        if self.top:
            return self.empty_mm - chance.uniform(900, 1900), white
        if self.empty_mm < 1600:
            return self.empty_mm * chance.uniform(0.3, 0.6), white
        return min(chance.uniform(450, 1700), self.empty_mm - 800), white


class Street:
    """before -- {second: (mm, whiteness)} or None of what stands in the beam; ground -- mm behind it
    iron -- (x, y, z) µT that vehicles and trams add; warmth -- K off the mean
    spells -- {second: (kind, force)} of weather
    truth -- [(second, state)]; line -- (x, y, z) µT of a tram, None: there are none
    """

    def __init__(self, chance: random.Random, bay: Bay, hardship: str, seconds: int):
        self._chance, self._bay, self._hardship, self._seconds = chance, bay, hardship, seconds
        self.before: list[tuple[float, float] | None] = [None] * seconds
        self.ground: list[float] = [float(bay.empty_mm)] * seconds
        self.iron: list[Vector] = [(0.0, 0.0, 0.0)] * seconds
        swing = chance.uniform(5, 9) if hardship != "drift" else chance.uniform(9, 15)
        phase = chance.uniform(0, 86400)
        self.warmth = [swing * math.sin(2 * math.pi * (t + phase) / 86400) for t in range(seconds)]
        self.spells: dict[int, tuple[str, float]] = {}
        self.truth: list[tuple[float, str]] = []
        self.line: Vector | None = None  # what trams bend the field by
        self._cars()
        self._neighbours()
        self._people()
        self._lorries()
        if hardship == "traffic":
            self._trams()
        if hardship == "trams":
            self._timetable()
        self._weather()

    def _count(self, a_day: float) -> int:
        """How many of what happens so often."""
        wanted = a_day * self._seconds / 86400
        return int(wanted) + (self._chance.random() < wanted % 1)

    # -- vehicles

    def _cars(self) -> None:
        chance, seconds = self._chance, self._seconds
        t = 0
        occupied = chance.random() < 0.4
        if occupied:
            t = self._park(-60, 60 + self._stay())
        else:
            self.truth.append((0, "free"))
            t = int(chance.expovariate(1 / 2400))
        while t < seconds:
            t += max(25, int(chance.expovariate(1 / 1800)))
            if chance.random() < 0.15:
                t += int(chance.uniform(3600, 14400))
            if t >= seconds:
                break
            t = self._park(t, self._stay())

    def _stay(self) -> int:
        return int(min(40000, max(60, 2100 * math.exp(self._chance.gauss(0, 1.1)))))

    def _park(self, start: int, stay: int) -> int:
        """A car shunts in, stays and leaves; returns when it is gone."""
        chance, bay = self._chance, self._bay
        d_mm, white = bay.stop(chance)
        iron = _vector(chance, bay.near_ut * math.exp(chance.gauss(0, 0.45)))
        shunt, leave = chance.randint(1, 5), chance.randint(1, 4)
        end = start + shunt + stay + leave
        self.truth.append((max(0, start), "occupied"))
        for t in range(max(0, start), min(self._seconds, end)):
            if t < start + shunt:
                far = (start + shunt - t) / (shunt + 1)
            elif t >= end - leave:
                far = (t - end + leave + 1) / (leave + 1)
            else:
                far = 0.0
            here = d_mm + 500 * far * chance.random() if far else d_mm
            self.before[t] = (min(here, self.ground[t] - 300 if here > self.ground[t] - 300 else here), white)
            self._add(t, iron, (1 - 0.8 * far) ** 3)
        if end < self._seconds:
            self.truth.append((end, "free"))
        return end

    def _add(self, t: int, iron: Vector, share: float) -> None:
        if 0 <= t < self._seconds:
            x, y, z = self.iron[t]
            self.iron[t] = (x + share * iron[0], y + share * iron[1], z + share * iron[2])

    def _neighbours(self) -> None:
        """Two bays beside: a tenth of what a car does in this one, for hours."""
        chance = self._chance
        busy = 2 if self._hardship == "traffic" else 1
        for _ in range(2):
            t = 0
            there = chance.random() < 0.5
            while t < self._seconds:
                stay = int(chance.expovariate(1 / (4000 / busy))) + 60
                if there:
                    iron = _vector(chance, self._bay.near_ut * chance.uniform(0.03, 0.1))
                    for second in range(t, min(self._seconds, t + stay)):
                        self._add(second, iron, 1.0)
                    if self._bay.ultrasonic:  # the edge of the cone
                        for second in range(t, min(self._seconds, t + stay)):
                            self.ground[second] -= 0.02 * self._bay.empty_mm
                there = not there
                t += stay

    def _lorries(self) -> None:
        chance = self._chance
        for _ in range(self._count(200 if self._hardship == "traffic" else 25)):
            middle, width = chance.randrange(self._seconds), chance.uniform(0.8, 2.5)
            iron = _vector(chance, self._bay.near_ut * chance.uniform(0.05, 0.35))
            halt = int(chance.uniform(10, 60)) if chance.random() < 0.04 else 0
            for t in range(middle - 8, middle + 8 + halt):
                away = max(middle - t, t - middle - halt, 0)
                self._add(t, iron, math.exp(-((away / width) ** 2) / 2))

    def _trams(self) -> None:
        """Direct current in the wire: it rises as a tram starts, holds, and is gone when it coasts."""
        chance = self._chance
        self.line = line = _vector(chance, chance.uniform(2, 14))
        for _ in range(self._count(130)):
            start = chance.randrange(self._seconds)
            rise, hold, fall = chance.randint(5, 11), chance.randint(3, 12), chance.randint(2, 6)
            force = chance.choice((-0.4, 0.5, 1.0, 1.0))  # others of the line, and braking trams, feed back
            for i in range(rise + hold + fall):
                share = min(1.0, (i + 1) / rise, (rise + hold + fall - i) / fall)
                self._add(start + i, line, force * share * (1 + chance.gauss(0, 0.04)))

    def _timetable(self) -> None:
        """A tram each seven minutes, all day: 6 µT along one line for 35 s."""
        chance = self._chance
        self.line = line = _vector(chance, 6)
        start = chance.randrange(420)
        while start < self._seconds:
            rise, hold, fall = chance.randint(3, 6), chance.randint(24, 28), chance.randint(3, 6)
            force = chance.uniform(0.9, 1.1)
            for i in range(rise + hold + fall):
                share = min(1.0, (i + 1) / rise, (rise + hold + fall - i) / fall)
                self._add(start + i, line, force * share * (1 + chance.gauss(0, 0.02)))
            start += int(chance.gauss(420, 30))

    # -- people

    def _people(self) -> None:
        chance = self._chance
        many = 6 if self._hardship == "people" else 1
        for _ in range(self._count(40 * many)):  # cross the beam
            self._stand(chance.randint(1, 3), 0)
        for _ in range(self._count(6 * many)):  # push a trolley, come in a group, wait for a gap in the traffic
            self._stand(chance.randint(3, 7), 150)
        for _ in range(self._count(0.5 * many)):  # stand about
            self._stand(int(chance.uniform(8, 45)), 200)
        if self._hardship == "standing":  # wait under the sensor, as at a stop or a door
            for _ in range(self._count(16)):
                self._stand(int(chance.uniform(10, 80)), chance.uniform(80, 200), chance.randint(3, 12))

    def _stand(self, seconds: int, stride: float, still_s: int = 4) -> None:
        """Somebody who sways by some centimetres, and steps by `stride` mm each 1 to still_s seconds."""
        chance = self._chance
        start = chance.randrange(self._seconds)
        reach = self._bay.empty_mm
        where = chance.uniform(min(400, 0.4 * reach), max(500, 0.8 * reach))
        shift = 0
        for t in range(start, min(self._seconds, start + seconds)):
            if shift <= 0:
                where += chance.gauss(0, stride)
                shift = chance.randint(1, still_s)
            shift -= 1
            here = abs(where + chance.gauss(0, 25) - 250) + 250
            thing = self.before[t]
            if here < (thing[0] if thing else self.ground[t]) - 50:
                self.before[t] = (here, 0.4)

    # -- weather

    def _weather(self) -> None:
        chance, hardship = self._chance, self._hardship
        if hardship == "rain":
            for _ in range(self._count(3)):
                start = self._spell("rain", chance.uniform(2400, 9000))
                self._spell("film", chance.uniform(600, 2400), start + 1200)
        elif hardship == "fog":
            for _ in range(self._count(2)):
                self._spell("fog", chance.uniform(2400, 9000))
        elif hardship == "snow":
            start = self._spell("snow", chance.uniform(9000, 25000))
            depth, until = chance.uniform(60, 220), chance.uniform(9000, 20000)
            slope = 0.9 if self._bay.top else 0.5
            depth = min(depth, self._bay.empty_mm / 6)
            for t in range(start, self._seconds):
                self.ground[t] -= slope * depth * min(1.0, (t - start) / until)
        elif hardship == "sun":
            for _ in range(self._count(2)):
                self._spell("sun", chance.uniform(1800, 5400))
        for _ in range(self._count(4 if hardship == "rain" else 0.5)):  # leaves
            start, near = chance.randrange(self._seconds), chance.uniform(150, 900)
            for t in range(start, min(self._seconds, start + int(chance.uniform(1, 6)))):
                self.spells[t] = ("leaf", near)

    def _spell(self, kind: str, seconds: float, start: int | None = None) -> int:
        """Weather that comes, has its gusts, and goes."""
        chance = self._chance
        if start is None:
            start = chance.randrange(self._seconds)
        most = chance.uniform(0.4, 1.0)
        for i in range(int(seconds)):
            if start + i >= self._seconds:
                break
            swell = math.sin(math.pi * i / seconds) * (0.75 + 0.25 * math.sin(i / 47))
            self.spells[start + i] = (kind, most * swell)
        return start


def _vector(chance: random.Random, size: float) -> Vector:
    x, y, z = (chance.gauss(0, 1) for _ in range(3))
    scale = size / math.sqrt(x * x + y * y + z * z)
    return x * scale, y * scale, z * scale
