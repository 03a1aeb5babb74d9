"""A roll-out in figures: counts by group and step, and what it ended with."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..problems import Problem, RolloutIncomplete, RolloutStopped
from .engine import ABORTED, FINISHED, PAUSED, STOPPED, Rollout
from .member import ASKED, CONFIRMED, DONE, FAILED, LEFT, UNREACHED, WAITING, WORKING, Member

COLUMNS = {
    WAITING: "waiting", ASKED: "asked", WORKING: "updating", CONFIRMED: "confirmed", DONE: "done", FAILED: "failed",
    UNREACHED: "not reached",
}  # fmt: skip
_NAMED = 20


def counts(members: list[Member]) -> Counter[str]:
    return Counter(one.step for one in members)


def by_group(rollout: Rollout) -> list[tuple[int, Counter[str]]]:
    """(group, counts) of each group."""
    return [
        (group, counts([one for one in rollout.members if one.group == group]))
        for group in range(1, rollout.groups + 1)
    ]


def beside_silent(rollout: Rollout) -> list[Member]:
    """Those that wait because a neighbour fell silent by its update."""
    return [one for one in rollout.members if one.step == WAITING and any(other.dark for other in one.neighbours)]


def headline(rollout: Rollout) -> str:
    """Where the roll-out stands, in a line."""
    progress, found = rollout.progress, counts(rollout.members)
    total = len(rollout.members) - found[LEFT]
    where = {
        PAUSED: "paused", STOPPED: "stopped", ABORTED: "aborted", FINISHED: "finished",
    }.get(progress.mode, f"group {progress.group} of {rollout.groups}" if progress.group else "survey")  # fmt: skip
    if progress.ended_at and progress.mode not in (STOPPED, ABORTED, FINISHED):
        nights = "a dusk and a dawn" if rollout.plan.nights == 1 else f"{rollout.plan.nights} nights"
        where += f" is through; the next begins after {nights}"
    way = "back to " if progress.direction == "back" else ""
    return f"{rollout.plan.name}: {way}{rollout.target}, {where}, {found[DONE]} of {total} done"


def row(rollout: Rollout) -> dict[str, Any]:
    """All of it for --json."""
    progress = rollout.progress
    return {
        "name": rollout.plan.name, "mode": progress.mode, "direction": progress.direction, "group": progress.group,
        "groups": rollout.groups, "build": rollout.target.build, "version": rollout.target.version,
        "reason": progress.reason, "counts": {step: counts(rollout.members)[step] for step in (*COLUMNS, LEFT)},
        "beside_silent": [one.name for one in beside_silent(rollout)],
        "lampposts": [
            {
                "node": one.name, "group": one.group, "step": one.step, "phase": one.phase, "word": one.word,
                "sentence": one.sentence, "build": one.build, "micropython": one.runs.micropython,
                "attempts": one.attempts,
            } for one in rollout.members
        ],
    }  # fmt: skip


def problem(rollout: Rollout) -> Problem | None:
    """What the command ends with; None if every lamppost has what it shall have."""
    progress, found = rollout.progress, counts(rollout.members)
    open_ones = [one for one in rollout.members if one.step not in (DONE, LEFT)]
    details = [f"{one.name}: {told(one)}" for one in open_ones if one.step in (FAILED, UNREACHED)]
    details += [f"{one.name}: waits beside a silent lamppost" for one in beside_silent(rollout)]
    if len(details) > _NAMED:
        details = [*details[:_NAMED], f"and {len(details) - _NAMED} more; --report FILE lists all"]
    if progress.mode == STOPPED:
        return RolloutStopped(f"{rollout.plan.name} was stopped: {progress.reason}.", details=details)
    if progress.mode == ABORTED:
        return RolloutStopped(f"{rollout.plan.name} was aborted; {found[DONE]} of {len(rollout.members)} are done.",
                              "Give the next roll-out a plan of its own, or go back with --back.", details)  # fmt: skip
    if progress.mode == FINISHED and open_ones:
        return RolloutIncomplete(
            f"{rollout.plan.name} has ended, and {len(open_ones)} of {len(rollout.members)} lampposts are not done.",
            details=details,
        )
    return None


def told(one: Member) -> str:
    """What is with a lamppost, in a sentence."""
    if one.step == UNREACHED:
        return one.sentence
    if one.step == FAILED:
        return f"{one.word}: {one.sentence}" if one.sentence else one.word
    return " ".join(text for text in (COLUMNS.get(one.step, one.step), one.phase, one.word) if text)
