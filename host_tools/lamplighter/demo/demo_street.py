"""Three virtual lampposts brought up with the real tools: flashed, configured and tested, each in its own city.

The last one trusts the keys of the demo's release, and gets it over the air.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from .. import run_verb
from ..boards import board_file
from ..problems import Problem, VirtualFailed
from ..virtual import scenario_file
from ..virtual.lamppost import VirtualLamppost
from .demo_release import WEB, DemoRelease

CITIES = {"lisbon": "lamppost-esp32", "london": "lamppost-esp32s3", "milan": "lamppost-esp32s3-n8r2"}
PLACES = {"lisbon": (38.7139, -9.1394), "london": (51.5115, -0.1197), "milan": (45.4641, 9.1919)}
ZONES = {
    "lisbon": "WET0WEST,M3.5.0/1,M10.5.0", "london": "GMT0BST,M3.5.0/1,M10.5.0", "milan": "CET-1CEST,M3.5.0,M10.5.0/3",
}  # fmt: skip
WATTS = {"lisbon": 86.0, "london": 54.0, "milan": 110.0}
BROKER = "broker.lan"
STEPS = ("flash", "configure", "test")
UPDATE = "update"  # of one lamppost over the air, after these


@dataclass
class Lamp:
    """One lamppost of the demo, and how far it has come."""

    city: str
    node: str
    virtual: VirtualLamppost
    config: Path
    release: DemoRelease | None = None  # that it gets over the air
    done: dict[str, str] = field(default_factory=dict)  # step: what came of it
    doing: str = ""

    @property
    def board(self) -> str:
        return self.virtual.board.name

    def tool(self, *words: str) -> dict:
        """Run the command line as an engineer would, and take its JSON."""
        try:
            return run_verb.run(*words, "--port", self.virtual.port)[-1]
        except Problem as trouble:
            said = f"{trouble.cause} {trouble.remedy}"
            raise VirtualFailed(f"{self.node}: `lamplighter {words[0]}` failed: {said}") from None

    def bring_up(self, told: Callable[[Lamp, str], None]) -> None:
        """From blank flash to a node that has passed its self-test; told(lamp, line) after each step."""
        for step in STEPS:
            self.doing = step
            started = time.monotonic()
            self.done[step] = self._step(step)
            told(self, f"{step}: {self.done[step]}, {time.monotonic() - started:.1f} s")
        self.doing = ""

    def _step(self, step: str) -> str:
        if step == "flash":
            answer = self.tool("flash", "--board", self.board)
            return f"{answer['written'] / 1024:.0f} kB verified"
        if step == "configure":
            trust = ("--release-keys", str(self.release.keys_file)) if self.release else ()
            return self.tool("configure", *trust, str(self.config))["config"]
        checks = self.tool("test")["checks"]
        return f"{sum(row['ok'] for row in checks)} of {len(checks)} passed"


class Street:
    """`with Street(folder, broker, release) as street:` -- the lampposts stand, blank; bring_up() each, pull() one."""

    def __init__(self, folder: Path, broker: tuple[str, int], release: DemoRelease) -> None:
        self._folder, self._broker, self._release = folder, broker, release
        self._open = ExitStack()
        self.lamps: list[Lamp] = []

    def __enter__(self) -> Street:
        try:
            for number, (city, board) in enumerate(CITIES.items(), 1):
                node = f"lp-{number:04d}"
                place = self._folder / node
                stands = VirtualLamppost(board, workdir=place, scenario=scenario(city, board))
                virtual = self._open.enter_context(stands)
                virtual.network.hosts[BROKER] = self._broker
                config = place / "config.json"
                config.write_text(json.dumps(configuration(city, node, virtual.board), indent=2), encoding="utf-8")
                self.lamps.append(Lamp(city, node, virtual, config))
            self.lamps[-1].release = self._release
            self.lamps[-1].virtual.network.hosts[WEB] = self._release.server
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *trouble: object) -> None:
        self._open.close()


def scenario(city: str, board: str) -> scenario_file.Scenario:
    """The city's, with a luminaire whose power the meter sees."""
    loaded = board_file.load(board)
    pins = {"relay": loaded.pins["lamp_relay"], "pwm": loaded.pins["lamp_pwm"]}
    luminaire = {**pins, "meter": "meter", "values": {"watts": WATTS[city]}}
    return dataclasses.replace(scenario_file.load(city, loaded), luminaire=luminaire)


def configuration(city: str, node: str, board: board_file.Board) -> dict:
    """A configuration for this lamppost, with windows short enough to watch."""
    access = scenario_file.load(city, board).wifi
    parts = board.node_document()["fitted"]
    for part in parts:
        if part["part"] == "sps30":
            part["warm_s"] = 8  # the data sheet's figure for a city's air; the default is made for the cleanest
    return {
        "v": 1,
        "site": city,
        "node": node,
        "asset": node.upper(),
        "location": dict(zip(("lat", "lon"), PLACES[city], strict=True)),
        "wifi": {"ssid": access["ssid"], "password": access["password"]},
        # three need no window to come back in
        # the demo's broker speaks MQTT 3.1.1 only: without "version" the lampposts would try 5.0 first
        "mqtt": {"host": BROKER, "version": 4, "keepalive_s": 10, "spread_s": 0, "drain_spread_s": 0},
        "parts": parts,
        "lamp": {"output": "0-10v", "zone": ZONES[city], "ramp_s": 1},
        "energy": {"part": "meter", "window_s": 1, "every_ms": 500},
        "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 250}],
        "air": {"parts": ["dust", "climate"], "window_s": 5, "every_ms": 1000},
    }
