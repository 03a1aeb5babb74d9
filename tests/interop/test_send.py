"""`lamplighter send` at a real broker, with lampposts that answer as the contract has it, late, badly or not at all."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import paho.mqtt.client as paho
import pytest
from publisher import Lamp
from watching import LAMPLIGHTER

HEAD = "asset,site,node,board,parts,wifi,broker"


class Post:
    """A lamppost that answers each command with answers(command, how often it came) -> [(word, sentence)]."""

    def __init__(self, port: int, node: str, answers: Callable[[dict, int], list[tuple[str, str]]], state: str = ""):
        self.lamp = Lamp(node)
        self.commands: list[tuple[str, dict]] = []
        self._answers = answers
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=node)
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", port)
        self.client.subscribe(f"lamppost/v1/lisbon/{node}/cmd/+", 1)
        if state:
            body = {"state": state, "reason": "will"}
            topic, payload, _ = self.lamp.message("state", body, None)
            self.client.publish(topic, payload, 1, True)
        self.client.loop_start()

    def _take(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        command = json.loads(message.payload)
        self.commands.append((message.topic.rsplit("/", 1)[1], command))
        for word, sentence in self._answers(command, len(self.commands)):
            number = None if word in ("accepted", "progress") else self.lamp.number()
            body = {"id": command["id"], "word": word, "sentence": sentence}
            topic, payload, _ = self.lamp.message(f"ack/{command['id']}", body, number)
            client.publish(topic, payload, 1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def post(broker):
    posts: list[Post] = []

    def made(node: str, answers: Callable[[dict, int], list[tuple[str, str]]], state: str = "") -> Post:
        posts.append(Post(broker.port, node, answers, state))
        return posts[-1]

    yield made
    for one in posts:
        one.close()


@pytest.fixture
def send(broker):
    def run(*words: str) -> tuple[int, list[dict], str]:
        command = [LAMPLIGHTER, "send", *words, "--host", "127.0.0.1", "--port", str(broker.port), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    return run


def fine(command: dict, times: int) -> list[tuple[str, str]]:
    return [("accepted", "In work."), ("ok", "Done.")]


def test_a_command_reaches_the_lamppost_with_its_arguments_and_the_answer_is_told(post, send):
    lamp = post("lp-1", fine)
    code, rows, _ = send("lisbon/lp-1", "identify", "seconds=60", "loud=false", "gain=1.5", "bay=north")
    verb, command = lamp.commands[0]
    assert code == 0 and verb == "identify"
    assert command["args"] == {"seconds": 60, "loud": False, "gain": 1.5, "bay": "north"}
    assert command["exp"].endswith("Z")
    assert rows == [{"node": "lisbon/lp-1", "id": command["id"], "ok": True, "word": "ok", "sentence": "Done."}]


def test_the_worst_answer_decides_the_exit_code_and_every_lamppost_has_its_row(post, send):
    post("lp-1", fine)
    post("lp-2", lambda command, times: [("invalid", "seconds is not 1 to 600")])
    code, rows, errors = send("lisbon/lp-1", "lisbon/lp-2", "identify", "seconds=0")
    assert code == 56 and "lisbon/lp-2: seconds is not 1 to 600" in errors
    assert [(row["node"], row["ok"], row["word"]) for row in rows[:2]] == [
        ("lisbon/lp-1", True, "ok"),
        ("lisbon/lp-2", False, "invalid"),
    ]
    post("lp-3", lambda command, times: [], state="lost")
    code, rows, _ = send("lisbon/lp-2", "lisbon/lp-3", "lisbon/lp-4", "identify", "--wait", "2")
    assert code == 57
    said = {row["node"]: row["sentence"] for row in rows if row.get("word") == "noanswer"}
    assert "It is lost" in said["lisbon/lp-3"] and "heard nothing of this lamppost" in said["lisbon/lp-4"]


def test_a_lamppost_that_did_not_answer_gets_the_same_command_again(post, send):
    lamp = post("lp-1", lambda command, times: fine(command, times) if times > 1 else [])
    code, rows, _ = send("lisbon/lp-1", "reboot")
    assert code == 0 and len(lamp.commands) == 2
    assert lamp.commands[0] == lamp.commands[1] and rows[0]["id"] == lamp.commands[0][1]["id"]


def test_a_roster_names_the_lampposts_and_an_id_can_be_given_to_repeat_a_command(post, send, tmp_path):
    lamps = [post(f"lp-{n}", fine) for n in (1, 2)]
    roster = tmp_path / "street.csv"
    rows = [f"A-{n},lisbon,lp-{n},lamppost-esp32,,street,broker.lan" for n in (1, 2)]
    roster.write_text("\n".join([HEAD, *rows]) + "\n")
    code, answers, errors = send(f"@{roster}", "report", "--id", "again-1")
    assert code == 0, errors
    assert [row["node"] for row in answers] == ["lisbon/lp-1", "lisbon/lp-2"]
    assert [lamp.commands[0][1]["id"] for lamp in lamps] == ["again-1", "again-1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["identify"], "Name at least one lamppost"),
        (["lisbon/lp-1"], "A VERB is missing"),
        (["Lisbon/lp-1", "identify"], "'Lisbon/lp-1' is not SITE/NODE"),
        (["lisbon/lp-1", "identify", "lisbon/lp-2"], "lampposts go before the VERB"),
        (["lisbon/lp-1", "identify", "a=1", "a=2"], "each KEY once"),
        (["lisbon/lp-1", "Identify"], "'Identify' is not a VERB"),
        (["@nowhere.csv", "identify"], "There is no roster nowhere.csv"),
        (["lisbon/lp-1", "identify", "--id", "a/b"], "--id must be 1 to 40 letters"),
    ],
)
def test_a_wrong_command_line_is_told_before_anything_is_sent(send, words, said):
    code, _, errors = send(*words)
    assert code == 2 and said in errors
