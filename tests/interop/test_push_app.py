"""`lamplighter push app` at a real broker and web server, with lampposts that report as the contract has it."""

from __future__ import annotations

import base64
import json
import subprocess
import threading

import paho.mqtt.client as paho
import pytest
from brokers import Subscriber
from lamplighter.image.compile import App
from lamplighter.pki.release_keys import ReleaseKeys
from lamplighter.release import release_folder
from lamplighter.release.server import Server
from publisher import Lamp
from watching import LAMPLIGHTER

GOOD = [
    ("downloading", "", 0), ("downloading", "", 900), ("verified", "", 900), ("trial", "", 900), ("confirmed", "", 0),
]  # fmt: skip
BAD = [("downloading", "", 0), ("trial", "", 900), ("reverted", "the new app crashed 3 times", 0)]
REFUSED = [("rejected", "made for others", 0)]


class Post:
    """Reports each of `phases` once ota/desired arrives; `asked` has what did."""

    def __init__(self, port: int, node: str, phases: list[tuple[str, str, int]]):
        self.lamp = Lamp(node)
        self.phases = phases
        self.asked: list[dict | None] = []
        self.on_wanted = lambda wanted: self.phases
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=node)
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", port)
        self.client.subscribe(f"lamppost/v1/lisbon/{node}/ota/desired", 1)
        self.client.publish(*self._state("online"))
        self.client.loop_start()

    def _state(self, state):
        topic, payload, retain = self.lamp.state(state)
        return topic, payload, 1, retain

    def _take(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        wanted = json.loads(message.payload) if message.payload else None
        self.asked.append(wanted)
        for phase, sentence, done in self.on_wanted(wanted) if wanted else []:
            body = {
                "id": wanted["id"], "phase": phase, "word": "word" if sentence else "", "sentence": sentence,
                "build": "new", "runs": "new" if phase == "confirmed" else "old", "done": done, "total": 900,
            }  # fmt: skip
            topic, payload, _ = self.lamp.message("ota/status", body, None)
            client.publish(topic, payload, 1, True)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def post(broker):
    posts: list[Post] = []

    def made(node, phases):
        posts.append(Post(broker.port, node, phases))
        return posts[-1]

    yield made
    for one in posts:
        one.close()


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """(release, its address) on a web server of its own."""
    folder = tmp_path_factory.mktemp("releases")
    keys = ReleaseKeys.create(folder / "identity", None)
    name = next(iter(keys.trusted))
    made = release_folder.write(folder, App({"lamppost/a.mpy": b"a"}, "1.1", "new"), {name: keys.read(name, None)})
    server = Server(folder, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made, f"http://127.0.0.1:{server.port}/{made.path.name}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def push(broker):
    def run(*words: object) -> tuple[int, list[dict], str]:
        command = [LAMPLIGHTER, "push", *map(str, words), "--host", "127.0.0.1", "--port", str(broker.port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100)
        assert "Traceback" not in done.stderr, done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return done.returncode, rows, done.stderr + done.stdout

    return run


def kept(broker, node):
    """What the broker keeps on ota/desired of a lamppost; a barrier message shows that all that is kept has come."""
    late = Subscriber(broker.port)
    try:
        late.publish("lamppost/barrier", b"")
        late.wait(lambda messages: any(topic == "lamppost/barrier" for topic, _, _ in messages))
        return [json.loads(body) for topic, body, _ in late.messages if topic.endswith(f"{node}/ota/desired")]
    finally:
        late.close()


def test_a_release_reaches_each_lamppost_of_a_roster_and_the_broker_keeps_nothing_when_it_has_ended(
    broker, post, push, release, tmp_path
):
    made, url = release
    lamps = [post(f"lp-{n}", GOOD) for n in (1, 2)]
    roster = tmp_path / "street.csv"
    rows = [f"A-{n},lisbon,lp-{n},lamppost-esp32,,street,broker.lan" for n in (1, 2)]
    roster.write_text("\n".join(["asset,site,node,board,parts,wifi,broker", *rows]) + "\n")
    code, told, said = push("app", f"@{roster}", url, "--json")
    assert code == 0, said
    assert [(row["node"], row["ok"], row["phase"], row["runs"]) for row in told] == [
        ("lisbon/lp-1", True, "confirmed", "new"), ("lisbon/lp-2", True, "confirmed", "new"),
    ]  # fmt: skip
    for lamp in lamps:
        assert lamp.asked[0] == {"id": told[0]["id"], "url": url, "sha256": made.sha256, "spread_s": 2}
    assert not kept(broker, "lp-1")


def test_the_micropython_that_runs_is_shown_beside_the_build(post, push, release):
    lamp = post("lp-1", GOOD)
    base = {"micropython": "1.28.1", "slot": "ota_1", "rollback": True}
    body = {
        "firmware": "0.1.0", "build": "old", "board": "lamppost-esp32", "chip": "esp32", "base": base, "parts": [],
        "units": {}, "asset": None, "location": None, "config": None, "schema": {"messages": 1, "config": 1},
    }  # fmt: skip
    topic, payload, _ = lamp.lamp.message("info", body, None)
    lamp.client.publish(topic, payload, 1, True).wait_for_publish(10)
    code, told, said = push("app", "lisbon/lp-1", release[1], "--json")
    assert code == 0 and told[0]["micropython"] == "1.28.1", said


def test_the_worst_end_decides_the_exit_code_and_each_phase_is_a_line(post, push, release):
    post("lp-1", GOOD)
    post("lp-2", REFUSED)
    post("lp-3", BAD)
    code, _, said = push("app", "lisbon/lp-1", "lisbon/lp-2", release[1])
    assert code == 35 and "lisbon/lp-2: made for others" in said
    assert "lisbon/lp-1: trial" in said and "2 lampposts: 1 confirmed, 1 rejected" in said
    code, _, said = push("app", "lisbon/lp-2", "lisbon/lp-3", release[1])
    assert code == 36 and "lisbon/lp-3: the new app crashed 3 times" in said


def test_the_broker_keeps_an_update_for_a_lamppost_that_does_not_answer_until_it_is_taken_back(
    broker, post, push, release
):
    post("lp-1", [])
    code, told, said = push("app", "lisbon/lp-1", release[1], "--wait", "1", "--json")
    assert code == 37 and f"--id {told[0]['id']}" in said and told[0]["state"] == "online"
    assert [one["id"] for one in kept(broker, "lp-1")] == [told[0]["id"]]
    code, _, said = push("withdraw", "lisbon/lp-1", "--only", "config")
    assert code == 0 and kept(broker, "lp-1")
    code, _, said = push("withdraw", "lisbon/lp-1")
    assert code == 0 and "keeps no config and no app" in said
    assert not kept(broker, "lp-1")


def test_an_update_is_followed_again_by_its_id(post, push, release):
    lamp = post("lp-1", [])
    code, told, _ = push("app", "lisbon/lp-1", release[1], "--wait", "1", "--json")
    lamp.phases = GOOD
    code, again, said = push("app", "lisbon/lp-1", release[1], "--id", told[0]["id"], "--json")
    assert (code, again[0]["phase"]) == (0, "confirmed"), said


def test_a_hash_can_be_given_where_only_lampposts_reach_the_web_server(post, push, release):
    lamp = post("lp-1", GOOD)
    code, _, said = push("app", "lisbon/lp-1", "http://releases.invalid/a.release", "--sha256", release[0].sha256)
    assert code == 0, said
    assert lamp.asked[0]["url"] == "http://releases.invalid/a.release"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["{url}"], 2, "Name at least one lamppost"),
        (["lisbon/lp-1", "lisbon/lp-2"], 29, "cannot be read"),
        (["lisbon/lp-1", "ftp://a/b.release"], 29, "is not an http:// or https:// address"),
        (["Lisbon/lp-1", "{url}"], 2, "'Lisbon/lp-1' is not SITE/NODE"),
        (["lisbon/lp-1", "{url}x"], 29, "answers 404"),
        (["lisbon/lp-1", "{lists}"], 29, "is not a release"),
        (["lisbon/lp-1", "http://127.0.0.1:1/a.release"], 29, "cannot be fetched"),
        (["lisbon/lp-1", "{url}", "--sha256", "12"], 29, "64 hexadecimal digits"),
        (["lisbon/lp-1", "{url}", "--id", "a b"], 2, "--id must be 1 to 64"),
    ],
)
def test_a_wrong_command_line_is_told_before_anything_is_sent(push, release, words, code, said):
    url = release[1]
    lists = url.rsplit("/", 1)[0] + "/lists/new"
    got, _, errors = push("app", *(word.format(url=url, lists=lists) for word in words))
    assert got == code and said in errors and "published" not in errors


def test_a_release_on_this_computer_travels_through_the_broker(broker, post, push, release):
    """The lamppost asks for pieces as the contract has it, and gets what a web server would send."""
    made, _ = release
    got = []

    def piece(client, _data, message):
        got.append(json.loads(message.payload))

    lamp = post("lp-1", [])
    lamp.client.message_callback_add("lamppost/v1/lisbon/lp-1/ota/block", piece)
    lamp.client.subscribe("lamppost/v1/lisbon/lp-1/ota/block", 1)
    file = f"/{made.path.name}"
    asked = [(file, 0, 4096), (file, 100, 10), ("/../secret", 0, 10), ("/lists/new", 0, 9)]

    def ask(wanted):
        for number, (path, start, most) in enumerate(asked, 1):
            body = {"id": number, "path": path, "from": start, "most": most}
            topic, payload, _ = lamp.lamp.message("ota/fetch", body, None)
            lamp.client.publish(topic, payload, 1)
        return GOOD

    lamp.on_wanted = ask
    code, told, said = push("app", "lisbon/lp-1", made.path, "--json")
    assert code == 0, said
    assert lamp.asked[0]["url"] == f"mqtt:///{made.path.name}" and lamp.asked[0]["sha256"] == made.sha256
    whole = made.path.read_bytes()
    assert [block["size"] for block in got][:3] == [len(whole), len(whole), None]
    assert base64.b64decode(got[0]["data"]) == whole and base64.b64decode(got[1]["data"]) == whole[100:110]
