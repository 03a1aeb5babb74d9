"""Plays a roll-out on a simulated street at a real Mosquitto, minute by minute, and looks after each rule."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lamplighter.release.release_address import ReleaseAddress
from lamplighter.rollout import night_passed, summary
from lamplighter.rollout.engine import FINISHED, RUNNING, STOPPED, Rollout
from lamplighter.rollout.member import DONE, FAILED, LEFT
from lamplighter.rollout.plan_file import Place, Plan
from lamplighter.rollout.rollout_state import RolloutState
from lamplighter.rollout.runner import Runner, filters
from lamplighter.telemetry.subscriber import Incoming, Subscriber
from rollout_street import MARK, NEW, OLD, Fate, SimulatedStreet

START = 1796036400  # 2026-11-30 11:00 UTC: the circuits are off
LONGEST_DAYS = 30
BOARDS = ("lamppost-esp32", "lamppost-esp32s3")
BACK = ReleaseAddress("http://releases.lan/old.release", "0" * 64, OLD, "0.1.0", BOARDS)
RELEASE = ReleaseAddress("http://releases.lan/new.release", "1" * 64, NEW, "0.2.0", BOARDS)


@dataclass(frozen=True)
class Street:
    """Shares are of all lampposts."""

    nodes: int
    never: float = 0.03
    old: float = 0.01
    cut_twice: float = 0.05
    bad: bool = False
    seed: int = 1


def places(nodes: int) -> list[Place]:
    """Streets of twenty lampposts, 30 m apart; two streets share a circuit, and every tenth circuit is never off."""
    found = []
    for number in range(nodes):
        street, along = divmod(number, 20)
        at = (38.70 + street * 0.002, -9.14 + along * 0.000345)
        board = BOARDS[1] if street % 3 == 2 else BOARDS[0]
        found.append(Place(f"lisbon/lp-{number + 1:04d}", board, f"circuit-{street // 2}", at))
    return found


def fates(street: Street, names: list[str]) -> dict[str, Fate]:
    """Drawn from all, each lamppost one at most."""
    drawn = random.Random(street.seed).sample(names, len(names))
    found: dict[str, Fate] = {}
    for share, make in (
        (street.never, lambda n: Fate(never=True)),
        (street.old, lambda n: Fate(old=("crash", "fallback")[n % 2])),
        (street.cut_twice, lambda n: Fate(cuts=2)),
    ):
        for number in range(round(street.nodes * share)):
            found[drawn.pop()] = make(number)
    return found


class Course:
    """`with Course(street, port, folder) as course: course.play(); course.figures()`."""

    def __init__(self, street: Street, port: int, folder: Path, **plan: int) -> None:
        self.street = street
        self.port = port
        where = places(street.nodes)
        self.plan = Plan(folder / "plan.toml", "simulated", where, RELEASE, BACK, **{"neighbours_m": 40, **plan})
        self.fates = {} if street.bad else fates(street, [place.name for place in where])
        self.at_start = {name: Fate(**vars(fate)) for name, fate in self.fates.items()}
        self.utc = float(START)
        self.stops = 0
        self.most_under_way = 0
        self.neighbours_together = 0
        self.asked_near_dusk = 0
        self.groups_begun: list[tuple[int, float]] = []
        self.took_s = 0.0

    def __enter__(self) -> Course:
        self.simulated = SimulatedStreet(
            self.port, self.plan.places, self.fates, RELEASE.sha256, self.street.bad, self.street.seed
        )
        self.state = RolloutState.of(self.plan.path, durable=False).__enter__()
        self._connect()
        return self

    def __exit__(self, *trouble: object) -> None:
        self.connection.__exit__()
        self.state.__exit__()
        self.simulated.close()

    def _connect(self) -> None:
        """As the command begins: from the state file and from what the broker has kept."""
        self.rollout = Rollout(self.plan, *self.state.open(self.plan))
        wanted = [*filters(self.rollout), MARK]
        self.connection = Subscriber("127.0.0.1", self.port, wanted).__enter__()
        self.runner = Runner(self.rollout, self.state, self.connection, lambda: self.utc)

    def restart(self) -> None:
        """The laptop is closed in the middle, and the command is run again."""
        self.connection.__exit__()
        self._connect()
        self.runner.begin(quiet_s=0.2)

    def play(self, resume: bool = True, restart_every: int = 0) -> None:
        """Until it has ended. resume -- somebody resumes it where failures stop it; restart_every -- so many minutes"""
        began = time.monotonic()
        for minute in range(LONGEST_DAYS * 1440):
            self._minute()
            progress = self.rollout.progress
            if not progress.group and minute >= 6 * 60:  # lampposts have come up: survey and groups
                self.runner.begin(quiet_s=0.2)
            if restart_every and minute % restart_every == restart_every - 1 and progress.group:
                self.restart()
            if progress.mode == STOPPED and resume:
                self.stops += 1
                self.runner.order("resume")
            elif progress.mode != RUNNING:
                break
        self.took_s += time.monotonic() - began

    def _minute(self) -> None:
        """A minute; ten where the roll-out only waits for a night to pass."""
        idle = self.rollout.progress.ended_at and not any(one.under_way for one in self.rollout.members)
        self.utc += 600 if idle else 60
        self.simulated.minute(self.utc)
        mark = str(int(self.utc)).encode()
        while True:
            arrived = self.connection.next(60)
            assert arrived is not None, "the broker has lost a mark"
            if isinstance(arrived, Incoming) and arrived.topic == MARK:
                if arrived.payload == mark:
                    break
            else:
                self.runner.hear(arrived)
        before = {one.name for one in self.rollout.members if one.id and one.under_way}
        self.runner.step()
        self.connection.publish(MARK + "/back", mark)
        self.simulated.heard_all(mark.decode())
        self._look(before)

    def _look(self, before: set[str]) -> None:
        """Are the rules kept? By what was asked for, not by what the roll-out says of itself."""
        members = self.rollout.members
        away = [one for one in members if one.under_way]
        self.most_under_way = max(self.most_under_way, len(away))
        self.neighbours_together += sum(other.under_way for one in away for other in one.neighbours) // 2
        for one in away:
            if one.step == "asked" and one.name not in before and one.place.at:
                self.asked_near_dusk += night_passed.near_dusk(self.utc, one.place.at)
        group = self.rollout.progress.group
        if group and (not self.groups_begun or self.groups_begun[-1][0] != group):
            self.groups_begun.append((group, self.utc))

    def figures(self) -> dict:
        members = self.rollout.members
        posts = self.simulated.posts
        ended = Counter(one.step for one in members)
        words = Counter(one.word for one in members if one.step == FAILED)
        runs = Counter(posts[one.name].build for one in members)
        judged = [one for one in members if one.step != LEFT and not one.under_way]
        wrong = [one.name for one in judged if (one.step == DONE) != self._well(one.name)]
        return {
            "nodes": self.street.nodes, "mode": self.rollout.progress.mode, "groups": self.rollout.groups,
            "group": self.rollout.progress.group, "ended": dict(ended), "failed": dict(words), "runs": dict(runs),
            "asked": len(self.simulated.requests), "most_under_way": self.most_under_way,
            "neighbours_together": self.neighbours_together, "asked_near_dusk": self.asked_near_dusk,
            "beside_silent": len(summary.beside_silent(self.rollout)),
            "judged_wrong": wrong, "stops": self.stops, "played_days": round((self.utc - START) / 86400, 1),
            "took_s": round(self.took_s, 1), "finished": self.rollout.progress.mode == FINISHED,
        }  # fmt: skip

    def _well(self, name: str) -> bool:
        """Whether the lamppost itself runs what it shall."""
        post = self.simulated.posts[name]
        return post.build == self.rollout.target.build and not post.dead
