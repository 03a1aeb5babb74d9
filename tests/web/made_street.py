"""A made street: messages of lampposts as they would send them, published to a real broker one by one."""

from __future__ import annotations

import json
import math
import random
import time
from typing import Any

import paho.mqtt.client as paho
from lamplighter.contract import ROOT, UNITS
from paho.mqtt.enums import CallbackAPIVersion

PARTS = [("meter", "pzem004t"), ("bay-1", "tfmini"), ("dust", "sps30"), ("climate", "bme280"), ("daylight", "veml7700")]
VALUES = ("u_mv", "i_ma", "p_mean_mw", "p_max_mw", "imp_mwh", "pm2_5", "pm10", "t", "rh", "lux", "d_mm")


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class MadeStreet:
    """say() anything in the name of a lamppost; the rest are messages with plausible values. Closed with close()."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.max_inflight_messages_set(65535)  # none waits in a queue that paho searches for each
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._next: dict[str, int] = {}
        self.boot = 7
        self.sent = 0

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, retain: bool = False, wait: bool = False) -> None:
        self.sent += 1
        sent = self._client.publish(topic, payload, 1, retain)
        if wait:
            sent.wait_for_publish(20)

    def say(self, node: str, suffix: str, fields: dict[str, Any], retain: bool = False, numbered: bool = True,
            s: int | None = None) -> None:  # fmt: skip
        """A message of SITE/NODE; s -- its number, where the next one is not meant."""
        if numbered and s is None:
            s = self._next.get(node, 0)
            self._next[node] = s + 1
        head = {"v": 1, "b": self.boot, "s": s if numbered else None, "ts": now(), "tq": 3, "h": 0}
        self.publish(f"{ROOT}/{node}/{suffix}", json.dumps({**head, **fields}).encode(), retain)

    def state(self, node: str, state: str, reason: str = "") -> None:
        self.say(node, "state", {"state": state, "reason": reason}, True, numbered=False)

    def info(self, node: str, place: tuple[float, float] | None = None, asset: str | None = None, **more: Any) -> None:
        fields = {
            "firmware": "0.1.0", "build": "5ccb9bf74ae9", "board": "lamppost-esp32s3", "chip": "esp32s3",
            "protocol": "5.0", "parts": [{"id": name, "part": part} for name, part in PARTS], "asset": asset,
            "units": {name: {"ucum": UNITS[name]["ucum"], "rec20": UNITS[name]["rec20"]} for name in VALUES},
            "location": {"lat": place[0], "lon": place[1]} if place else None,
            "config": "475d59bb6c72", "schema": {"messages": 1, "config": 1}, **more,
        }  # fmt: skip
        self.say(node, "info", fields, True, numbered=False)

    def energy(self, node: str, watts: float, letter: str = "V", s: int | None = None) -> None:
        milli = None if letter == "U" else round(watts * 1000)
        values = {"u_mv": 230400, "i_ma": None if milli is None else round(watts / 230.4 * 1000), "p_mean_mw": milli,
                  "p_max_mw": milli, "imp_mwh": 215_782_000, "e_mwh": milli and milli // 4}  # fmt: skip
        letters = {name: "V" if value is not None else letter for name, value in values.items()}
        self.say(node, "tele/energy", {**values, "window_s": 900, "part": "meter", "mid": False, "q": letters}, s=s)

    def air(self, node: str, pm2_5: float, index: int, warm: float = 17.5) -> None:
        values = {"pm2_5": round(pm2_5, 1), "pm10": round(pm2_5 * 1.6, 1), "t": round(warm, 1), "rh": 61.0}
        aqi = {"table": "EAQI-2024", "index": index, "of": ["pm10", "pm2_5"], "partial": True}
        fields = {**values, "window_s": 600, "capture": 100, "aqi": aqi, "q": dict.fromkeys(values, "V")}
        self.say(node, "tele/air", fields)

    def light(self, node: str, lux: float) -> None:
        fields = {"lux": round(lux, 1), "night": lux < 20, "part": "daylight", "q": {"lux": "V"}}
        self.say(node, "tele/light", fields, True)

    def bay(self, node: str, bay: str, state: str) -> None:
        confidence = None if state == "unknown" else 97
        letters = {"confidence": "V" if confidence else "U", "d_mm": "V"}
        fields = {"state": state, "confidence": confidence, "since": now(), "evidence": "distance", "d_mm": 1500,
                  "q": letters}  # fmt: skip
        self.say(node, f"tele/parking/{bay}", fields, True)

    def alarm(self, node: str, code: str, severity: str = "major", evidence: str = "silent") -> None:
        fields = {"since": now(), "severity": severity, "value": None, "evidence": evidence}
        self.say(node, f"alarm/{code}", fields, True)

    def clear(self, node: str, code: str) -> None:
        self.publish(f"{ROOT}/{node}/alarm/{code}", b"", True)

    def boots(self, node: str, last_s: int | None = None) -> None:
        last_b = None if last_s is None else self.boot - 1
        fields = {"last_b": last_b, "last_s": last_s, "power_cuts": 87, "reset": "power-on", "slot": "a",
                  "build": "5ccb9bf74ae9"}  # fmt: skip
        self.say(node, "evt/boot", fields)

    def diag(self, node: str, depth: int = 0) -> None:
        fields = {
            "heap_free": 4_018_000, "depth": depth, "dropped": 0, "power_cuts": 87, "rssi": -61, "reset": "power-on",
            "wear": {"cycles": 12, "rated": 100000, "bad": 0, "years": 88}, "clock": "ntp", "clock_tu": 11,
            "faults": {},
        }  # fmt: skip
        self.say(node, "diag", fields, numbered=False)

    def whole(self, nodes: list[str], place: tuple[float, float] = (38.7139, -9.1394), seed: int = 4) -> None:
        """A street of lampposts along curved roads, on an evening: most are well."""
        dice = random.Random(seed)
        for number, node in enumerate(nodes):
            self.boots(node, 40)
            self.info(node, spot(number, place, len(nodes)), f"{node[:3].upper()}-{4000 + number:06d}")
            self.state(node, "lost" if number % 43 == 29 else "offline" if number % 59 == 17 else "online")
            self.energy(node, dice.uniform(58, 92))
            self.air(node, dice.uniform(6, 19), dice.choice((1, 2, 2, 2, 3)), dice.uniform(14, 17))
            self.light(node, dice.uniform(1, 11) if dice.random() < 0.9 else 60)
            for bay in range(1, 1 + (number * 7) % 4):
                rare = "unknown" if number % 19 == 3 else "free"
                self.bay(node, str(bay), dice.choice(("free", "occupied", "occupied", rare)))
            if number % 31 == 11:
                self.alarm(node, "sensorFault-dust", "minor", "silent")
            if number % 67 == 37:
                self.alarm(node, "supplyLoss", "major", "meter silent for 5 s")


def spot(number: int, place: tuple[float, float], of: int) -> tuple[float, float]:
    """A position on one of several curved roads, 28 m from the next."""
    long = max(12, math.ceil(math.sqrt(of * 1.9)))
    road, step = divmod(number, long)
    east = 28 * (step - long / 2)
    north = -95 * road + 26 * math.sin(step / 5 + road) + 0.06 * east
    degree = 111_200 * math.cos(math.radians(place[0]))
    return round(place[0] + north / 111_200, 6), round(place[1] + (east + 9 * road) / degree, 6)
