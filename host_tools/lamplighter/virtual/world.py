"""The world of one virtual lamppost as it goes on from boot to boot: its time, its parts, what was done to it."""

from __future__ import annotations

import datetime
import json
import time
import uuid
from pathlib import Path
from typing import Any

from ..boards.board_file import Board
from . import scenario_file
from .scenario_file import Scenario
from .simulated_network import SimulatedNetwork

_EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC).timestamp()
_KEPT_EVERY_US = 1_000_000  # how often the chip notes its time in fast mode


class World:
    """Files in `folder` carry it: world.json (facts for the chip), plan, clock, rtc, <part>.part (what parts keep).

    fast -- time only passes while the chip runs, by leaps; else it is the real one.
    """

    def __init__(
        self, board: Board, folder: Path, scenario: Scenario | str | Path | None, fast: bool, network: SimulatedNetwork
    ):
        if scenario is None:
            scenario = scenario_file.default(board)
        elif not isinstance(scenario, Scenario):
            scenario = scenario_file.load(scenario, board)
        facts = scenario.world(folder)
        self.folder, self.fast = folder, fast
        self.parts: list[dict[str, Any]] = facts["parts"]
        self.events: list[dict[str, Any]] = facts["events"]
        self.luminaire: dict[str, Any] | None = facts["luminaire"]
        self._done: set[int] = set()
        self._values: dict[str, dict[str, Any]] = {}
        self._faults: dict[str, tuple[str, dict[str, Any]]] = {}
        self._inputs: dict[tuple[str, int], int] = {}  # (drive or volts, pin): level or microvolts
        network.ssid, network.password = facts["wifi"]["ssid"], facts["wifi"]["password"]
        network.rssi = facts["wifi"]["rssi"]
        network.hosts.update({name: (address, port) for name, (address, port) in facts["hosts"].items()})
        self._began = time.monotonic()
        self._us = 0
        start = facts["start"]
        self.utc_us = int((time.time() - _EPOCH) * 1_000_000) if start is None else start * 1_000_000
        self.clock_file, self.rtc_file = folder / "clock", folder / "rtc"
        self.clock_file.write_bytes(bytes(8))
        self.forget_rtc()
        self.forget_parts()

    def us(self) -> int:
        """Microseconds since this world began; never runs backwards."""
        if self.fast:
            return self._us
        return int((time.monotonic() - self._began) * 1_000_000)

    def utc(self) -> datetime.datetime:
        """The true time there."""
        us = self.us() if not self.fast else max(self._us, int.from_bytes(self.clock_file.read_bytes(), "little"))
        return datetime.datetime.fromtimestamp(_EPOCH + (self.utc_us + us) / 1e6, datetime.UTC)

    def reached(self, us: int) -> None:
        """The chip says what time it is there (fast time)."""
        self._us = max(self._us, us)

    def stopped_dead(self) -> None:
        """The chip could not say what time it was: what it noted last, and as much as it may have lived since."""
        kept = int.from_bytes(self.clock_file.read_bytes(), "little")
        self._us = max(self._us, kept + _KEPT_EVERY_US)

    def pass_by(self, us: int) -> None:
        """Time passes while the chip does not run."""
        if self.fast:
            self._us += us

    def forget_rtc(self) -> None:
        """The RTC lost its supply."""
        self.rtc_file.write_bytes(b"")

    def forget_parts(self) -> None:
        """The parts lost their supply: only what outlives that is taken up again."""
        self._supply = uuid.uuid4().hex

    # steering

    def set_values(self, part: str, values: dict[str, Any]) -> None:
        self._values.setdefault(part, {}).update(values)

    def set_fault(self, part: str, kind: str, options: dict[str, Any]) -> None:
        self._faults[part] = (kind, options)

    def set_input(self, kind: str, pin: int, value: int) -> None:
        self._inputs[kind, pin] = value

    def event_done(self, index: int) -> dict[str, Any] | None:
        """An event has happened; None when that was known already."""
        if index in self._done:
            return None
        self._done.add(index)
        event = self.events[index]
        if event["do"] == "values":
            self.set_values(event["part"], event["values"])
        elif event["do"] == "fault":
            self.set_fault(event["part"], event["kind"], event["options"])
        return event

    def next_power_on(self) -> tuple[int, int] | None:
        """(index, microseconds) of the next event that gives the power back."""
        for index, event in enumerate(self.events):
            if event["do"] == "power_on" and index not in self._done:
                return index, int(event["at_s"] * 1_000_000)
        return None

    def steering(self) -> list[list[Any]]:
        """Messages that bring fresh parts to where they are now."""
        return (
            [["set", part, values] for part, values in self._values.items()]
            + [["fault", part, kind, options] for part, (kind, options) in self._faults.items()]
            + [[kind, pin, value] for (kind, pin), value in self._inputs.items()]
        )

    def write(self, facts: dict[str, Any]) -> Path:
        """Write world.json for the next run of the chip: `facts` and what this world adds."""
        self.clock_file.write_bytes(self.us().to_bytes(8, "little"))
        path = self.folder / "world.json"
        plan = self.folder / "plan"
        events = [self._row(index) for index in range(len(self.events)) if index not in self._done]
        plan.write_text("".join(json.dumps(row) + "\n" for row in events if row), encoding="utf-8")
        path.write_text(json.dumps({
            **facts, "fast": self.fast, "world_us": self.us(), "utc_us": self.utc_us, "parts": self.parts,
            "luminaire": self.luminaire, "supply": self._supply,
            "steering": self.steering(), "plan": str(plan),
            "folder": str(self.folder), "keep": str(self.clock_file), "rtc": str(self.rtc_file),
        }), encoding="utf-8")  # fmt: skip
        return path

    def _row(self, index: int) -> list[Any] | None:
        """[index, microseconds, message to the chip's own parts, whether the run ends] for the chip."""
        event = self.events[index]
        message: list[Any] | None = None
        if event["do"] == "power_on":
            return None
        if event["do"] == "values":
            message = ["set", event["part"], event["values"]]
        elif event["do"] == "fault":
            message = ["fault", event["part"], event["kind"], event["options"]]
        return [index, int(event["at_s"] * 1_000_000), message, event["do"] in ("power_cut", "reset")]
