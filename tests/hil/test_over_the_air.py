"""A lamppost takes a new app over the air, and goes back to the old one when the new one does not do its work."""

from __future__ import annotations

import json
import shutil
import threading

import pytest
from lamplighter import paths
from lamplighter.image import compile, simulated
from lamplighter.pki.release_keys import ReleaseKeys
from lamplighter.release import base_image, release_folder
from lamplighter.release.server import Server
from lamplighter.telemetry.block_server import BlockServer
from lamplighter.telemetry.subscriber import Incoming, Subscriber
from paho.mqtt import publish

FAST = 20  # a trial takes minutes

pytestmark = [pytest.mark.virtual_only, pytest.mark.timeout(900)]


class Releases:
    """A folder of releases, its keys, and the web server of the street."""

    def __init__(self, folder):
        self.folder = folder / "releases"
        self.keys = ReleaseKeys.create(folder / "identity", None)
        self.keys_file = self.keys.folder / "keys.json"
        self._source = folder / "firmware"
        self.seen = []
        self.awaited = None  # the end of a path: `fetched` is set when it was asked for five times
        self.fetched = threading.Event()

    def saw(self, path, count):
        """The web server has answered."""
        self.seen.append((path, count))
        if self.awaited and sum(one.endswith(self.awaited) for one, _ in self.seen) == 5:
            self.fetched.set()

    def compiled(self, changes):
        """The app with {file: (text, what stands there instead)}."""
        shutil.rmtree(self._source, ignore_errors=True)
        shutil.copytree(paths.folder("firmware"), self._source)
        for name, (old, new) in changes.items():
            path = self._source / "lamppost" / name
            text = path.read_text()
            assert text.count(old) == 1
            path.write_text(text.replace(old, new))
        return compile.compile_app(self._source)

    def release(self, changes, **options):
        name = next(iter(self.keys.trusted))
        return release_folder.write(self.folder, self.compiled(changes), {name: self.keys.read(name, None)}, **options)


@pytest.fixture
def releases(tmp_path):
    return Releases(tmp_path)


@pytest.fixture
def trusting(virtual_post, configure, document, releases, tmp_path):
    """A lamppost that trusts the keys of these releases, and reaches their web server as releases.lan."""
    server = Server(releases.folder, "127.0.0.1", 0, releases.saw)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    node = virtual_post()  # at the pace of the tool that configures it
    file = tmp_path / "lp-hil.json"
    file.write_text(json.dumps(document(node.board)))
    configured = node.tool("configure", "--release-keys", releases.keys_file, file)
    assert configured.returncode == 0, configured.stderr
    node.lamp.stop()
    node = virtual_post(speed=FAST)
    node.lamp.network.hosts["releases.lan"] = ("127.0.0.1", server.port)
    yield node
    server.shutdown()
    server.server_close()


@pytest.fixture
def offered(broker, releases):
    """Whoever fetches a release through the broker gets it from the folder; the topics of those who did."""
    server, stop, asked = BlockServer(releases.folder), threading.Event(), []

    def answer(connection):
        while not stop.is_set():
            arrived = connection.next(0.1)
            if isinstance(arrived, Incoming) and server.answer(connection, arrived):
                asked.append(arrived.topic)

    with Subscriber(broker.host, broker.port, ["lamppost/v1/+/+/ota/fetch"]) as connection:
        thread = threading.Thread(target=answer, args=(connection,))
        thread.start()
        yield asked
        stop.set()
        thread.join()


def desired(release, name):
    return {"id": name, "url": f"http://releases.lan/{release.path.name}", "sha256": release.sha256, "spread_s": 0}


def ask(broker, wanted):
    """Publish ota/desired, retained as a commander does."""
    topic = "lamppost/v1/hil/lp-hil/ota/desired"
    publish.single(topic, json.dumps(wanted), 1, True, hostname=broker.host, port=broker.port)


def test_a_new_app_comes_over_the_air_and_is_confirmed(trusting, heard, broker, releases):
    first = releases.release({})
    heard.arrival()
    assert heard.until("info")["build"] == first.document["build"]
    second = releases.release({"ops/status.py": ('"dropped": outbox.dropped', '"dropped": outbox.dropped + 0')})
    heard.forget()
    ask(broker, {**desired(second, "u1"), "healthy_s": 60})
    heard.until("ota/status", lambda m: m["phase"] == "trial", 120)
    assert heard.until("evt/boot", within=120)["build"] == second.document["build"]
    told = heard.until("ota/status", lambda m: m["phase"] == "confirmed", 600)
    assert (told["id"], told["runs"]) == ("u1", second.document["build"])
    assert sum(count for _, count in releases.seen) <= 4096, "answers of the web server for one changed line"
    heard.nothing_lost()


def test_an_app_that_does_not_start_gives_way_to_the_old_one_and_is_not_tried_again(
    trusting, heard, broker, releases, offered
):
    """It comes through the broker."""
    heard.arrival()
    old = heard.until("info")["build"]
    bad = releases.release({"ops/status.py": ("_ENOUGH = const(4)", "_ENOUGH = nothing")})
    heard.forget()
    ask(broker, {**desired(bad, "u2"), "url": f"mqtt:///{bad.path.name}"})
    told = heard.until("ota/status", lambda m: m["phase"] == "reverted", 600)
    assert (told["word"], told["build"], told["runs"]) == ("crashed", bad.document["build"], old)
    assert offered
    heard.forget()
    trusting.lamp.power_off()
    trusting.lamp.power_on()
    heard.until("evt/boot", lambda m: m["reset"] == "power-on" and m["build"] == old, 120)
    assert heard.until("ota/status", within=120)["phase"] == "reverted"
    heard.until("tele/energy", within=120)
    assert {m["phase"] for m in heard.all("ota/status")[-2:]} == {"reverted"}
    heard.nothing_lost()


def test_power_cuts_and_reboots_by_command_during_the_trial_take_nothing_back(trusting, heard, broker, releases):
    heard.arrival()
    good = releases.release({"ops/status.py": ('"dropped": outbox.dropped', '"dropped": outbox.dropped + 0')})
    heard.forget()
    ask(broker, desired(good, "u3"))
    for number in range(4):
        heard.until("evt/boot", lambda m: m["build"] == good.document["build"], 90)
        heard.until("tele/energy", within=120)
        heard.forget()
        if number % 2:
            command = {"id": f"reboot-{number}", "exp": "2099-01-01T00:00:00Z"}
            publish.single(
                "lamppost/v1/hil/lp-hil/cmd/reboot", json.dumps(command), 1, hostname=broker.host, port=broker.port
            )
        else:
            trusting.lamp.power_off()
            trusting.lamp.power_on()
    assert heard.until("ota/status", lambda m: m["phase"] == "confirmed", 600)["runs"] == good.document["build"]
    heard.nothing_lost()



def micropython(releases, board, **options):
    """A simulated image of MicroPython, as `lamplighter release --base` reads it."""
    path = releases.folder.parent / "micropython.bin"
    path.write_bytes(simulated.standin_bytes(board, **options))
    return [base_image.read(path)]


def test_micropython_and_app_come_over_the_air_as_one_trial_and_a_power_cut_takes_nothing_back(
    trusting, heard, broker, releases
):
    heard.arrival()
    base = heard.until("info")["base"]
    assert (base["slot"], base["micropython"], base["rollback"]) == ("ota_0", "1.29.0", None)
    images = micropython(releases, trusting.board, version="v1.28.1")
    change = {"ops/status.py": ('"dropped": outbox.dropped', '"dropped": outbox.dropped + 0')}
    release = releases.release(change, images=images)
    heard.forget()
    releases.awaited = images[0].row["sha256"][:16]
    ask(broker, {**desired(release, "u5"), "healthy_s": 60})
    assert releases.fetched.wait(90)
    trusting.lamp.power_off()
    trusting.lamp.power_on()
    trial = heard.until("evt/boot", lambda m: m["build"] == release.document["build"], 120)
    trusting.lamp.power_off()
    heard.forget()
    trusting.lamp.power_on()
    told = heard.until("info", lambda m: m["b"] > trial["b"], 120)
    assert heard.until("ota/status", lambda m: m["phase"] == "confirmed", 600)["id"] == "u5"
    machine = images[0].machine
    assert told["base"] == {"slot": "ota_1", "micropython": "1.28.1", "machine": machine, "rollback": True}
    assert told["build"] == release.document["build"]
    fetched = sum(count for path, count in releases.seen if path.endswith(releases.awaited))
    assert fetched < 1.15 * len(images[0].app) + 2 * 4096, "a cut costs no more than a block"
    heard.nothing_lost()


def test_a_micropython_with_which_the_app_does_not_start_gives_way_to_the_old_one_with_the_old_app(
    trusting, heard, broker, releases, offered
):
    """Both come through the broker."""
    heard.arrival()
    old = heard.until("info")["build"]
    images = micropython(releases, trusting.board, version="v1.28.1")
    bad = releases.release({"ops/status.py": ("_ENOUGH = const(4)", "_ENOUGH = nothing")}, images=images)
    heard.forget()
    ask(broker, {**desired(bad, "u6"), "url": f"mqtt:///{bad.path.name}"})
    started = heard.until("ota/status", lambda m: m["phase"] == "trial", 600)
    assert started["done"] == started["total"] == len(images[0].app)
    assert len(offered) > len(images[0].blocks) / 8 and not releases.seen, "each block came through the broker"
    told = heard.until("ota/status", lambda m: m["phase"] == "reverted", 600)
    assert (told["word"], told["build"], told["runs"]) == ("crashed", bad.document["build"], old)
    machine = images[0].machine
    base = heard.until("info", within=120)["base"]
    assert base == {"slot": "ota_0", "micropython": "1.29.0", "machine": machine, "rollback": True}
    heard.nothing_lost()
