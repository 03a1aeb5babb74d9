"""One lamppost in a roll-out: how far it is, and what it has said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..release.what_runs import WhatRuns
from .plan_file import Place

WAITING = "waiting"  # for its turn
ASKED = "asked"  # ota/desired is published, and nothing came back yet
WORKING = "working"  # it has said so in ota/status
CONFIRMED = "confirmed"  # its own word; its healthy minutes are counted
DONE = "done"
FAILED = "failed"
UNREACHED = "unreached"  # not online in all the powered minutes of its circuit
LEFT = "left"  # not touched by a roll-out that went back

UNDER_WAY = (ASKED, WORKING, CONFIRMED)
STEPS = (WAITING, *UNDER_WAY, DONE, FAILED, UNREACHED, LEFT)
KEPT = (
    "name", "group", "step", "id", "attempts", "phase", "word", "sentence", "powered_min", "healthy_min", "accepted",
    "build", "desired",
)  # fmt: skip
SILENT = "silent"  # the word of a failure: asked, and not heard of again


@dataclass
class Member:
    """The fields of KEPT are in the state file; the others come anew from the broker."""

    name: str  # SITE/NODE
    group: int = 0
    step: str = WAITING
    id: str = ""  # of its update
    attempts: int = 0
    desired: int = 0  # 1: the broker may hold ota/desired for it
    phase: str = ""  # of ota/status
    word: str = ""
    sentence: str = ""
    powered_min: float = 0.0  # of its circuit, since it was asked, or since its group began
    healthy_min: float = 0.0
    accepted: int = 0  # 1: somebody has resumed the roll-out in spite of its failure

    online: bool = False
    build: str = ""  # by its retained `info`
    info: dict[str, Any] = field(default_factory=dict)
    rssi: int | None = None
    on_trial: bool = False  # as ota/status says, of whichever update
    place: Place = field(default_factory=lambda: Place("", "", "", None))
    neighbours: list[Member] = field(default_factory=list, repr=False)

    @property
    def runs(self) -> WhatRuns:
        return WhatRuns.of(self.info) if self.info else WhatRuns(self.build)

    @property
    def under_way(self) -> bool:
        return self.step in UNDER_WAY

    @property
    def ready(self) -> bool:
        """Whether it can be asked: it is online, has said what it runs, and no other update of it is on trial."""
        return self.online and bool(self.info) and not self.on_trial

    @property
    def dark(self) -> bool:
        """Whether it fell silent by its update and is not back."""
        return self.step == FAILED and self.word == SILENT and not self.online

    @property
    def committed(self) -> bool:
        """Whether it has restarted with the release: taking ota/desired back changes nothing any more."""
        return self.step == CONFIRMED or (self.step == WORKING and self.phase == "trial")

    def fail(self, word: str, sentence: str) -> None:
        self.step, self.word, self.sentence = FAILED, word, sentence

    def again(self) -> None:
        """Back to waiting for its turn."""
        self.step, self.phase, self.word, self.sentence = WAITING, "", "", ""
        self.powered_min = self.healthy_min = 0.0
        self.accepted = 0

    def row(self) -> dict[str, Any]:
        """What is kept; of minutes the whole ones, so that the file is not written each second."""
        row = {name: getattr(self, name) for name in KEPT}
        return {**row, "powered_min": int(self.powered_min), "healthy_min": int(self.healthy_min)}
