"""The computer of a roll-out dies at any step: nothing is asked twice, no rule is broken, and all arrive in the end."""

from __future__ import annotations

import json
import random

import pytest
from lamplighter.release.release_address import ReleaseAddress
from lamplighter.rollout.engine import FINISHED, Rollout
from lamplighter.rollout.plan_file import Place, Plan
from lamplighter.rollout.rollout_state import RolloutState
from lamplighter.rollout.runner import Runner
from lamplighter.telemetry.subscriber import Incoming
from rollout_street import NEW, Fate, Post

NIGHT = 1796079600
RELEASE = ReleaseAddress("http://releases.lan/new.release", "1" * 64, NEW, "0.2.0")


class Died(Exception):
    """The computer has no power any more."""


class World:
    """Twelve lampposts, 30 m apart, and a broker that keeps what is retained. It outlives the computer."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.places = [
            Place(f"lisbon/lp-{n}", "lamppost-esp32", "F1", (38.7 + n * 0.00027, -9.14)) for n in range(12)
        ]  # fmt: skip
        self.posts = {
            place.name: Post(place, Fate(cuts=2 * (n % 4 == 1)), random.Random(seed + n), True)
            for n, place in enumerate(self.places)
        }
        self.kept: dict[str, bytes] = {}
        self.ids: dict[str, set[str]] = {}
        self.utc = float(NIGHT)
        self.steps_left = 0  # until the computer dies

    def step(self) -> None:
        """One step of the computer that a power cut can come before."""
        self.steps_left -= 1
        if self.steps_left == 0:
            raise Died

    def minute(self) -> list[Incoming]:
        self.utc += 60
        said = []
        for name, post in self.posts.items():
            post.minute(self.utc, True, False)
            for suffix, body in post.said:
                topic = f"lamppost/v1/{name}/{suffix}"
                self.kept[topic] = _message(body)
                said.append(Incoming(topic, self.kept[topic], False, 1))
            post.said.clear()
        return said


class FakeBroker:
    """What the runner takes for a Subscriber; `coming` is what arrives next."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.coming = [Incoming(topic, payload, True, 1) for topic, payload in world.kept.items()]

    def next(self, timeout: float | None = None):
        return self.coming.pop(0) if self.coming else None

    def pending(self):
        while self.coming:
            yield self.coming.pop(0)

    def publish(self, topic: str, payload: bytes, retain: bool = False, wait_s: float = 0) -> None:
        self._world.step()
        if not topic.endswith("/ota/desired"):
            return
        name = "/".join(topic.split("/")[2:4])
        wanted = json.loads(payload) if payload else None
        if wanted:
            self._world.ids.setdefault(name, set()).add(wanted["id"])
            wanted["new"] = True
        self._world.posts[name].wanted = wanted


class DyingState(RolloutState):
    """A state file on a computer that may die before a write."""

    world: World

    def save(self, *arguments) -> None:
        self.world.step()
        super().save(*arguments)


def _message(body: dict) -> bytes:
    return json.dumps({"v": 1, "b": 1, "s": None, "ts": None, "tq": 0, "h": 0, **body}).encode()


@pytest.mark.parametrize("seed", (0, 4, 5))
def test_a_computer_that_dies_at_any_step_of_a_roll_out_breaks_no_rule(tmp_path, seed):
    world = World(seed)
    plan = Plan(
        tmp_path / "plan.toml", "fix", world.places, RELEASE, percent=(50, 100), nights=0, at_once=3, healthy_min=2,
        neighbours_m=40,
    )  # fmt: skip
    deaths = 0
    for _ in range(5):
        world.minute()
    for _ in range(400):  # lives of the computer
        world.steps_left = world.rng.randint(1, 25)
        try:
            with DyingState.of(plan.path, durable=False) as state:
                state.world = world
                rollout = Rollout(plan, *state.open(plan))
                broker = FakeBroker(world)
                runner = Runner(rollout, state, broker, lambda: world.utc)  # pyright: ignore[reportArgumentType]
                runner.begin(survey_s=0, quiet_s=0.01)
                while rollout.progress.mode != FINISHED:
                    broker.coming += world.minute()
                    runner.step()
                    away = [n for n, one in enumerate(rollout.members) if one.under_way]
                    assert len(away) <= 3 and not any(n + 1 in away for n in away)
                    asked = [n for n, post in enumerate(world.posts.values()) if post.wanted or post.work]
                    assert not any(n + 1 in asked for n in asked), "neighbours were updated at once"
                break
        except Died:
            deaths += 1
            world.minute()
    assert rollout.progress.mode == FINISHED and deaths > 3
    assert {post.build for post in world.posts.values()} == {NEW}
    assert {len(ids) for ids in world.ids.values()} == {1}, "one was asked under a second id"
