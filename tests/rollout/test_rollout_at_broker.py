"""`lamplighter rollout` as a process at a real Mosquitto, with a simulated street."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
from brokers import Mosquitto
from factory import longitude_of_noon
from lamplighter.rollout.plan_file import Place
from rollout_street import NEW, Fate, SimulatedStreet

NIGHT = 1796079600  # the lampposts' own time: their circuits are on
HEAD = "asset,site,node,board,wifi,broker,lat,lon,circuit"


class Street:
    """Six lampposts that live a minute in each twentieth of a second, and the plan to update them."""

    def __init__(self, folder, broker: Mosquitto, fates: dict[str, Fate], bad: bool = False):
        self.folder = folder
        lon = longitude_of_noon(datetime.now(UTC))
        self.names = [f"lisbon/lp-{number}" for number in range(1, 7)]
        places = [Place(name, "lamppost-esp32", "F1", (0.001 * n, lon)) for n, name in enumerate(self.names, 1)]
        doc = {"version": "0.2.0", "build": NEW, "boards": ["lamppost-esp32"], "manifest": "0" * 64}
        (folder / "new.release").write_text(json.dumps(doc) + "\n")
        rows = [f"A-{n},lisbon,lp-{n},lamppost-esp32,street,broker.lan,{0.001 * n:g},{lon},F1" for n in range(1, 7)]
        (folder / "street.csv").write_text("\n".join([HEAD, *rows]) + "\n")
        (folder / "plan.toml").write_text(
            'name = "fix"\nroster = "street.csv"\nrelease = "new.release"\nserver = "http://releases.lan"\n'
            f'[broker]\nhost = "127.0.0.1"\nport = {broker.port}\n'
            "[groups]\nnights = 0\npercent = [50, 100]\n[limits]\nhealthy_min = 0\nneighbours_m = 10\nat_once = 2\n"
        )
        sha256 = hashlib.sha256((folder / "new.release").read_bytes()).hexdigest()
        self.simulated = SimulatedStreet(broker.port, places, fates, sha256, bad)
        self._over = threading.Event()
        self._life = threading.Thread(target=self._live, daemon=True)
        self._life.start()

    def _live(self) -> None:
        utc = NIGHT
        while not self._over.wait(0.05):
            utc += 1  # the night is long
            self.simulated.minute(utc)

    def close(self) -> None:
        self._over.set()
        self._life.join()
        self.simulated.close()

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "lamplighter", "rollout", str(self.folder / "plan.toml"), *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *words: str) -> tuple[int, dict, str]:
        """(exit code, the JSON object, stderr)."""
        with self.start("--json", *words) as process:
            out, err = process.communicate(timeout=100)
        return process.returncode, json.loads(out.splitlines()[0]), err


@pytest.fixture
def street(tmp_path):
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    made = []

    def make(fates: dict[str, Fate] | None = None, **options):
        made.append(Street(tmp_path, broker, fates or {}, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
    broker.stop()


def test_a_roll_out_whose_command_is_killed_goes_on_and_asks_nobody_twice(street):
    it = street()
    with it.start() as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("group 2 begins"):
                break
        os.kill(process.pid, signal.SIGKILL)
    code, told, err = it.run("--report", str(it.folder / "page.html"))
    assert code == 0, err
    assert told["counts"]["done"] == 6 and {one["build"] for one in told["lampposts"]} == {NEW}
    assert {len(ids) for ids in it.simulated.requests.values()} == {1}
    assert all(post.wanted is None for post in it.simulated.posts.values()), "what has ended is taken back"
    assert "group 2 begins" in (it.folder / "page.html").read_text()


def test_a_bad_release_ends_with_its_own_exit_code_and_leaves_the_others_alone(street):
    it = street(bad=True)
    code, told, err = it.run()
    assert (code, told["mode"], told["group"]) == (93, "stopped", 1)
    assert set(it.simulated.requests) == {one["node"] for one in told["lampposts"] if one["group"] == 1}
    assert "crashed" in err and "--back" in err
