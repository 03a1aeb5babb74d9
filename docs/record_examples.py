"""`make examples`: records an example of every message from a virtual lamppost, normal and with missing values.

A lamppost with a meter, a bay, air and light sensors runs in fast time against a real Mosquitto; then its parts fall
silent. Another one has DALI gear. The first message of each kind that shows what is wanted becomes the example.
Writes contract/examples.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lamplighter.bench.lampposts import WIFI, VirtualPost
from lamplighter.boards import board_file
from lamplighter.contract import check_message, examples, kinds, parse_topic
from lamplighter.image import build, simulated
from lamplighter.telemetry.subscriber import Incoming, Subscriber

DOCS = Path(__file__).resolve().parent
sys.path += [str(DOCS.parent / "tests/interop"), str(DOCS.parent / "tests/virtual")]
SIX = DOCS / "field/six-parts"
PARTS = ("meter", "range", "magnet", "dust", "carbon", "daylight")
Wanted = Callable[[dict[str, Any]], bool]


def _all(letter: str) -> Wanted:
    return lambda message: set(message["q"].values()) == {letter}


# name: (topic suffix, summary, what the message must show), in the order in which they are recorded
NORMAL: dict[str, tuple[str, str, Wanted]] = {
    "state": ("state", "The node is connected.", lambda m: m["state"] == "online"),
    "info": ("info", "What the lamppost is: firmware, parts, units, place.", lambda m: True),
    "evt-boot": ("evt/boot", "A start; last_b and last_s name the last record before it.", lambda m: True),
    "evt-clock": ("evt/clock", "The clock was set by a time server.", lambda m: True),
    "evt-config": ("evt/config", "A new configuration is in use.", lambda m: True),
    "tele-energy": ("tele/energy", "A window with all values valid.", _all("V")),
    "tele-parking": ("tele/parking/1", "A free bay.", lambda m: m["state"] == "free"),
    "tele-parking-occupied": ("tele/parking/1", "A vehicle has come.", lambda m: m["state"] == "occupied"),
    "tele-air": ("tele/air", "A window with all values valid.", _all("V")),
    "tele-light": ("tele/light", "Daylight.", lambda m: m["night"] is False),
    "evt-switching": ("evt/switching", "The lamp follows its programme.", lambda m: m["cause"] == "schedule"),
    "diag": ("diag", "Figures of a healthy node.", lambda m: True),
}
ANSWERED: dict[str, tuple[str, str, Wanted]] = {
    "cmd": ("cmd/identify", "A command to blink the status LED for 20 s.", lambda m: m["id"] == "5e1f0c2a"),
    "ack-accepted": ("ack/5e1f0c2a", "The command is in work.", lambda m: m["word"] == "accepted"),
    "ack": ("ack/5e1f0c2a", "The command is done; a repeat of it gets this answer again.", lambda m: m["word"] == "ok"),
    "ack-progress": ("ack/log-7", "Lines of the log on the way to the answer.", lambda m: m["word"] == "progress"),
    "ack-refused": ("ack/late-1", "A command that came after its exp.", lambda m: m["word"] == "expired"),
}
MISSING: dict[str, tuple[str, str, Wanted]] = {
    "alarm-sensorFault": ("alarm/sensorFault-meter", "The meter does not answer.", lambda m: True),
    "tele-energy-missing": ("tele/energy", "The meter is silent: every value is null with its letter.", _all("U")),
    "tele-parking-missing": ("tele/parking/1", "Both sensors are silent.", lambda m: m["state"] == "unknown"),
    "tele-air-missing": ("tele/air", "All air sensors are silent.", _all("U")),
    "tele-light-missing": ("tele/light", "The light sensor is silent.", _all("U")),
}
# topics of which the rows that are there stay: no run makes them
WRITTEN = ("cfg/desired", "cfg/reported", "ota/desired", "ota/fetch", "ota/block", "ota/status")
CLEARED = ("alarm-sensorFault-cleared", "alarm/sensorFault-meter", "The alarm is cleared: an empty payload.")


class Recording:
    """Waits for the wanted messages of one lamppost."""

    def __init__(self, subscriber: Subscriber) -> None:
        self.subscriber = subscriber
        self.rows: dict[str, dict[str, Any]] = {}

    def collect(self, wanted: dict[str, tuple[str, str, Wanted]], seconds: float = 240) -> None:
        left = dict(wanted)
        deadline = time.monotonic() + seconds
        while left:
            arrived = self.subscriber.next(1)
            if time.monotonic() > deadline:
                raise SystemExit(f"not seen within {seconds:g} s: {', '.join(left)}")
            if not isinstance(arrived, Incoming) or not arrived.payload:
                continue
            if wrong := check_message(arrived.topic, arrived.payload, arrived.retained):
                raise SystemExit(f"{arrived.topic}: {wrong}")
            message = json.loads(arrived.payload)
            suffix = parse_topic(arrived.topic).suffix
            for name, (topic, summary, shows) in list(left.items()):
                if topic == suffix and shows(message):
                    self.rows[name] = {"name": name, "summary": summary, "topic": arrived.topic, "payload": message}
                    print(f"{name}: recorded")
                    del left[name]
                    break


def command(recording: Recording, verb: str, name: str, args: dict[str, Any], hours: int = 1) -> None:
    """Send a command that is good for so many hours of the lamppost's own time."""
    now = recording.rows["diag"]["payload"]["ts"]
    exp = (datetime.fromisoformat(now) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    topic = recording.rows["diag"]["topic"].removesuffix("diag") + f"cmd/{verb}"
    recording.subscriber.publish(topic, json.dumps({"id": name, "exp": exp, "args": args}).encode())


def gear(folder: Path) -> dict[str, Any]:
    """tele/gear/0 of a lamppost whose gear has read its memory banks."""
    from night_lamp import LISBON, RTC, Lamp  # type: ignore[import-not-found]

    lamp = Lamp(folder, parts=[RTC], location=LISBON, gears=[{"address": 0}], lamp={"output": "dali"})
    try:
        lamp.node.start()
        lamp.live(660)
        return lamp.wait("tele/gear/0")[0]
    finally:
        lamp.close()


def main() -> int:
    from brokers import Mosquitto  # type: ignore[import-not-found]

    board = board_file.load("lamppost-six", SIX)
    document = json.loads((SIX / "lp-0066.json").read_text(encoding="utf-8"))
    document |= {"asset": "LIS-004711", "location": {"lat": 38.7223, "lon": -9.1393}, "wifi": WIFI}
    document["mqtt"] |= {"spread_s": 0}
    document["lamp"] = {"output": "0-10v", "ramp_s": 0}
    document["energy"]["window_s"] = document["air"]["window_s"] = document["light"]["window_s"] = 60
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        broker = Mosquitto(folder / "broker")
        broker.start()
        (folder / "flash.bin").write_bytes(build.build(board, simulated.standin(board)).flash())
        (folder / "lp-0066.json").write_text(json.dumps(document))
        first = VirtualPost(board, folder / "first", broker.port, flash=folder / "flash.bin")
        with first.lamp:
            done = first.tool("configure", folder / "lp-0066.json")
            if done.returncode:
                raise SystemExit(done.stderr)
        post = VirtualPost(board, folder / "lamp", broker.port, flash=folder / "flash.bin", speed=20)
        try:
            with Subscriber("127.0.0.1", broker.port, ["lamppost/v1/#"]) as subscriber:
                post.lamp.start()
                lamp = post.lamp
                lamp.part("meter").set(watts=86, pf=0.95)
                lamp.part("range").set(mm=3200)
                lamp.part("daylight").set(lux=1234)
                recording = Recording(subscriber)
                free, rest = NORMAL.pop("tele-parking-occupied"), NORMAL
                recording.collect(rest)
                lamp.part("range").set(mm=1500)
                lamp.part("magnet").set(x_ut=35.0, y_ut=-18.0, z_ut=-65.0)
                recording.collect({"tele-parking-occupied": free})
                command(recording, "identify", "5e1f0c2a", {"seconds": 20})
                command(recording, "log", "log-7", {"lines": 2})
                command(recording, "reboot", "late-1", {}, hours=-1)
                recording.collect(ANSWERED)
                for part in PARTS:
                    lamp.part(part).fault("silence")
                recording.collect(MISSING)
        finally:
            post.lamp.stop()
            broker.stop()
        payload = gear(folder / "gear")
    topic = recording.rows["diag"]["topic"].removesuffix("diag") + "tele/gear/0"
    summary = "What DALI gear says of itself and its lamp."
    recording.rows["tele-gear"] = {"name": "tele-gear", "summary": summary, "topic": topic, "payload": payload}
    name, topic, summary = CLEARED
    raised = recording.rows["alarm-sensorFault"]["topic"]
    recording.rows[name] = {"name": name, "summary": summary, "topic": raised, "payload": None}
    for row in examples.files().values():
        if parse_topic(row["topic"]).suffix in WRITTEN:
            recording.rows.setdefault(row["name"], row)
    seen = {parse_topic(row["topic"]).kind for row in recording.rows.values()}
    assert seen == set(kinds()), f"no example of {set(kinds()) - seen}"
    rows = sorted(recording.rows.values(), key=lambda row: row["name"])
    examples.FILE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return subprocess.run([sys.executable, DOCS / "generate.py"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
