"""`make plug`: a release is built, signed, served and rolled out to a street of virtual lampposts; one loses its plug.

Every step is a command of the tool, the lampposts run MicroPython in fast time, and the broker is a Mosquitto. They
come from the factory with an older build, a configuration of their own and the keys of the city. Broker and web server
speak TLS with certificates of the city's CA, and each lamppost and the commander have one of their own (--plain: none).
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "interop"), str(HERE.parent / "host")]

import paho.mqtt.client as paho  # noqa: E402
from brokers import Mosquitto, free_port  # noqa: E402  # pyright: ignore[reportMissingImports]
from factory import flash, longitude_of_noon, older_firmware  # noqa: E402
from guarded_street import guarded_broker  # noqa: E402
from lamplighter.bench.lampposts import WIFI  # noqa: E402
from lamplighter.pki import certificates  # noqa: E402
from lamplighter.pki.city import City  # noqa: E402
from lamplighter.virtual.lamppost import VirtualLamppost  # noqa: E402

TOOL = [sys.executable, "-m", "lamplighter"]
BOARDS = ("lamppost-esp32", "lamppost-esp32s3")
WEB, SITE, COMMANDER = "releases.lan", "street", "operations"
SPEED = 20  # times faster than real: a trial takes minutes
REPORT = HERE.parent.parent / "build" / "plug.html"


def tool(*words: object) -> str:
    """A command of the tool, with what it prints."""
    print("$ lamplighter", *words, flush=True)
    done = subprocess.run([*TOOL, *map(str, words)], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(f"lamplighter {words[0]}: {done.stdout}{done.stderr}")
    return done.stdout


class Broker:
    """A Mosquitto; secured -- with the certificates of a new city in `identity`, else without any."""

    def __init__(self, folder: Path, identity: Path, secured: bool) -> None:
        self.city = City.create(identity, "Street", None) if secured else None
        if self.city:
            self.city.issue_as("broker", "broker.lan", None, ("broker.lan", "localhost"))
            self.city.issue_as("broker", WEB)
            self.city.issue_as("commander", COMMANDER)
            self._mosquitto = guarded_broker(self.city, folder, "broker.lan", free_port())
        else:
            self._mosquitto = Mosquitto(folder / "broker")
        self.port = self._mosquitto.port
        self.stop = self._mosquitto.stop
        self._mosquitto.start()

    def certificates(self, name: str) -> dict[str, tuple[str, bytes]]:
        """Of a lamppost: what its configuration names and what lies on it."""
        if self.city is None:
            return {}
        self.city.issue(SITE, name)
        key, certificate = self.city.files("node", f"{SITE}/{name}")
        return certificates.gather(None, str(self.city.folder / "ca.pem"), str(certificate), str(key))

    def of_plan(self) -> str:
        """[broker] of the plan."""
        trust = f'identity = "identity"\nas = "{COMMANDER}"\n' if self.city else ""
        return f'[broker]\nhost = "localhost"\nport = {self.port}\n{trust}'

    def of_server(self) -> list[object]:
        """Options of `lamplighter serve`."""
        if self.city is None:
            return []
        key, certificate = self.city.files("broker", WEB)
        return ["--cert", certificate, "--key", key]


class Plug:
    """Pulls the plug of a lamppost as it goes to its trial, and puts it back. It hears every phase."""

    def __init__(self, broker: Broker, lamps: dict[str, VirtualLamppost], victim: str, off_s: float) -> None:
        self.phases: dict[str, list[str]] = {name: [] for name in lamps}
        self.pulled = ""
        self._lamps, self._victim, self._off_s = lamps, victim, off_s
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="plug")
        self._client.on_message = self._take
        if broker.city:
            key, certificate = broker.city.files("commander", COMMANDER)
            self._client.tls_set(str(broker.city.folder / "ca.pem"), str(certificate), str(key))
        self._client.connect("localhost", broker.port)
        self._client.subscribe(f"lamppost/v1/{SITE}/+/ota/status", 1)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        name, phase = message.topic.split("/")[3], json.loads(message.payload)["phase"]
        if self.phases[name][-1:] != [phase]:
            self.phases[name].append(phase)
        if name == self._victim and phase == "trial" and not self.pulled:
            self.pulled = phase
            threading.Thread(target=self._pull, daemon=True).start()

    def _pull(self) -> None:
        lamp = self._lamps[self._victim]
        print(f"-- the plug of {self._victim} is pulled during its {self.pulled}", flush=True)
        lamp.power_off()
        time.sleep(self._off_s)
        lamp.power_on()
        print(f"-- the plug of {self._victim} is back", flush=True)


def roster(path: Path, names: list[str], certificate: str) -> None:
    """A street where it is noon now; 25 m from one to the next."""
    lon = longitude_of_noon(datetime.now(UTC))
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["asset", "site", "node", "board", "wifi", "broker", "lat", "lon", "certificate"])
        for number, name in enumerate(names):
            at = (round(number * 0.000225, 6) or 0.000001, lon)
            rows.writerow([name.upper(), SITE, name, BOARDS[number % 2], WIFI["ssid"], "broker.lan", *at, certificate])


def configuration(name: str, tls: dict[str, str]) -> dict:
    mqtt = {"host": "broker.lan", "keepalive_s": 30, "spread_s": 0, "drain_spread_s": 0}
    mqtt |= {"port": 8883, "tls": tls} if tls else {}
    return {"v": 1, "site": SITE, "node": name, "asset": name.upper(), "wifi": WIFI, "mqtt": mqtt, "parts": []}


@contextlib.contextmanager
def served(folder: Path, options: list[object]):
    """`lamplighter serve`; its port."""
    words = ["serve", folder, "--host", "127.0.0.1", "--port", "0", "--as", WEB, *options]
    print("$ lamplighter", *words, flush=True)
    process = subprocess.Popen([*TOOL, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        found = re.search(r":(\d+)$", process.stderr.readline().strip())
        assert found, "the web server did not start"
        yield int(found.group(1))
    finally:
        process.terminate()
        process.wait(10)
        if process.stderr:
            process.stderr.close()


def play(nodes: int, folder: Path, off_s: float, secured: bool = True) -> dict:
    """The whole way; {"done", "phases" of the victim, "rollout": what the command says at the end}; secured -- TLS"""
    began = time.monotonic()
    identity, releases = folder / "identity", folder / "releases"
    broker = Broker(folder, identity, secured)
    tool("release-key", "init", "--no-passphrase", "--identity", identity)
    made = json.loads(tool("release", "--out", releases, "--identity", identity, "--json"))
    names = [f"lp-{number + 1:02d}" for number in range(nodes)]
    roster(folder / "street.csv", names, "" if secured else "none")
    release = Path(made["release"]).name
    try:
        with served(releases, broker.of_server()) as web, contextlib.ExitStack() as street:
            older = older_firmware(folder / "older")
            keys = (identity / "release" / "keys.json").read_bytes()
            lamps = {}
            for number, name in enumerate(names):
                place = folder / name
                place.mkdir()
                board = BOARDS[number % 2]
                files = broker.certificates(name)
                document = configuration(name, {kind: path for kind, (path, _) in files.items()})
                (place / "flash.bin").write_bytes(flash(board, older, document, keys, dict(files.values())))
                lamps[name] = VirtualLamppost(board, workdir=place, flash=place / "flash.bin", speed=SPEED)
                network = lamps[name].network
                network.hosts.update({"broker.lan": ("127.0.0.1", broker.port), WEB: ("127.0.0.1", web)})
                network.ssid, network.password = WIFI["ssid"], WIFI["password"]
                street.enter_context(lamps[name])
            print(f"-- {nodes} lampposts have power, {time.monotonic() - began:.0f} s", flush=True)
            plug = Plug(broker, lamps, names[nodes // 2], off_s)
            street.callback(plug.close)
            return {**rolled_out(folder, release, broker), "phases": plug.phases[names[nodes // 2]],
                    "pulled": plug.pulled, "seconds": round(time.monotonic() - began)}  # fmt: skip
    finally:
        broker.stop()


def rolled_out(folder: Path, release: str, broker: Broker) -> dict:
    """`lamplighter rollout`, its lines as they come, and its end."""
    scheme = "https" if broker.city else "http"
    (folder / "plan.toml").write_text(
        f'name = "plug"\nroster = "street.csv"\nrelease = "releases/{release}"\nserver = "{scheme}://{WEB}"\n'
        "[groups]\npercent = [40, 100]\nnights = 0\n"
        "[limits]\nat_once = 6\nhealthy_min = 0\ndeadline_min = 30\nneighbours_m = 30\n"
        f"{broker.of_plan()}"
    )
    REPORT.parent.mkdir(exist_ok=True)
    words = ["rollout", folder / "plan.toml", "--report", REPORT]
    print("$ lamplighter", *words, flush=True)
    code = subprocess.run([*TOOL, *map(str, words)], timeout=1500).returncode
    told = subprocess.run(
        [*TOOL, "rollout", folder / "plan.toml", "--status", "--json"], capture_output=True, text=True
    )
    return {"exit_code": code, "rollout": json.loads(told.stdout.splitlines()[0])}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--off", type=float, default=5, help="seconds that the plug is out")
    parser.add_argument("--plain", action="store_true", help="without TLS")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lamplighter-plug-") as folder:
        told = play(options.nodes, Path(folder), options.off, not options.plain)
    builds = {one["build"] for one in told["rollout"]["lampposts"]}
    done = told["rollout"]["counts"]["done"]
    print(f"the lamppost without its plug said: {', '.join(told['phases'])}")
    print(f"plug: {done} of {options.nodes} run build {', '.join(sorted(builds))}, {told['seconds']} s")
    return 0 if done == options.nodes and told["exit_code"] == 0 and told["pulled"] else 1


if __name__ == "__main__":
    sys.exit(main())
