"""`lamplighter log`: times, a file, and tracebacks that name file and line of the source."""

import json
import re
import signal
import subprocess
import sys

import pytest
from lamplighter.config import config_file
from lamplighter.device import node_files, ports
from lamplighter.device.repl import Repl


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def log(lamp, *words):
    command = [sys.executable, "-m", "lamplighter", "log", "--port", lamp.port, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_node_that_fails_to_start_shows_where_in_the_source(virtual_lamppost, tmp_path):
    node = virtual_lamppost("lamppost-esp32")
    node.console.wait_for("no configuration")
    with Repl(node.port) as repl:
        doc = {"v": 1, "site": "a", "node": "b", "wifi": {"ssid": "x"}, "mqtt": {"host": "h"}}
        node_files.write(repl, "/config.json", config_file.encode({**doc, "energy": {"part": "nobody"}}))
    saved = tmp_path / "night.log"
    with log(node, "--json", "--save", saved) as process:
        while not ports.holder_of(node.port):
            assert process.poll() is None
        node.press_reset()
        texts = []
        for line in process.stdout or ():
            texts.append(json.loads(line)["text"])
            if "KeyError" in texts[-1]:
                break
        process.send_signal(signal.SIGINT)
    assert any(re.search("failed to start, build [0-9a-f]{12}", text) for text in texts), texts
    for module, function in (("app", "main"), ("sensing/setup", "build")):
        assert any(re.search(rf'"lamppost/{module}.py", line \d+, in {function}$', text) for text in texts), texts
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d  ", saved.read_text().splitlines()[0])
    assert "lamppost/app.py" in saved.read_text()
