"""The guide docs/field/first-lamppost.md, walked on a virtual lamppost to its end: commands print what it shows."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/field/first-lamppost.md"
MAIN = [sys.executable, "-m", "lamplighter"]
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def transcript():
    """(command, lines that the guide shows below it) in the order of the page."""
    blocks = re.findall(r"^```console\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    return [(command, shown.splitlines()) for block in blocks for command, shown in COMMAND.findall(block)]


def shape(line):
    """A line without what differs from run to run: times, sizes, builds, addresses, numbers."""
    line = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{2}(:[0-9a-f]{2}){5}\b|\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b", "#", line)
    line = re.sub(r"-?\d[\d.,:]*", "#", line)
    return re.sub(r"\s+", " ", line).strip()


def missing(shown, printed):
    """The first line of the guide that was not printed, in its order; None when all of them were."""
    left = iter([shape(line) for line in printed])
    for line in shown:
        if line.strip() and not any(shape(line) in printed for printed in left):
            return line
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Walk:
    """One engineer with three terminals in one folder; what runs in the background ends with close()."""

    def __init__(self, folder):
        self.folder, self.port, self.background = folder, free_port(), []
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "PYTHONUNBUFFERED": "1"}

    def words(self, command):
        """The command with the port of the broker that this walk has."""
        words = shlex.split(command)[1:]
        if words[0] in ("broker", "watch"):
            words += ["--port", str(self.port)]
        return [word + f":{self.port}" if word == "broker.lan=127.0.0.1" else word for word in words]

    def run(self, command):
        if command.startswith("export "):
            name, value = command.removeprefix("export ").split("=")
            self.environment[name] = value
            return []
        done = subprocess.run(
            [*MAIN, *self.words(command)], cwd=self.folder, env=self.environment, text=True, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert "Traceback" not in done.stdout
        return done.stdout.splitlines()

    def start(self, command, shown):
        """Run it until close(); the lines up to as many as the guide shows."""
        run = subprocess.Popen(
            [*MAIN, *self.words(command)], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.background.append(run)
        return [run.stdout.readline() for _ in shown]

    def close(self):
        for run in reversed(self.background):
            run.send_signal(signal.SIGINT)
            run.wait(20)
            run.stdout.close()


@pytest.fixture
def walk(tmp_path):
    walk = Walk(tmp_path)
    yield walk
    walk.close()


def test_the_guide_goes_to_the_first_telemetry_and_prints_what_it_shows(walk):
    document = re.search(r"```json\n(.*?)```", GUIDE.read_text(), re.DOTALL)[1]
    (walk.folder / "lp-0042.json").write_text(document)
    bad = document.replace('"lisbon"', '"Lisbon"').replace("password", "pasword", 1).replace("1883", '"1883"')
    (walk.folder / "bad.json").write_text(bad)
    commands = transcript()
    assert [shlex.split(command)[1] for command, _ in commands] == [
        "broker", "virtual", "list", "flash", "LAMP_WIFI=lamplighter", "configure", "configure", "configure", "test",
        "watch", "log",
    ]  # fmt: skip
    for command, shown in commands:
        background = command.startswith(("lamplighter broker", "lamplighter virtual"))
        printed = walk.start(command, shown) if background else walk.run(command)
        lost = missing(shown, printed)
        assert lost is None, f"{command} does not print {lost!r}, but:\n" + "\n".join(printed)
    assert json.loads(document)["energy"]["window_s"] < 25, "the guide waits for a window"


def test_the_guide_shows_no_line_that_the_comparison_would_pass_unseen():
    shown = [line for _, lines in transcript() for line in lines if line.strip()]
    assert len(shown) > 40 and missing(["lp-0042: testing"], ["lp-0042: tested"]) == "lp-0042: testing"
    assert missing(["a", "b"], ["b", "a"]) == "b"


def test_every_command_of_the_readme_for_the_first_board_is_one_that_the_guide_runs():
    readme = (ROOT / "README.md").read_text()
    section = re.search(r"^## Your first board\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)[1]
    commands = re.findall(r"^ *(lamplighter .*?)(?: +#.*)?$", section, re.MULTILINE)
    ran = {tuple(words(command)) for command, _ in transcript()}
    assert len(commands) >= 5
    for command in commands:
        if "--new" not in command:
            assert tuple(words(command)) in ran, command


def words(command):
    """Verb and option names; ports, files, hosts and times may differ."""
    found = shlex.split(command)[1:]
    return [found[0], *sorted(word for word in found if word.startswith("--") and word != "--seconds")]
