"""A simulated street for roll-outs: one client speaks for a thousand lampposts, in played time.

Simulated are the lampposts: how long they take, what happens to them, and what they publish. Real are the broker, the
messages, and the roll-out itself.
"""

from __future__ import annotations

import json
import random
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

import paho.mqtt.client as paho
from lamplighter.rollout.night_passed import near_dusk
from lamplighter.rollout.plan_file import Place

OLD, NEW = "old-build", "new-build"
MARK = "simulation/mark"
MICROPYTHONS = ("1.26.1", "1.28.0", "1.28.0")  # the old one with a boot loader that cannot go back by itself
ON_MIN, OFF_MIN = 16 * 60, 31 * 60  # minutes of the day at which the circuits are switched on, and off the day after
HEALTHY_MIN = 5  # as firmware/lamppost/ops/update/trial.py has it
CUT_MIN = 12  # a power cut takes so long
LOST_MIN = 2  # after which the broker's will says so
BOOT_MIN = 1

DIAG = {
    "heap_free": 1, "depth": 0, "dropped": 0, "power_cuts": 0, "rssi": None, "reset": "power-on", "faults": {},
    "wear": {"cycles": 0, "rated": 100000, "bad": 0, "years": None},
}  # fmt: skip


@dataclass
class Fate:
    """What becomes of a lamppost's update: never returns, comes back old, or is cut so often."""

    never: bool = False
    old: str = ""  # "crash": the trial is reverted; "fallback": it is confirmed, and the next start is the old build
    cuts: int = 0


@dataclass
class Post:
    """One simulated lamppost. Minutes count while it has power."""

    place: Place
    fate: Fate
    rng: random.Random
    always_on: bool
    build: str = OLD
    board: str = "lamppost-esp32"
    micropython: str = "1.28.0"
    rssi: int = -60
    up: bool = False  # connected
    dead: bool = False
    cut_left: int = 0  # minutes until its own power comes back
    boot_left: int = 0
    wanted: dict | None = None
    status: dict | None = None  # the last that it published
    work: str = ""  # downloading, waiting, trial
    minutes: int = 0  # of the work
    takes: int = 0
    last_id: str = ""  # of the update that ended
    boots: int = 0
    restarts_near_dusk: int = 0
    said: list[tuple[str, dict]] = field(default_factory=list)

    def say(self, suffix: str, body: dict) -> None:
        self.said.append((suffix, body))

    def tell(self, phase: str, word: str = "", sentence: str = "") -> None:
        name = self.wanted["id"] if self.wanted else self.last_id
        self.status = {
            "id": name, "phase": phase, "word": word, "sentence": sentence, "build": NEW, "runs": self.build,
            "done": 0, "total": 0,
        }  # fmt: skip
        self.say("ota/status", self.status)

    def minute(self, utc: float, circuit_on: bool, bad: bool) -> None:
        """bad -- the release does not work: every trial of it ends by crashes."""
        if self.cut_left:
            self.cut_left -= 1
        if self.dead or self.cut_left or not (circuit_on or self.always_on):
            self._dark()
            return
        if not self.up:
            self.boot_left -= 1
            if self.boot_left < 0:
                self._connect()
            return
        self._work(utc, bad)

    def _dark(self) -> None:
        if self.up:
            self.up = False
            self.say("state", {"state": "lost", "reason": "will"})
            if self.fate.old == "fallback" and self.build == NEW and not self.work:
                self.build = OLD  # its new slot is worn: the next start is the old build
                self.fate.old = ""
        self.boot_left = BOOT_MIN

    def _connect(self) -> None:
        self.up = True
        self.boots += 1
        self.say("state", {"state": "online", "reason": ""})
        self.say("info", self.info())
        if self.status:
            self.say("ota/status", {**self.status, "runs": self.build})

    def info(self) -> dict:
        lat, lon = self.place.at or (0, 0)
        return {
            "firmware": "lamppost 0.1.0", "build": self.build, "board": self.board, "chip": "esp32", "parts": [],
            "units": {}, "asset": None, "location": {"lat": lat, "lon": lon}, "config": "0" * 12,
            "base": {"micropython": self.micropython, "slot": "ota_0", "rollback": self.micropython != "1.26.1"},
            "schema": {"messages": 1, "config": 1},
        }  # fmt: skip

    def _work(self, utc: float, bad: bool) -> None:
        wanted = self.wanted
        if self.work and self.work != "trial" and not wanted:
            self.work = ""
            self.tell("withdrawn")
            return
        if not self.work:
            if wanted and wanted["id"] != self.last_id:
                self.work, self.minutes, self.takes = "downloading", 0, self.rng.randint(1, 5)
                self.tell("downloading")
            return
        self.minutes += 1
        if self.fate.cuts and self.minutes == 1:  # once in the download and once in the trial
            self.fate.cuts -= 1
            self.cut_left = CUT_MIN
            self.minutes = 0 if self.work == "trial" else self.minutes - 1
            return
        if self.work in ("downloading", "waiting") and self.minutes >= self.takes:
            if near_dusk(utc, self.place.at):
                if self.work != "waiting":
                    self.work = "waiting"
                    self.tell("waiting", "dusk", "It restarts half an hour after sunset.")
                return
            self.restarts_near_dusk += near_dusk(utc, self.place.at)
            self._restart()
        elif self.work == "trial":
            self._trial(bad)

    def _restart(self) -> None:
        self.tell("verified")
        self.tell("trial")
        self.work, self.minutes, self.up, self.boot_left = "trial", 0, False, BOOT_MIN
        self.build = NEW if self.wanted and self.wanted["new"] else OLD
        self.say("state", {"state": "offline", "reason": "update"})
        self.dead = self.fate.never

    def _trial(self, bad: bool) -> None:
        if self.minutes < (3 if bad else HEALTHY_MIN):
            return
        self.last_id = self.status["id"] if self.status else ""
        self.work = ""
        if self.build == NEW and (bad or self.fate.old == "crash"):
            self.build, self.up, self.boot_left, self.wanted = OLD, False, BOOT_MIN, None
            self.tell("reverted", "crashed", "the new app crashed 3 times")
            self.said.pop()  # it says so after the restart
            self.say("state", {"state": "offline", "reason": "reverted"})
            self.status = {**(self.status or {}), "id": self.last_id}
        else:
            self.tell("confirmed")


class SimulatedStreet:
    """places -- of the roster; fates -- by name; bad -- the release does harm; new -- sha256 of the new release"""

    def __init__(
        self, port: int, places: list[Place], fates: dict[str, Fate], new: str, bad: bool = False, seed: int = 1
    ):
        self.bad = bad
        self._new = new
        rng = random.Random(seed)
        self.posts = {
            place.name: Post(
                place, fates.get(place.name, Fate()), random.Random(rng.random()), place.circuit.endswith("0"),
                board=place.board, micropython=rng.choice(MICROPYTHONS), rssi=rng.randint(-88, -50),
            )
            for place in places
        }  # fmt: skip
        self._lock = threading.Lock()
        self._marks: set[str] = set()
        self._marked = threading.Condition()
        self._utc = 0.0
        self.most_under_way = 0
        self.neighbours_together = 0
        self.requests: dict[str, set[str]] = {}  # name -> ids that it was asked with
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="simulated-street")
        self.client.on_message = self._take
        ready = threading.Event()
        self.client.on_socket_open = lambda _client, _data, sock: sock.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.max_inflight_messages_set(0)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        topics = ("lamppost/v1/+/+/ota/desired", "lamppost/v1/+/+/cmd/report", MARK + "/back")
        self.client.subscribe([(topic, 1) for topic in topics])
        assert ready.wait(10), "the broker does not answer"

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def minute(self, utc: float) -> None:
        """One minute passes; what the lampposts say is published, and a mark after it."""
        self._utc = utc
        of_day = int(utc // 60) % 1440
        on = of_day >= ON_MIN or of_day < OFF_MIN - 1440
        with self._lock:
            for post in self.posts.values():
                post.minute(utc, on, self.bad)
                self._publish(post)
        self.client.publish(MARK, str(int(utc)), 1)

    def heard_all(self, mark: str) -> None:
        """Wait until what was published before that mark is here."""
        with self._marked:
            assert self._marked.wait_for(lambda: mark in self._marks, 60), "the broker has lost a mark"
            self._marks.discard(mark)

    def repair(self) -> None:
        """Somebody has visited those that fell silent."""
        for post in self.posts.values():
            if post.dead:
                post.dead, post.work, post.build, post.wanted, post.fate = False, "", OLD, None, Fate()
                post.last_id = post.status["id"] if post.status else ""
                post.tell("reverted", "crashed", "exchanged")
                post.said.clear()
            post.fate = Fate()

    def _publish(self, post: Post) -> None:
        said, post.said = post.said, []
        for suffix, body in said:
            ts = datetime.fromtimestamp(self._utc, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            head = {"v": 1, "b": post.boots, "s": None, "ts": ts, "tq": 3, "h": 0}
            topic = f"lamppost/v1/{post.place.name}/{suffix}"
            self.client.publish(topic, json.dumps({**head, **body}), 1, suffix != "diag")

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic.startswith(MARK):
            with self._marked:
                self._marks.add(message.payload.decode())
                self._marked.notify_all()
            return
        _, _, site, node, kind, _ = message.topic.split("/")
        with self._lock:
            post = self.posts[f"{site}/{node}"]
            if kind == "cmd":
                if post.up:
                    post.say("diag", {**DIAG, "rssi": post.rssi})
                    self._publish(post)
                return
            wanted = json.loads(message.payload) if message.payload else None
            if wanted:
                self.requests.setdefault(post.place.name, set()).add(wanted["id"])
                wanted["new"] = wanted["sha256"] == self._new
            post.wanted = wanted
