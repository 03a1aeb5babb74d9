"""A lamppost of messages alone: every value, bay, lamp, gear and alarm of the contract, published as by a node."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from lamplighter.bridge.home_assistant import discovery
from lamplighter.contract import ROOT, UNITS, examples, parse_topic
from lamplighter.telemetry.state import Telemetry

ACCEPTED = Path(__file__).parents[1] / "data" / "home-assistant" / "accepted.json"
SITE, NODE = "milan", "lp-0042"
ENERGY = {
    "u_mv": 231400, "i_ma": 1865, "p_mean_mw": 382900, "p_max_mw": 391000, "pf": 0.98, "f_mhz": 50020,
    "imp_mwh": 215782000, "exp_mwh": 4000000, "e_mwh": 95725, "q_mvar": 21000, "s_mva": 388000,
    "u1_mv": 231000, "u2_mv": 232000, "u3_mv": 233000, "i1_ma": 610, "i2_ma": 620, "i3_ma": 635,
    "p1_mw": 127000, "p2_mw": 128000, "p3_mw": 127900,
}  # fmt: skip
AIR = {
    "pm1": 8.2, "pm2_5": 10.1, "pm4": 11.5, "pm10": 12.4, "t": 18.4, "rh": 61.5, "p": 1013.2, "co2": 617,
    "no2": 21.5, "o3": 33.5, "so2": 2.5, "co": 310.5, "voc_index": 105, "nox_index": 3,
}  # fmt: skip
GEAR = {
    "gear_mwh": 10000, "p_mw": 60000, "u_mv": 230000, "pf": 0.95, "gear_t": 45.5, "lamp_u_mv": 96000,
    "lamp_i_ma": 625, "lamp_t": 47.5,
}  # fmt: skip
ALARM = "lampFailure"


class Paper:
    """publish(topic, payload, retain) -- to the broker"""

    def __init__(self, publish: Callable[[str, bytes, bool], None], site: str, node: str, boot: int = 7) -> None:
        self.root = f"{ROOT}/{site}/{node}"
        self.boot = boot
        self._publish = publish
        self._number = 0

    def all(self) -> None:
        """Each message once."""
        self.info()
        self.state("online")
        self.energy(ENERGY)
        self.air(AIR)
        self.light()
        self.bay("1", "occupied")
        self.bay("2", "blocked")
        self.gear(GEAR)
        self.alarm(ALARM, True)
        self.update("downloading", done=250, total=1000)
        self.send("diag", rssi=-61, depth=4, power_cuts=87)

    def info(self, values: Collection[str] = tuple(UNITS), **changes: Any) -> None:
        """values -- that it can publish"""
        units = {name: {"ucum": UNITS[name]["ucum"], "rec20": UNITS[name]["rec20"]} for name in values}
        self.send("info", **{"asset": None, "units": units, "build": "b1955bad29f6", **changes})

    def state(self, word: str) -> None:
        self.send("state", state=word)

    def energy(self, values: dict[str, Any], **changes: Any) -> None:
        self._window("tele-energy", values, **changes)

    def air(self, values: dict[str, Any], **changes: Any) -> None:
        self._window("tele-air", values, **changes)

    def light(self, **changes: Any) -> None:
        values = {"level": 70, "commanded": 70, "why": "presence", "night": True, "lux": 3.5, "burn_s": 5400}
        self.send("tele-light", **{**values, "switchings": 98, **changes})

    def bay(self, name: str, state: str) -> None:
        confidence = None if state == "unknown" else 97
        self.send("tele-parking", f"tele/parking/{name}", state=state, confidence=confidence)

    def gear(self, values: dict[str, Any]) -> None:
        letters = {name: "U" if value is None else "V" for name, value in values.items()}
        self.send("tele-gear", "tele/gear/0", q=letters, **values, gear_s=7200, lamp_s=3600)

    def alarm(self, code: str, on: bool) -> None:
        if on:
            self.send("alarm-sensorFault", f"alarm/{code}")
        else:
            self._publish(f"{self.root}/alarm/{code}", b"", True)

    def update(self, phase: str, **changes: Any) -> None:
        self.send("ota-status", **{"phase": phase, "build": "ce00484cfb0a", "runs": "b1955bad29f6", **changes})

    def send(self, name: str, suffix: str = "", absent: Collection[str] = (), **changes: Any) -> None:
        """The contract's example of that name, of this lamppost and boot; absent -- members that it has not."""
        example = examples.files()[name]
        topic = f"{self.root}/{suffix or example['topic'].split('/', 4)[4]}"
        message = {**example["payload"], "b": self.boot, "ts": "2026-11-30T05:28:27Z", "tq": 3, "h": 0, **changes}
        if message["s"] is not None:
            message["s"], self._number = self._number, self._number + 1
        body = {member: value for member, value in message.items() if member not in absent}
        self._publish(topic, json.dumps(body).encode(), parse_topic(topic).kind.retained)

    def _window(self, name: str, values: dict[str, Any], **changes: Any) -> None:
        """Of these values alone: what is not fitted is not there."""
        letters = {value: "U" if number is None else "V" for value, number in values.items()}
        absent = {value for value in examples.files()[name]["payload"] if value in UNITS} - values.keys()
        self.send(name, absent=absent, q=letters, **values, **changes)


def announcement() -> dict[str, Any]:
    """The discovery message of one that has published all; without the tool's version."""
    telemetry = Telemetry(strict=False)
    Paper(telemetry.take, SITE, NODE).all()
    message = discovery.discovery(telemetry.nodes[SITE, NODE], {})
    assert message is not None
    del message["o"]["sw"]
    return message
