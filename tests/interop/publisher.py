"""Messages of a lamppost as the contract has them, for tests that need a publisher without a node."""

from __future__ import annotations

import json

import paho.mqtt.client as paho


class Lamp:
    """Numbers its messages as a node does; every method returns (topic, payload, retain)."""

    def __init__(self, node: str = "lp-0042", boot: int = 3, site: str = "lisbon") -> None:
        self.node, self.boot, self.site, self.next = node, boot, site, 0

    def number(self) -> int:
        self.next += 1
        return self.next - 1

    def message(self, suffix: str, body: dict, s: int | None, retain: bool = False, **head) -> tuple[str, bytes, bool]:
        head = {"v": 1, "b": self.boot, "s": s, "ts": "2026-11-22T12:45:00Z", "tq": 3, "h": 0, **head}
        return f"lamppost/v1/{self.site}/{self.node}/{suffix}", json.dumps({**head, **body}).encode(), retain

    def energy(self, s: int | None = None, **changes):
        body = {
            "u_mv": 230200,
            "i_ma": 1865,
            "p_mean_mw": 382900,
            "p_max_mw": 391000,
            "pf": 0.98,
            "f_mhz": 50000,
            "imp_mwh": 215782000,
            "e_mwh": 95725,
            "window_s": 900,
            "part": "meter",
            "mid": False,
        }
        letters = dict.fromkeys(("u_mv", "i_ma", "p_mean_mw", "p_max_mw", "pf", "f_mhz", "imp_mwh", "e_mwh"), "V")
        number = self.number() if s is None else s
        return self.message("tele/energy", {**body, "q": letters, **changes}, number)

    def parking(self, state: str = "occupied", bay: str = "1"):
        body = {"state": state, "confidence": 97, "since": "2026-11-22T12:44:10Z", "d_mm": 1500, "strength": 900}
        letters = {"confidence": "V", "d_mm": "V", "strength": "V"}
        return self.message(f"tele/parking/{bay}", {**body, "evidence": "distance", "q": letters}, self.number(), True)

    def air(self):
        values = {"pm1": 8.2, "pm2_5": 10.1, "pm4": 11.0, "pm10": 12.0, "t": 18.4, "rh": 61.0, "p": 1013.2}
        aqi = {"table": "EAQI-2024", "index": 2, "of": ["pm10", "pm2_5"], "partial": True}
        body = {**values, "window_s": 600, "capture": 100, "aqi": aqi, "q": dict.fromkeys(values, "V")}
        return self.message("tele/air", body, self.number())

    def alarm(self, code: str, value: float | None = None, s: int | None = None):
        body = {"since": None, "severity": "major", "value": value, "evidence": "silent"}
        return self.message(f"alarm/{code}", body, self.number() if s is None else s, True)

    def over(self, code: str):
        return f"lamppost/v1/{self.site}/{self.node}/alarm/{code}", b"", True

    def state(self, state: str = "online", reason: str = "connected"):
        return self.message("state", {"state": state, "reason": reason}, None, True)

    def diag(self):
        body = {
            "heap_free": 4100000, "depth": 0, "dropped": 0, "power_cuts": 2, "rssi": -61, "reset": "power-on",
            "faults": {}, "wear": {"cycles": 1, "rated": 100000, "bad": 0, "years": None},
        }  # fmt: skip
        return self.message("diag", body, None)

    def started(self, last: tuple[int, int] | None = None):
        """evt/boot, with the (b, s) that the journal ended with before."""
        last_b, last_s = last or (None, None)
        body = {"last_b": last_b, "last_s": last_s, "power_cuts": 2, "reset": "power-on", "slot": "a", "build": "x"}
        return self.message("evt/boot", body, self.number(), h=1)


class Publisher:
    """`with Publisher(port) as broker: broker.send(lamp.energy(), ...)`; returns when the broker has them."""

    def __init__(self, port: int, user: str | None = None, password: str | None = None) -> None:
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if user:
            self._client.username_pw_set(user, password)
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Publisher:
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, *messages: tuple[str, bytes, bool], qos: int = 1) -> None:
        for topic, payload, retain in messages:
            sent = self._client.publish(topic, payload, qos, retain)
            sent.wait_for_publish(10)
            assert sent.is_published()
