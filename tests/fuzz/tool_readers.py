"""What `lamplighter` reads, each a function of one spoiled file or text; it may refuse, and do nothing else.

A refusal is a Problem with an exit code of its own, wrong usage, or the ValueError that a reader documents.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import click
import spoil
from lamplighter import hosts, paths
from lamplighter.bench import bench_file
from lamplighter.boards import board_file
from lamplighter.bridge.home_assistant import discovery
from lamplighter.commissioning import record_file
from lamplighter.config import config_file
from lamplighter.contract import examples
from lamplighter.documents import csv_source, json_source, secret_file, text_file
from lamplighter.image import esp_format
from lamplighter.parts import catalogue, decode_options, hex_bytes
from lamplighter.pki import authority, certificates, keys
from lamplighter.pki.city import City
from lamplighter.problems import Problem, TraceInvalid
from lamplighter.release import release_address
from lamplighter.replay import air, parking, scores, trace
from lamplighter.rollout import plan_file, rollout_page, summary
from lamplighter.rollout.engine import Rollout
from lamplighter.rollout.rollout_state import RolloutState
from lamplighter.roster import results, roster_file
from lamplighter.settlement import half_hours, switchings, unit_list
from lamplighter.store import messages
from lamplighter.store.sources import nats_subject
from lamplighter.store.sources.mqtt_blocks import Blocks
from lamplighter.telemetry.state import Telemetry
from lamplighter.virtual import scenario_file

BOARD = "lamppost-esp32"
ANNOUNCED = rb"""{"cmps": {
 "energy_u_mv": {"p": "sensor", "name": "Voltage"}, "bay_1": {"p": "binary_sensor", "name": "1"},
 "gear_0_p_mw": {"p": "sensor", "name": "\u0047"}, "alarm_sensorFault-meter": {"p": "binary_sensor", "name": "\u00e9"},
 "lamp": {"p": "light", "schema": "template"}, "air_pm10": {"p": "sensor"}, "diag_burn_s": {"p": "sensor", "name": "h"}
}}"""
HEX = "59 59 2C 02 38 04 00 00 1C"

CONFIG = """{
  "v": 1, "site": "lisbon", "node": "lp-0042", "asset": "LP-0042", "location": {"lat": 38.72, "lon": -9.14},
  "wifi": {"ssid": "city", "password": "street-secret"},
  "mqtt": {"host": "broker.lan", "port": 1883, "user": "lp", "password": {"$env": "SECRET"},
           "tls": {"server_name": "b.lan"}},
  "time": {"servers": ["ntp.lan", "10.0.0.4"]},
  "parts": [{"id": "meter", "part": "pzem004t", "bus": "meter", "address": 1},
            {"id": "bay-1", "part": "tfmini", "bus": "parking"}, {"id": "dust", "part": "sps30", "bus": "air"}],
  "energy": {"part": "meter", "window_s": 900}, "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200}],
  "air": {"parts": ["dust"], "calibration": [{"part": "dust", "quantity": "pm10", "id": "c1", "date": "2026-03-01"}]}
}
"""
ROSTER = """asset,site,node,lat,lon,board,parts,meter_address,empty_mm,wifi,wifi_password,broker,certificate,mac,mode
LP-1,lisbon,lp-1,38.72,-9.13,lamppost-esp32,,,3200,city,$SECRET,broker.lan,,24:0a:c4:aa:16:d9,operation
LP-2,lisbon,lp-2,,,lamppost-esp32,meter,2,,"city, east",$SECRET,[2001:db8::1]:1883,none,,
"""
RESULTS = "asset,state,when,mac,problem,remark\nLP-1,commissioned,,24:0a:c4:aa:16:d9,,\nLP-2,failed,,,x,mine\n"
PARKING = "t_s,range_mm,strength,mag_x_ut,mag_y_ut,mag_z_ut\n0,3200,900,20.5,1,-40\n1,,,,,\n2.5,900,400,25,1,-38\n"
AIR = "time;pm2_5;t;rh;voc_raw;nox_raw\n2026-03-01T12:00:00Z;12,5;20,1;45;30000;15000\n2026-03-01T12:00:10Z;;;;;\n"
TRUTH = "t_s,state\n0,free\n2.5,occupied\n"
BENCH = f"""ssid = "city"

[[node]]
name = "one"
board = "{BOARD}"

[[node]]
name = "two"
port = "virtual"
"""
PLAN = """name = "fix"
roster = "street.csv"
release = "new.release"
server = "http://releases.lan:8080"
[groups]
first = ["lisbon/lp-1"]
percent = [10, 100]
[limits]
at_once = 5
[broker]
host = "broker.lan"
"""
RELEASE = """{"version": "0.2.0", "build": "abc", "boards": ["lamppost-esp32"], "manifest": "00"}
k1 c2lnbmF0dXJl
"""
UNITS = """lamppost,unit,items,regime,charge_code
lisbon/lp-1,LND000000001,1,998,4210000200100
lisbon/lp-2,LND000000002,2,999,4210000200100
"""
SWITCHINGS = [
    {"n": n, "boot": 1, "up_s": 900 * n, "at": f"2026-12-21T{16 + n}:18:25Z", "at_tq": 3, "level": 100, "p_mw": 88000,
     "imp_mwh": 9000 * n, "cause": "schedule", "since": None, "hash": f"{n}" * 64}
    for n in (1, 2, 3)
]  # fmt: skip
FILES = {
    "units.csv": UNITS,
    "config.json": CONFIG, "base.json": '{"time": {"servers": ["ntp.lan"]}, "mqtt": {"keepalive_s": 30}}',
    "street.csv": ROSTER, "street.results.csv": RESULTS, "parking.csv": PARKING, "air.csv": AIR, "truth.csv": TRUTH,
    "secret": "a-long-secret\n", "frame": HEX + "\n", "bench.toml": BENCH, "plan.toml": PLAN,
    "new.release": RELEASE,
}  # fmt: skip

HEAD = '{"v": 1, "b": 1, "s": null, "ts": null, "tq": 0, "h": 0, '
PACKETS = (  # CONNACK, SUBACK, a PUBLISH of QoS 1 and one of QoS 0, PINGRESP, DISCONNECT of MQTT 5
    b"\x20\x06\x00\x00\x03\x21\x00\x14" b"\x90\x04\x00\x01\x00\x01"
    b"\x32\x27\x00\x20lamppost/v1/lisbon/lp-1/tele/air\x00\x07\x00{}" b"\x30\x06\x00\x01a\x00{}"
    b"\xd0\x00" b"\xe0\x01\x8b"
)  # fmt: skip
MESSAGES = [
    ("state", f'{HEAD}"state": "online", "reason": ""}}'.encode()),
    ("ota/status", f'{HEAD}"id": "x", "phase": "trial", "word": "", "sentence": "", "build": "abc", "runs": "abc", '
     '"done": 0, "total": 0}'.encode()),
]  # fmt: skip


def furnish(folder: Path) -> None:
    """Every kind of file that the tool reads, each of it sound."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    city = City.create(folder / "identity", "Lisbon", None)
    city.issue("lisbon", "lp-1")
    city.issue_as("engineer", "crew-1")
    city.issue_as("broker", "broker.lan", hosts=("10.0.0.4",))
    record = {
        "asset": "LP-1",
        "mac": "24:0a:c4:aa:16:d9",
        "verdict": "commissioned",
        "lat": 38.0,
        "parts": [{"id": "a"}],
    }
    envelope = record_file.Signer(city, "crew-1").sign(record)
    (folder / "record.json").write_text(json.dumps(envelope), encoding="utf-8")
    (folder / "certs").mkdir()
    for name, source in (
        ("ca.pem", "ca.pem"),
        ("node.pem", "nodes/lisbon/lp-1.pem"),
        ("node.key", "nodes/lisbon/lp-1.key"),
    ):
        shutil.copy(folder / "identity" / source, folder / "certs" / name)
    shutil.copy(paths.folder("boards") / BOARD / "board.toml", folder / "board.toml")
    shutil.copy(Path(scenario_file.__file__).parent / "scenarios" / "lisbon.toml", folder / "scenario.toml")
    (folder / "boards" / BOARD).mkdir(parents=True)
    plan = plan_file.load(folder / "plan.toml")
    with RolloutState.of(plan.path) as state:
        rollout = Rollout(plan, *state.open(plan))
        rollout.begin()
        state.save(rollout.members, rollout.progress, rollout.news, 0)


@functools.cache
def _board() -> board_file.Board:
    return board_file.load(BOARD)


class Readers:
    """The readers over one furnished folder; a spoiled file stands beside its sound one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = City.load(folder / "identity").ca
        self._sound = {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
        self._facts = _board().node_document()
        self._drivers = self._decoders()
        self._plan = plan_file.load(folder / "plan.toml")
        telemetry = Telemetry(strict=False)
        info = examples.files()["info"]
        telemetry.take(info["topic"], json.dumps(info["payload"]).encode())
        (self._lamppost,) = telemetry.nodes.values()

    def _spoilt(self, rng: Random, name: str, to: str = "") -> Path:
        path = self.folder / (to or f"spoilt-{Path(name).name}")
        path.write_bytes(spoil.data(rng, self._sound[name]))
        return path

    @staticmethod
    def _decoders() -> dict[str, Any]:
        paths.importable()
        from lamppost.drivers import registry  # type: ignore[import-not-found]

        return {part: registry.driver(part)[0].decode for part in catalogue.ids()}

    def config(self, rng: Random) -> None:
        document = config_file.read(str(self._spoilt(rng, "config.json")))
        value = config_file.check(document, self._facts if rng.random() < 0.5 else None)
        config_file.remarks(document, value)
        config_file.config_hash(value)
        config_file.redacted(value)

    def json(self, rng: Random) -> None:
        raw = spoil.data(rng, self._sound[rng.choice(("config.json", "record.json", "base.json"))])
        with contextlib.suppress(ValueError):
            rng.choice((json_source.value_of, json_source.signed_value))(raw)

    def roster(self, rng: Random) -> None:
        base = None
        if rng.random() < 0.3:
            base = config_file.read(str(self._spoilt(rng, "base.json"))).value
            if not isinstance(base, dict):
                return
        found = roster_file.examine(self._spoilt(rng, "street.csv"), base)
        for mistake in found.mistakes:
            mistake.told("street.csv")
        if not found.mistakes:
            for row in found.rows:
                row.document()

    def results(self, rng: Random) -> None:
        roster = self.folder / "other.csv"
        self._spoilt(rng, "street.results.csv", "other.results.csv")
        found = results.Results(roster)
        found.all()
        found.of_mac("24:0A:C4:AA:16:D9")

    def units(self, rng: Random) -> None:
        unit_list.read(self._spoilt(rng, "units.csv"))

    def switchings(self, rng: Random) -> None:
        """Rows of the switching log as a store has them, and the half hours of their day."""
        bodies = [spoil.data(rng, json.dumps(row).encode()).decode("utf-8", "replace") for row in SWITCHINGS]
        records = [{"site": "lisbon", "node": "lp-1", "life": 0, "b": 1, "ts": None, "body": body} for body in bodies]
        (log,) = switchings.logs(records)
        assert len(log.rows) == len(log.at) == len(log.hashes)
        half_hours.of_day([log], date(2026, 12, 21), ZoneInfo("Europe/Lisbon"))

    def payloads(self, rng: Random) -> None:
        """What the store is sent: of a topic of the contract, of a later version's, or of none."""
        row = rng.choice(list(examples.files().values()))
        topic = row["topic"] if rng.random() < 0.7 else spoil.word(rng, row["topic"])
        if rng.random() < 0.2:
            topic = "lamppost/v1/lisbon/lp-1/tele/later"
        payload = spoil.data(rng, b"" if row["payload"] is None else json.dumps(row["payload"]).encode())
        found = messages.sort(nats_subject.topic(topic), payload, datetime(2026, 11, 30, 12), rng.random() < 0.5)
        if isinstance(found, messages.Record):
            assert messages.same(found.body, found.body) and 0 <= messages.mark(found.body) < 1 << 63, found.body

    def packets(self, rng: Random) -> None:
        """What the store's connection to a broker brings, cut anywhere and spoilt."""
        sent = spoil.data(rng, PACKETS)
        cuts = sorted(rng.randrange(len(sent) + 1) for _ in range(rng.randrange(4)))

        async def take() -> None:
            reader = asyncio.StreamReader()
            for first, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
                reader.feed_data(sent[first:end])
            reader.feed_eof()
            blocks = Blocks(reader)
            while True:
                await blocks.next()

        with _errors_unseen(), contextlib.suppress(ConnectionResetError, ValueError):
            asyncio.run(take())

    def csv(self, rng: Random) -> None:
        raw = spoil.data(rng, self._sound[rng.choice(("street.csv", "parking.csv", "air.csv"))])
        table = csv_source.parse(text_file.decoded(raw, "a file", TraceInvalid))
        for _, cells in table.rows:
            for cell in cells:
                csv_source.number(cell, table.separator)

    def traces(self, rng: Random) -> None:
        way = rng.randrange(3)
        if way == 0:
            parking.read(self._spoilt(rng, "parking.csv"))
        elif way == 1:
            air.read(self._spoilt(rng, "air.csv"))
        else:
            trace.states(self._spoilt(rng, "truth.csv"), scores.STATES)

    def record(self, rng: Random) -> None:
        envelope = record_file.read(self._spoilt(rng, "record.json"))
        record_file.fingerprint(envelope)
        record_file.verify(envelope, self.ca, {"1": "2026-01-01T00:00:00+00:00"})

    def toml(self, rng: Random) -> None:
        way = rng.randrange(3)
        if way == 0:
            self._spoilt(rng, "board.toml", f"boards/{BOARD}/board.toml")
            board_file.load(BOARD, self.folder / "boards").node_document()
        elif way == 1:
            scenario_file.load(self._spoilt(rng, "scenario.toml"), _board())
        else:
            bench_file.load(self._spoilt(rng, "bench.toml"))

    def plan(self, rng: Random) -> None:
        if rng.random() < 0.5:
            plan_file.load(self._spoilt(rng, "plan.toml"))
            return
        release_address.described(spoil.data(rng, self._sound["new.release"]), "http://releases.lan/new.release")

    def rollout(self, rng: Random) -> None:
        """A spoiled state file, and then spoiled messages, with a day between them."""
        plan = self._plan
        with RolloutState(self._spoilt(rng, "plan.rollout.sqlite")) as state:
            rollout = Rollout(plan, *state.open(plan))
            for _ in range(6):
                topic, sound = rng.choice(MESSAGES)
                rollout.take(f"lamppost/v1/lisbon/lp-1/{topic}", spoil.data(rng, sound), rng.random() < 0.5)
                rollout.tick(rng.uniform(1.79e9, 1.8e9))
            summary.row(rollout), summary.problem(rollout)
            rollout_page.page(rollout, state.log(), 1.79e9)
            state.save(rollout.members, rollout.progress, rollout.news, 1.79e9)

    def certificate(self, rng: Random) -> None:
        way = rng.randrange(4)
        if way == 0:
            certificates.gather(None, str(self._spoilt(rng, "certs/ca.pem")))
        elif way == 1:
            one = "certs/node.pem" if rng.random() < 0.5 else "certs/node.key"
            files = {"certs/node.pem": self.folder / "certs/node.pem", "certs/node.key": self.folder / "certs/node.key"}
            files[one] = self._spoilt(rng, one)
            pem, key = map(str, files.values())
            certificates.gather(None, str(self.folder / "certs/ca.pem"), pem, key)
        elif way == 2:
            path = self._spoilt(rng, "certs/node.key")
            path.chmod(0o600)
            keys.read(path, "x" if rng.random() < 0.5 else None)
        else:
            spoilt = self.folder / "other-identity"
            spoilt.mkdir(exist_ok=True)
            name = rng.choice(("ca.pem", "index.json", "index.json"))
            for each in ("ca.pem", "index.json"):
                (spoilt / each).write_bytes(self._sound[f"identity/{each}"])
            self._spoilt(rng, f"identity/{name}", f"other-identity/{name}")
            city = City.load(spoilt)
            authority.common_name(city.ca)
            city.expiring(90)
            city.has_expired  # noqa: B018

    def host(self, rng: Random) -> None:
        text = spoil.word(rng, rng.choice(("broker.lan", "10.0.0.4", "2001:db8::1", "[::1]:1883", "broker.lan:8883")))
        try:
            host, port = hosts.split(text, 1883) if rng.random() < 0.5 else (hosts.parse(text), 1)
        except hosts.HostWrong:
            return
        assert hosts.split(hosts.joined(host, port), 9) == (host, port), text
        host.encode("idna")  # what the resolver does first

    def hex(self, rng: Random) -> None:
        usual = rng.choice((HEX, "03.04.00 (3)", "0x03, 0x04", r"\xFF\x03", r"b'YY\x02'"))
        with contextlib.suppress(ValueError):
            hex_bytes.parse(spoil.word(rng, usual))

    def options(self, rng: Random) -> None:
        part = catalogue.get(rng.choice(catalogue.ids()))
        names = [row["name"] for row in part.options] or ["model"]
        words = [f"{rng.choice(names)}={spoil.word(rng, '100')}" for _ in range(rng.randrange(3))]
        words += [spoil.word(rng, "shunt_mohm=10")] * (rng.random() < 0.3)
        with contextlib.suppress(ValueError):
            decode_options.choose(part, self._drivers[part.id], words)

    def announcement(self, rng: Random) -> None:
        """What somebody has left at the broker in the place of Home Assistant's discovery of a lamppost."""
        before = discovery.components_of(spoil.data(rng, ANNOUNCED))
        message = discovery.discovery(self._lamppost, before)
        assert message is not None
        after = discovery.components_of(discovery.payload(message))
        assert {"online", "identify"} <= after.keys()
        assert all(len(made) > 1 or key in before for key, made in after.items())

    def secret(self, rng: Random) -> None:
        secret_file.read(self._spoilt(rng, "secret"), "NOT_THERE")

    def image(self, rng: Random) -> None:
        raw = spoil.data(rng, b"\xe9\x02\x02\x20\x00\x10\x08\x40" + bytes(64) + rng.randbytes(128))
        esp_format.program(raw, 0, "boot loader")


@contextlib.contextmanager
def _errors_unseen() -> Iterator[None]:
    """The decoder writes what it stumbled over to the process's standard error itself."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


SHARES = {  # of a thousand
    "host": 110, "announcement": 10, "hex": 104, "json": 120, "csv": 120, "traces": 120, "options": 80, "secret": 60,
    "results": 50, "record": 40, "certificate": 40, "toml": 20, "config": 25, "roster": 20, "image": 5,
    "plan": 10, "rollout": 6, "units": 30, "switchings": 30, "payloads": 60, "packets": 10,
}  # fmt: skip
SOUND = (  # of which the sound file is accepted
    "config", "roster", "results", "csv", "traces", "record", "toml", "certificate", "secret", "plan", "rollout",
    "units", "switchings",
)  # fmt: skip
REFUSALS = (Problem, click.UsageError)
