"""Carries out a roll-out: takes what lampposts say, and decides which is asked next. No network and no clock in here.

docs/design/updates.md explains the rules. take() and tick() change the members; the caller keeps these in the state
file before it publishes what tick() returns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..contract import TopicError, check_message, parse_topic
from ..release.release_address import ReleaseAddress
from . import circuits, group_choice, neighbours
from .member import ASKED, CONFIRMED, DONE, FAILED, LEFT, SILENT, UNREACHED, WAITING, WORKING, Member
from .night_passed import near_dusk, nights_between
from .plan_file import Plan

RUNNING, PAUSED, STOPPED, ABORTED, FINISHED = "running", "paused", "stopped", "aborted", "finished"
MODES = (RUNNING, PAUSED, STOPPED, ABORTED, FINISHED)
_LONGEST_MIN = 2.0  # between two ticks; in a longer gap nobody watched
_FEW = 50  # ended lampposts of a group, before the share of failures is one of those that ended
_BACK = "back"


@dataclass
class Progress:
    """What is kept besides the members. ended_at -- when the current group was through; 0: it is not."""

    id: str
    mode: str = RUNNING
    group: int = 0  # 0: the lampposts are being surveyed
    ended_at: float = 0.0
    direction: str = "release"  # or "back"
    reason: str = ""  # why it was stopped


@dataclass(frozen=True)
class Publication:
    """ota/desired of a lamppost. id -- of the update; "" takes it back."""

    name: str
    id: str
    target: ReleaseAddress


class Rollout:
    """members -- in the roster's order, with their places"""

    def __init__(self, plan: Plan, members: list[Member], progress: Progress) -> None:
        self.plan = plan
        self.members = members
        self.progress = progress
        self.news: list[str] = []  # since the last look; the caller empties it
        self._by_name = {one.name: one for one in members}
        self._last = 0.0
        self._ended: set[str] = set()  # whose ota/desired is to be taken back
        neighbours.join(members, plan.neighbours_m)

    @property
    def target(self) -> ReleaseAddress:
        return self.plan.back if self.progress.direction == _BACK and self.plan.back else self.plan.release

    @property
    def groups(self) -> int:
        return max((one.group for one in self.members), default=0)

    # -- what the user wants

    def begin(self) -> None:
        """Choose the groups, once it is known which lampposts are there."""
        group_choice.choose(self.members, self.plan.first, self.plan.percent)
        self.progress.group = 1
        first = ", ".join(one.name for one in self.members if one.group == 1)
        self._note(f"begins with group 1: {first}")

    def pause(self) -> None:
        if self.progress.mode == RUNNING:
            self.progress.mode = PAUSED
            self._note("paused; updates that have begun go on")

    def resume(self) -> None:
        """After a pause, a stop or the end; failures so far are accepted. After an abort only go_back() goes on."""
        if self.progress.mode in (RUNNING, ABORTED):
            return
        for one in self.members:
            one.accepted = int(one.step == FAILED)
        self.progress.mode, self.progress.reason = RUNNING, ""
        self._note("resumed")

    def retry(self) -> None:
        """Failed lampposts get another chance."""
        if self.progress.mode == ABORTED:
            return
        for one in self.members:
            if one.step == FAILED:
                one.again()
        self.resume()

    def abort(self) -> None:
        self.progress.mode = ABORTED
        self._halt()
        self._note("aborted")

    def go_back(self) -> None:
        """Bring the release before to every lamppost that was asked."""
        self._halt()
        for one in self.members:
            touched = one.attempts or one.step in (CONFIRMED, DONE)
            one.again()
            one.group = int(touched)
            if not touched:
                one.step = LEFT
        self.progress.mode, self.progress.direction, self.progress.reason = RUNNING, _BACK, ""
        self.progress.group, self.progress.ended_at = 1, 0.0
        self._note(f"goes back to {self.target}")

    def standing(self) -> list[Publication]:
        """What the broker should hold now; published again at a start, where it may have been missed.

        Also of one on trial: a power cut just before its restart leaves the old app, which must hear the request again.
        """
        return [
            self._publication(one, one.id if one.step in (ASKED, WORKING) else "")
            for one in self.members if one.desired
        ]  # fmt: skip

    def published(self, publications: list[Publication]) -> None:
        """The broker has these now."""
        for one in publications:
            if not one.id:
                self._by_name[one.name].desired = 0

    # -- what lampposts say

    def take(self, topic: str, payload: bytes, retained: bool) -> None:
        try:
            place = parse_topic(topic)
        except TopicError:
            return
        member = self._by_name.get(f"{place.site}/{place.node}")
        act = {"state": self._state, "info": self._info, "diag": self._diag, "ota_status": self._status}
        if member is None or place.kind.name not in act or check_message(topic, payload, retained, strict=False):
            return
        act[place.kind.name](member, json.loads(payload))

    def _state(self, member: Member, message: dict[str, Any]) -> None:
        member.online = message["state"] == "online"

    def _info(self, member: Member, message: dict[str, Any]) -> None:
        member.info, member.build = message, message["build"]
        if self.progress.mode != FINISHED and member.step in (CONFIRMED, DONE) and not self.target.runs_on(member.runs):
            self._fail(member, "old", f"It confirmed the release, and came back with {member.runs}.")

    def _diag(self, member: Member, message: dict[str, Any]) -> None:
        member.rssi = message["rssi"]

    def _status(self, member: Member, message: dict[str, Any]) -> None:
        phase = message["phase"]
        member.on_trial = phase == "trial"
        if not member.id or message["id"] != member.id:
            return
        late = member.step == FAILED and member.word == SILENT
        if member.step not in (ASKED, WORKING) and not (late and phase in ("confirmed", "reverted", "rejected")):
            return
        member.phase, member.word, member.sentence = phase, message["word"], message["sentence"]
        if phase == "confirmed":
            member.step, member.powered_min, member.healthy_min = CONFIRMED, 0.0, 0.0
            self._ended.add(member.name)
            if message["runs"] != self.target.build:
                self._fail(member, "old", f"It confirms the release, and runs build {message['runs']}.")
        elif phase in ("reverted", "rejected"):
            self._fail(member, message["word"] or phase, message["sentence"])
        elif phase == "withdrawn":  # somebody else has taken it back
            member.again()
        else:
            member.step = WORKING

    # -- what time brings

    def tick(self, utc: float, connected: bool = True) -> list[Publication]:
        """To be called about once a second. connected -- whether this computer hears what lampposts say."""
        minutes = min((utc - self._last) / 60, _LONGEST_MIN) if self._last and connected else 0.0
        self._last = utc
        if self.progress.mode in (RUNNING, PAUSED, STOPPED):
            self._count(max(0.0, minutes))
        asked: list[Publication] = []
        if self.progress.mode == RUNNING and self.progress.group:
            self._judge(utc)
        if self.progress.mode == RUNNING and self.progress.group and connected:
            asked = list(self._ask(utc))
        ended, self._ended = self._ended, set()
        return [self._publication(self._by_name[name], "") for name in sorted(ended)] + asked

    def _count(self, minutes: float) -> None:
        """Minutes of the members whose circuit has power, and what their deadlines say."""
        live = circuits.powered(self.members)
        for one in self.members:
            turn = one.step in (WAITING, UNREACHED) and 0 < one.group <= self.progress.group
            if one.step == UNREACHED and one.ready:
                one.again()
            if not (one.under_way or turn) or one.place.circuit not in live:
                continue
            if one.step == CONFIRMED and one.online and self.target.runs_on(one.runs):
                one.healthy_min += minutes
                if one.healthy_min >= self.plan.healthy_min:
                    one.step, one.word, one.sentence = DONE, "", ""
            elif one.under_way or not one.ready:
                one.powered_min += minutes
            if one.powered_min >= self.plan.deadline_min:
                self._overdue(one)

    def _overdue(self, one: Member) -> None:
        within = f"in {self.plan.deadline_min} powered minutes"
        if one.step == WAITING:
            one.step = UNREACHED
            what = "Still on trial of another update" if one.on_trial else "Not online"
            one.sentence = f"{what} {within} of its circuit."
        elif one.under_way and one.online:
            self._fail(one, "late", f"Not done {within}; it is {one.phase or 'online'}.")
        elif one.under_way:
            self._fail(one, SILENT, f"Asked, and not back {within} of its circuit.")

    def _judge(self, utc: float) -> None:
        progress = self.progress
        if progress.direction != _BACK and (reason := self._too_many()):
            progress.mode, progress.reason = STOPPED, reason
            self._halt()
            self._note(f"stopped: {reason}")
            return
        if any(self._pending(one) for one in self.members):
            return
        if progress.group >= self.groups:
            progress.mode = FINISHED
            self._note("finished")
            return
        if not progress.ended_at:
            progress.ended_at = utc
            self._note(f"group {progress.group} is through")
        if nights_between(progress.ended_at, utc, self.plan.middle) >= self.plan.nights:
            progress.group, progress.ended_at = progress.group + 1, 0.0
            self._note(f"group {progress.group} begins")

    def _too_many(self) -> str:
        """Why the failures of a group are too many; "" if they are not."""
        for group in range(1, self.progress.group + 1):
            of = [one for one in self.members if one.group == group]
            failed = [one for one in of if one.step == FAILED and not one.accepted]
            ended = sum(one.step in (DONE, FAILED) for one in of)
            if len(failed) * 100 > self.plan.failures_percent * max(ended, min(len(of), _FEW)):
                return f"{len(failed)} of the {len(of)} in group {group} failed: {_examples(failed)}"
        return ""

    def _pending(self, one: Member) -> bool:
        """Whether the current group waits for it. One beside a silent lamppost is left out until that is back."""
        if one.step == WAITING and 0 < one.group <= self.progress.group:
            return not any(other.dark for other in one.neighbours)
        return one.under_way

    def _ask(self, utc: float) -> Iterable[Publication]:
        room = self.plan.at_once - sum(one.under_way for one in self.members)
        for one in self.members:
            if one.step != WAITING or not 0 < one.group <= self.progress.group or not one.ready:
                continue
            if self.target.runs_on(one.runs):
                one.step, one.powered_min = CONFIRMED, 0.0
                continue
            if room <= 0 or any(other.under_way or other.dark for other in one.neighbours):
                continue
            if near_dusk(utc, one.place.at or self.plan.middle):
                continue
            room -= 1
            one.attempts += 1
            one.desired = 1
            one.step, one.id, one.powered_min = ASKED, f"{self.progress.id}-{one.attempts}", 0.0
            yield self._publication(one, one.id)

    def _halt(self) -> None:
        """Take back what lampposts have not restarted with."""
        for one in self.members:
            if one.under_way and not one.committed:
                one.again()
                self._ended.add(one.name)

    def _fail(self, one: Member, word: str, sentence: str) -> None:
        one.fail(word, sentence)
        self._ended.add(one.name)
        self._note(f"{one.name} failed ({word}): {sentence}")

    def _publication(self, one: Member, name: str) -> Publication:
        return Publication(one.name, name, self.target)

    def _note(self, text: str) -> None:
        self.news.append(text)


def _examples(failed: list[Member]) -> str:
    told = ", ".join(f"{one.name} ({one.word})" for one in failed[:3])
    return told + (f" and {len(failed) - 3} more" if len(failed) > 3 else "")
