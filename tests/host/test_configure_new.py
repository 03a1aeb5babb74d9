"""`lamplighter configure --new`: questions with defaults, answers checked at once, a file that is right."""

import json
import os
import pty
import select
import subprocess
import sys
import time

import click
import pytest
from lamplighter import cli
from lamplighter.boards import board_file
from lamplighter.config import config_file
from lamplighter.config.interview import Interview, variables
from lamplighter.problems import ConfigInvalid

BOARD = board_file.load("lamppost-esp32").node_document()
MAIN = [sys.executable, "-m", "lamplighter", "configure", "--new"]


def interview(board=BOARD, **answers):
    """Answer each question that begins with a key by its value or values; every other one by Enter."""
    left = {key: [value] if isinstance(value, str) else list(value) for key, value in answers.items()}
    said = []

    def ask(question, default, hidden):
        for key, values in left.items():
            if question.lower().replace(": ", "_").startswith(key) and values:
                return values.pop(0)
        return default

    doc = Interview(board, ask, said.append).run()
    assert not any(left.values()), left
    return doc, [sentence for sentence in said if not sentence.startswith("Press Enter")]


def test_enter_takes_what_is_usual_and_all_that_the_board_has_fitted(monkeypatch):
    doc, said = interview(site="lisbon", wifi_name="street")
    assert doc["node"] == "lp-0001" and doc["asset"] == "LP-0001" and not said
    assert doc["wifi"] == {"ssid": "street", "password": {"$env": "LAMP_WIFI"}} and variables(doc) == ["LAMP_WIFI"]
    assert [row["id"] for row in doc["parts"]] == ["meter", "bay-1", "dust", "climate"]
    assert doc["energy"] == {"part": "meter"} and doc["air"] == {"parts": ["dust", "climate"]}
    assert doc["parking"] == [{"bay": "1", "part": "bay-1"}]
    monkeypatch.setenv("LAMP_WIFI", "street-secret")
    config_file.check(config_file.Document(doc, "new"), BOARD)


def test_a_wrong_answer_is_said_with_its_cause_and_asked_again():
    doc, said = interview(
        site=["Lisbon", "lisbon"], wifi_name=["x" * 33, "street"], wifi_password=["short", "long enough"],
        broker_name=["broker.lan:1883", "broker.lan"], broker_port=["18830000", "x", "1884"],
        distance=["far", "3200"],
    )  # fmt: skip
    assert doc["site"] == "lisbon" and doc["mqtt"] == {"host": "broker.lan", "port": 1884}
    assert doc["wifi"] == {"ssid": "street", "password": "long enough"}
    assert doc["parking"][0]["empty_mm"] == 3200
    heads = [sentence.partition(":")[0] for sentence in said]
    assert heads == [
        "site", "wifi.ssid", "wifi.password", "mqtt.host", "mqtt.port", "mqtt.port", "parking[0].empty_mm",
    ]  # fmt: skip
    assert not any("short" in sentence for sentence in said), "a password is shown"


def test_what_is_not_fitted_is_left_out_with_its_section():
    doc, _ = interview(site="lisbon", wifi_name="street", wifi_password="open", bay=["n"], meter="n", broker_user="lp")
    assert [row["id"] for row in doc["parts"]] == ["dust", "climate"]
    assert "parking" not in doc and "energy" not in doc and "password" not in doc["wifi"]
    assert doc["mqtt"]["password"] == {"$env": "LAMP_MQTT"}


def test_answers_that_do_not_fit_each_other_are_refused_as_a_whole():
    board = {**BOARD, "fitted": [{"id": "radar", "part": "ld2410", "bus": "nowhere"}]}
    with pytest.raises(ConfigInvalid):
        interview(board, site="lisbon", wifi_name="street")


def test_without_a_terminal_it_refuses_and_names_the_page():
    done = subprocess.run([*MAIN, "--board", "lamppost-esp32"], capture_output=True, text=True, input="")
    assert done.returncode == 2 and "terminal" in done.stderr and "configuration.md" in done.stderr


def at_a_terminal(folder, *arguments, answers):
    """Run it on a pseudo-terminal; its exit code and the screen."""
    far, near = pty.openpty()
    run = subprocess.Popen([*MAIN, *arguments], cwd=folder, stdin=near, stdout=near, stderr=near)
    os.close(near)
    screen, end = "", time.monotonic() + 60
    left = list(answers)
    try:
        while time.monotonic() < end:
            if not select.select([far], [], [], 0.5)[0]:
                continue
            try:
                screen += os.read(far, 4096).decode()
            except OSError:  # the end of the program closes its side
                break
            if left and left[0][0] in screen.rpartition("\n")[2]:
                os.write(far, left.pop(0)[1].encode() + b"\n")
        return run.wait(20), screen
    finally:
        run.kill()
        run.wait()
        os.close(far)


ANSWERS = [
    ("Site", "lisbon"), ("Node", ""), ("Number", ""), ("WiFi: name", "lamplighter"),
    ("WiFi: password", "hidden-secret"),
    ("Broker: name", ""), ("Broker: port", ""), ("Broker: user", ""),
    ("meter", ""), ("bay-1:", ""), ("parking bay", ""), ("Distance", ""), ("dust", ""), ("climate", ""),
]  # fmt: skip


def test_at_a_terminal_it_writes_the_file_whole_and_says_the_next_command(tmp_path):
    code, screen = at_a_terminal(tmp_path, "--board", "lamppost-esp32", answers=ANSWERS)
    assert code == 0, screen
    assert "hidden-secret" not in screen and "lamplighter configure --port PORT lp-0001.json" in screen
    written = tmp_path / "lp-0001.json"
    assert json.loads(written.read_text())["wifi"]["password"] == "hidden-secret"
    assert written.stat().st_mode & 0o777 == 0o600
    code, screen = at_a_terminal(tmp_path, "--board", "lamppost-esp32", "lp-0001.json", answers=ANSWERS)
    assert code == 3 and "exists already" in screen


def test_a_dry_run_shows_the_document_and_no_password(tmp_path):
    code, screen = at_a_terminal(tmp_path, "--board", "lamppost-esp32", "--dry-run", answers=ANSWERS)
    assert code == 0 and '"site": "lisbon"' in screen and "hidden-secret" not in screen
    assert not list(tmp_path.iterdir())


def test_ctrl_c_writes_nothing_and_says_so(tmp_path, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise click.Abort  # as click's prompt does at Ctrl-C

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click, "prompt", interrupted)
    monkeypatch.setattr(sys, "argv", ["lamplighter", "configure", "--new", "--board", "lamppost-esp32"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130 and "No file was written." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
