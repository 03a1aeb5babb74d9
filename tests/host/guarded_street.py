"""A street as a city would have it: a CA, a real Mosquitto that takes only its certificates, a roster of lampposts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from lamplighter.image import build
from lamplighter.pki import mosquitto
from lamplighter.pki.city import City
from lamplighter.virtual.lamppost import VirtualLamppost

sys.path.append(str(Path(__file__).parent.parent / "interop"))

from brokers import Mosquitto, free_port  # noqa: E402

BOARD = "lamppost-esp32"
SECRET = "street-secret"
COLUMNS = "asset,site,node,lat,lon,board,parts,wifi,wifi_password,broker,mode,mqtt.spread_s,energy.window_s"


def problem(done: subprocess.CompletedProcess[str]) -> tuple[str, int]:
    """The word and the exit code that a tool ended with, asked for JSON."""
    return json.loads(done.stdout.splitlines()[-1])["error"], done.returncode


def export(city: City, folder: Path, name: str, port: int) -> Path:
    """What `identity export` writes for a broker of that name."""
    place = folder / "for-the-broker"
    mosquitto.export(city, place, name, port, str(place))
    return place


def guarded_broker(city: City, folder: Path, name: str, port: int) -> Mosquitto:
    """As `identity export` writes it, on the loopback only; the city has issued it a certificate."""
    place = export(city, folder, name, port)
    # the one file that goes by hand
    (place / "broker.key").write_bytes(city.files("broker", name)[0].read_bytes())
    broker = Mosquitto(folder / "broker", port=port)
    text = (place / "lampposts.conf").read_text()
    head = "user root\n" if os.geteuid() == 0 else ""
    broker.config.write_text(head + text.replace(f"listener {port}", f"listener {port} 127.0.0.1"))
    return broker


class GuardedStreet:
    """tool(words) runs the command line in its folder; lamp() plugs a virtual lamppost in. End it with close()."""

    def __init__(self, folder: Path, assets: int = 3, parts: str = "meter", mode: str = "") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.city = City.create(folder / "identity", "Lisbon", None)
        self.city.issue_as("broker", "localhost")
        self.city.issue_as("engineer", "crew-1")
        self.port = free_port()
        self.broker = guarded_broker(self.city, folder, "localhost", self.port)
        rows = [
            f"LP-{n:04d},lisbon,lp-{n:04d},38.7223,-9.1393,{BOARD},{parts},city,$LAMP_WIFI,localhost:{self.port},{mode},0,1"
            for n in range(1, assets + 1)
        ]
        self.roster = folder / "street.csv"
        self.roster.write_text("\n".join([COLUMNS, *rows]) + "\n")
        self.lamps: list[VirtualLamppost] = []
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "LAMP_WIFI": SECRET}

    def export(self) -> None:
        export(self.city, self.folder, "localhost", self.port)

    def lamp(self, name: str = "lamp", blank: bool = False, **options: Any) -> VirtualLamppost:
        """A lamppost that is powered and on the cable, with MicroPython; the same name is the same chip again."""
        flash = self.folder / f"{name}.bin"
        new = not flash.exists()
        lamp = VirtualLamppost(BOARD, port_link=self.folder / name, flash=flash, outside=True, **options)
        self.lamps.append(lamp)
        if new and not blank:
            lamp.flash_image([(lamp.board.silicon.offset, build.standin(lamp.board).read_bytes())])
        lamp.network.ssid, lamp.network.password = "city", SECRET
        return lamp.start()

    def command(self, *words: object) -> list[str]:
        return [sys.executable, "-m", "lamplighter", *map(str, words)]

    def tool(self, *words: object) -> subprocess.CompletedProcess[str]:
        """A verb as an engineer runs it without a terminal; it must not show a secret or a traceback."""
        done = subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=100, cwd=self.folder, env=self.environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        assert SECRET not in said and "PRIVATE" not in said
        return done

    def commission(self, asset: str, *words: object, port: str = "lamp") -> subprocess.CompletedProcess[str]:
        return self.tool("commission", asset, "--roster", "street.csv", "--port", port, "--engineer", "crew-1", *words)

    def results(self) -> dict[str, dict[str, str]]:
        from lamplighter.roster.results import Results

        return Results(self.roster).all()

    def record(self, asset: str) -> dict[str, Any]:
        """The newest record of an asset."""
        return json.loads((self.folder / self.results()[asset]["record"]).read_text())["record"]

    def close(self) -> None:
        for lamp in self.lamps:
            lamp.stop()
        if self.broker.process:
            self.broker.stop()
