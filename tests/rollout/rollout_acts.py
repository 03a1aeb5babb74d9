"""Three acts: a good release among sick lampposts, the same after somebody has visited these, and a bad release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rollout_course import Course, Street
from rollout_street import OLD

GOOD, VISITED, BAD, BACK = "good release", "after the visits, --retry", "bad release", "--back"
_ROWS = {
    "ended as": "mode", "groups begun": "group", "of groups": "groups", "lampposts asked": "asked", "done": "done",
    "failed": "failures", "of them silent": "silent", "of them old or reverted": "old",
    "waiting beside a silent one": "beside_silent", "stopped and resumed": "stops",
    "under way at once, most": "most_under_way", "neighbours under way together": "neighbours_together",
    "asked around dusk": "asked_near_dusk", "judged wrongly": "wrong", "played days": "played_days",
    "seconds": "took_s",
}  # fmt: skip


def acts(nodes: int, at_once: int, seed: int, folder: Path, broker_of: Any) -> dict[str, dict[str, Any]]:
    """{act: figures}; broker_of(folder) -- a broker to start and stop."""
    told = {}
    for name, street in (("good", Street(nodes, seed=seed)), ("bad", Street(nodes, bad=True, seed=seed))):
        broker = broker_of(folder / name)
        text = broker.config.read_text()
        broker.config.write_text(
            text.replace("autosave_interval 1\n", "autosave_interval 1000000\n")
        )  # as fast as it goes
        broker.start()
        try:
            with Course(street, broker.port, folder / name, at_once=at_once) as course:
                course.play(resume=not street.bad, restart_every=300)
                told[BAD if street.bad else GOOD] = {**course.figures(), **_expected(course)}
                if street.bad:
                    course.runner.order("back")
                    course.play()
                    told[BACK] = course.figures()
                else:
                    course.simulated.repair()
                    course.runner.order("retry")
                    course.play()
                    told[VISITED] = course.figures()
        finally:
            broker.stop()
    for row in told.values():
        row["done"] = row["ended"].get("done", 0)
        row["failures"] = row["ended"].get("failed", 0)
        row["silent"] = row["failed"].get("silent", 0)
        row["old"] = row["failures"] - row["silent"]
        row["wrong"] = len(row["judged_wrong"])
    return told


def _expected(course: Course) -> dict[str, int]:
    """Of those that were asked: how many never returned, and came back old."""
    posts = course.simulated.posts
    of = [course.at_start[name] for name in course.simulated.requests if name in course.at_start]
    old = [
        name for name, fate in course.at_start.items() if fate.old and posts[name].build == OLD and posts[name].last_id
    ]
    first = sum(one.group == 1 for one in course.rollout.members)
    return {"never": sum(one.never for one in of), "came_back_old": len(old), "first": first}


def sound(told: dict[str, dict[str, Any]]) -> list[str]:
    """What is not as it must be."""
    wrong = []

    def must(act: str, right: bool, sentence: str) -> None:
        if not right:
            wrong.append(f"{act}: {sentence}")

    for act, row in told.items():
        must(act, not row["wrong"], f"judged wrongly: {row['judged_wrong'][:5]}")
        must(act, not row["neighbours_together"], "neighbours were under way together")
        must(act, not row["asked_near_dusk"], "some were asked around dusk")
    good, bad = told[GOOD], told[BAD]
    must(GOOD, good["mode"] == "finished", f"it is {good['mode']}")
    must(GOOD, good["silent"] == good["never"], f"{good['silent']} silent, {good['never']} never returned")
    must(GOOD, good["old"] == good["came_back_old"], f"{good['old']} old, {good['came_back_old']} came back old")
    rest = good["nodes"] - good["failures"] - good["beside_silent"]
    must(GOOD, good["done"] == rest, f"{good['done']} of {rest} are done")
    must(VISITED, told[VISITED]["done"] == good["nodes"], f"{told[VISITED]['done']} are done")
    must(BAD, bad["mode"] == "stopped" and bad["group"] == 1, f"it is {bad['mode']} in group {bad['group']}")
    must(BAD, bad["asked"] <= bad["first"], f"{bad['asked']} were asked, and the first group has {bad['first']}")
    must(BACK, told[BACK]["mode"] == "finished", f"it is {told[BACK]['mode']}")
    must(BACK, told[BACK]["runs"] == {"old-build": bad["nodes"]}, f"{told[BACK]['runs']}")
    return wrong


def table(told: dict[str, dict[str, Any]]) -> str:
    lines = [f"{'':32}" + "".join(f"{name:>27}" for name in told)]
    lines += [f"{row:32}" + "".join(f"{told[name][key]!s:>27}" for name in told) for row, key in _ROWS.items()]
    return "\n".join(lines)
