"""What the firmware encodes keeps to the contract: its own sensing and reports, without a network between."""

import types

from lamplighter import paths
from lamplighter.contract import check_message
from lamplighter.telemetry.recording import record

paths.importable()

from lamppost.core.clock import Clock  # noqa: E402
from lamppost.core.faults import SensorFault  # noqa: E402
from lamppost.core.payload import HEAD_MAX, head_into  # noqa: E402
from lamppost.sensing.air.windows import Air  # noqa: E402
from lamppost.sensing.energy.meter import Energy  # noqa: E402
from lamppost.sensing.parking.bay import ParkingBay  # noqa: E402

POWER = {"u_mv": 230200, "i_ma": 1865, "p_mw": 382900, "f_mhz": 50000, "pf": 98}
METER = types.SimpleNamespace(QUANTITIES=(*POWER, "imp_mwh"), WRAP_MWH=9999990000, P_MAX_MW=26000000)
DUST = types.SimpleNamespace(
    QUANTITIES=("pm1", "pm2_5", "pm4", "pm10"), RH_MAX=950, LIMITS=(("pm2_5", 0, 10000), ("pm10", 0, 10000))
)
CLIMATE = types.SimpleNamespace(
    QUANTITIES=("t", "rh", "p"), LIMITS=(("t", -400, 850), ("rh", 0, 1000), ("p", 3000, 11000))
)


class Counters:
    imp_mwh = 0
    meter_mwh = None
    power_cuts = 3

    def changed(self):
        pass


class Minutes:
    """A node's sensing on a clock that the test turns by hand; collects what it would send."""

    def __init__(self):
        self.ms = 0
        self.clock = Clock(lambda: self.ms, lambda a, b: a - b)
        self.energy = Energy({"part": "meter", "window_s": 10}, self.clock, Counters(), METER)
        parts = {"dust": DUST, "climate": CLIMATE}
        self.air = Air({"parts": ["dust", "climate"], "window_s": 10, "every_ms": 1000}, self.clock, parts)
        self.bay = ParkingBay({"bay": "1", "empty_mm": 3200, "hold_s": 30}, self.clock)
        self.eye, self.iron = self.bay.of(("d_mm", "strength")), self.bay.of(("mag_x_ut", "mag_y_ut", "mag_z_ut"))
        self.seen = []

    def run(self, seconds, good):
        for _ in range(seconds):
            self.ms += 1000
            if good:
                self.energy.take({**POWER, "imp_mwh": 215782000 + self.ms // 10})
                self.eye[0]({"d_mm": 1500, "strength": 900})
                self.iron[0]({"mag_x_ut": 2000, "mag_y_ut": -300, "mag_z_ut": 4300})
                self.air.take("dust", {"pm1": 82, "pm2_5": 101, "pm4": 110, "pm10": 120})
                self.air.take("climate", {"t": -34, "rh": 610, "p": 10132})
            else:
                self.energy.miss(SensorFault("silent"))
                self.eye[1](SensorFault("silent"))
                self.iron[1](SensorFault("bus"))
                self.air.miss("dust", SensorFault("warming"))
                self.air.miss("climate", SensorFault("bus"))
            for one in (self.energy, self.air, self.bay):
                while sample := one.poll():
                    self._send(*sample)

    def _send(self, topic, body, at):
        time_s, known, tq, tu_ms = at
        head = bytearray(HEAD_MAX)
        end = head_into(head, 0, 4, len(self.seen), time_s if known else None, tq, tu_ms, False)
        payload = bytes(head[:end]) + body
        name = topic.decode()
        self.seen.append((name, payload))
        assert record(f"lamppost/v1/lisbon/lp-1/{name}", payload) == [], payload


def test_windows_keep_to_the_contract_with_and_without_readings_and_time():
    node = Minutes()
    node.run(40, good=False)
    node.run(40, good=True)
    node.clock.set_utc(817_130_000, 0, 2, 500)
    node.run(20, good=True)
    node.clock.set_utc(817_130_025, 0, 3, 10)
    node.run(20, good=True)
    node.run(40, good=False)
    kinds = {name for name, _ in node.seen}
    assert kinds == {"tele/energy", "tele/air", "tele/parking/1"}
    assert any(b'"tq":2,"tu":500' in payload for _, payload in node.seen)
    assert any(b'"state":"unknown"' in payload for _, payload in node.seen)
    assert any(b'"u_mv":null' in payload for _, payload in node.seen)


def test_the_same_body_with_a_zero_for_a_missing_value_would_be_found_out():
    node = Minutes()
    node.run(20, good=False)
    payload = next(payload for name, payload in node.seen if name == "tele/energy")
    faked = payload.replace(b'"u_mv":null', b'"u_mv":0')
    assert check_message("lamppost/v1/lisbon/lp-1/tele/energy", faked) == [
        "u_mv has a value, but q calls it unavailable."
    ]


def test_reports_keep_to_the_contract():
    from lamppost.ops import status

    head = bytearray(HEAD_MAX)
    end = head_into(head, 0, 4, 0, 817_130_000, 3, 0, True)
    bodies = [
        ("evt/boot", status.boot(Counters(), "power-on", None, "a", None, "0.1.0")),
        ("evt/boot", status.boot(Counters(), "watchdog", (3, 41), "b", "failed", "0.1.0")),
        ("evt/clock", status.clock(None, "ntp")),
        ("evt/clock", status.clock(-1500, "ntp")),
        ("evt/config", status.config("1a2b", None)),
        ("evt/config", status.config("1a2b", "unreadable")),
    ]
    for suffix, body in bodies:
        assert record(f"lamppost/v1/lisbon/lp-1/{suffix}", bytes(head[:end]) + body) == []
