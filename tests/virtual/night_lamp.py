"""One virtual lamppost with a meter in fast time, its broker and a subscriber: nights of it pass in a second."""

from __future__ import annotations

import datetime
import json
import sys
import time
from pathlib import Path

from lamplighter.boards import board_file
from lamplighter.contract import check_message
from lamplighter.virtual.lamppost import VirtualLamppost
from lamplighter.virtual.scenario_file import Scenario, default

for folder in ("interop", "powercut"):
    sys.path.append(str(Path(__file__).parent.parent / folder))

import readymade  # noqa: E402
from brokers import Mosquitto, Subscriber  # noqa: E402

EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
START = datetime.datetime(2026, 9, 20, 19, 0, tzinfo=datetime.UTC)
LISBON = {"lat": 38.72, "lon": -9.14}
RTC = {"id": "rtc", "part": "ds3231", "bus": "i2c0"}
LATE = {
    "zone": "WET0WEST,M3.5.0/1,M10.5.0", "calendar": [{"programme": "late"}],
    "programmes": {"late": {"periods": [{"from": "sunset", "to": "sunrise"}],
                            "points": [{"at": "23:00", "op": "set", "level": 50}]}},
}  # fmt: skip
SERVERS = ["a.time.lan", "b.time.lan", "c.time.lan"]


def seconds(moment: datetime.datetime) -> int:
    """Since 2000."""
    return int((moment - EPOCH).total_seconds())


def stamp(message: dict) -> int:
    """When a message says that it was made, in seconds since 2000."""
    return seconds(datetime.datetime.fromisoformat(message["ts"]))


class Lamp:
    """A lamppost with a meter, in fast time, its broker and its subscriber.

    gears -- options of the DALI gear on its bus, whose power the meter sees
    """

    def __init__(self, folder: Path, parts=(), start=START, servers=SERVERS, luminaire=None, gears=(), **changes):
        self.broker = Mosquitto(folder / "broker")
        self.broker.start()
        self.subscriber = Subscriber(self.broker.port)
        self._read: list[tuple[str, dict]] = []  # what said() has looked at
        board = board_file.load("lamppost-esp32")
        fitted = default(board)
        twins = [row for row in fitted.parts if row["id"] == "meter"]
        twins += [{**row, "options": {}} for row in parts]
        for number, options in enumerate(gears):
            row = {"id": f"gear-{number}", "part": "dali_gear", "bus": "dali"}
            twins.append({**row, "options": {"meter": "meter", **options}})
        if luminaire is not None:
            pins = {"relay": board.pins["lamp_relay"], "pwm": board.pins["lamp_pwm"], "meter": "meter"}
            luminaire = {**pins, **luminaire}
        scenario = Scenario(seconds(start), fitted.wifi, {}, twins, luminaire=luminaire)
        meter = [row for row in board.node_document()["fitted"] if row["id"] == "meter"]
        changes.setdefault("energy", {"part": "meter", "window_s": 60, "every_ms": 5000})
        self.configuration = readymade.configuration(
            board, "time", "lp-1", time={"servers": servers}, **{**changes, "parts": [*meter, *parts]}
        )
        self.node = VirtualLamppost(board, workdir=folder / "lamp", scenario=scenario, fast=True)
        self.node.network.hosts["broker.lan"] = ("127.0.0.1", self.broker.port)
        self.node.flash_image(readymade.flash(board, self.configuration))

    def close(self) -> None:
        self.node.stop()
        self.subscriber.close()
        self.broker.stop()

    def truth(self) -> int:
        return seconds(self.node.utc())

    def live(self, for_s: float) -> None:
        """Let it run for so long of its own time."""
        self.until(self.truth() + for_s)

    def until(self, utc_s: float) -> None:
        # an hour of its time takes some seconds; a machine that does much else may need a minute for it
        end = time.monotonic() + 60 + (utc_s - self.truth()) / 60
        while self.truth() < utc_s:
            assert time.monotonic() < end, self.node.console.text[-800:]
            time.sleep(0.005)

    def night(self, on: int, for_s: float) -> None:
        """The circuit is switched on at `on` (UTC), for so long."""
        self.node.elapse(on - self.truth())
        self.node.power_on()
        self.until(on + for_s)
        self.node.power_off()

    def said(self, suffix: str) -> list[dict]:
        """Messages of a topic, after all of every topic were kept to the contract; a cleared alarm stands as {}."""
        for topic, payload, retain in self.subscriber.messages[len(self._read) :]:
            assert not check_message(topic, payload, retain), payload
            self._read.append((topic, json.loads(payload) if payload else {}))
        return [message for topic, message in self._read if topic.endswith("/" + suffix)]

    def wait(self, suffix: str, count: int = 1) -> list[dict]:
        end = time.monotonic() + 120
        while len(self.said(suffix)) < count:
            assert time.monotonic() < end, (suffix, self.subscriber.messages[-9:], self.node.console.text[-900:])
            time.sleep(0.01)
        return self.said(suffix)
