"""What can be known of Windows without it: its missing modules, its names of ports and files, its consoles.

Nobody ran the tool on Windows: docs/field/windows.md says so. Here the package is told that it is there.
"""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import lamplighter
import lamplighter.cli
import pytest
from click.testing import CliRunner
from lamplighter import this_system
from lamplighter.conform import conform_hooks
from lamplighter.device import com_ports, ports
from lamplighter.documents import atomic_file
from lamplighter.pki import trial_broker
from lamplighter.problems import FileRefused, NoPseudoTerminal, PortAbsent, PortBusy
from serial.tools import list_ports

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_POSIX = ROOT / "tests" / "wheel" / "without_posix.py"
PACKAGE = Path(lamplighter.__file__).parent
# these run under MicroPython, or on a virtual lamppost's side of its terminal
ELSEWHERE = ("virtual/chip_modules/", "virtual/parts/", "update/on_node.py", "/node_", "virtual/launch.py")


def as_on_windows(script, *arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, WITHOUT_POSIX, script, *arguments], cwd=cwd, capture_output=True, timeout=120,
        env={**os.environ, "HOME": str(cwd), "COLUMNS": "100", **environment},
    )  # fmt: skip


@pytest.fixture
def tool(tmp_path):
    """The command line; tool(words, encoding of its console) -> (exit code, stdout, stderr)."""
    script = tmp_path / "tool.py"
    script.write_text("from lamplighter.cli import main\nmain()\n", encoding="utf-8")

    def run(*words, console="utf-8"):
        done = as_on_windows(script, *words, cwd=tmp_path, PYTHONIOENCODING=console)
        return done.returncode, done.stdout.decode(console), done.stderr.decode(console)

    return run


def test_every_module_and_every_help_page_works_without_the_modules_of_posix(tmp_path):
    done = as_on_windows(ROOT / "tests" / "wheel" / "everything.py", tmp_path / "nowhere", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["helps"] > len(lamplighter.cli.VERBS)


@pytest.mark.parametrize("words", ["virtual --board lamppost-esp32 --port-link lamp", "demo --no-web"])
def test_a_virtual_lamppost_is_refused_with_one_sentence(tool, words):
    code, _, said = tool(*words.split())
    assert code == NoPseudoTerminal.exit_code
    assert "is a pseudo terminal, and Windows has none" in said and "WSL" in said and "Traceback" not in said


@pytest.mark.parametrize("console", ["cp437", "cp1252"])
def test_screens_are_shown_on_consoles_of_old_code_pages(tool, console):
    for words in (
        ("parts", "sps30"), ("doctor",),
        ("programme", "show", "--night", "2026-12-21", "--lat", "38.72", "--lon", "-9.14"),
    ):  # fmt: skip
        code, out, said = tool(*words, console=console)
        assert code in (0, 46) and out and "bug in lamplighter" not in said, (words, code, said)


def test_an_image_is_the_same_bytes_as_on_other_systems(tool, tmp_path):
    command = ("image", "--board", "lamppost-esp32", "--simulated", "--out")
    assert tool(*command, "there.bin")[0] == 0
    here = subprocess.run([sys.executable, "-m", "lamplighter", *command, tmp_path / "here.bin"], capture_output=True)
    assert here.returncode == 0
    assert (tmp_path / "there.bin").read_bytes() == (tmp_path / "here.bin").read_bytes()


class Bridge:
    """As pyserial describes a COM port."""

    def __init__(self, device, serial_number="", vid=0x10C4):
        self.device, self.vid, self.pid = device, vid, 0xEA60
        self.location, self.serial_number = "1-1", serial_number


@pytest.fixture
def windows(monkeypatch):
    """Windows, with two bridges at COM3 and COM10 and a modem at COM1; a look at a port as at a file fails."""
    monkeypatch.setattr(this_system, "is_windows", lambda: True)
    plugged = [Bridge("COM10", "A9"), Bridge("COM3", "B7"), Bridge("COM1", vid=None)]
    monkeypatch.setattr(list_ports, "comports", lambda: plugged)

    def opened(path, *rest, **more):
        assert "com" not in str(path).lower().rpartition("\\")[2], f"{path} was asked for as a file"
        return stat(path, *rest, **more)

    stat = os.stat
    monkeypatch.setattr(os, "stat", opened)
    return plugged


@pytest.mark.parametrize("name", ["COM10", "com10", r"\\.\COM10", r"\\.\com10", r"\\?\COM10", "COM10:"])
def test_every_spelling_of_a_com_port_is_the_same_port(windows, name):
    ports.check(name)
    assert com_ports.name(name) == "COM10" and ports.named(name).serial == "A9"
    with ports.claim("COM10"), pytest.raises(PortBusy, match="in use by another lamplighter"), ports.claim(name):
        pass


def test_a_com_port_that_is_not_there_is_absent_and_the_known_ones_are_named_in_order(windows):
    with pytest.raises(PortAbsent) as caught:
        ports.check("COM4")
    assert caught.value.cause == "There is no port COM4. Known: COM1, COM3, COM10."
    assert not ports.is_there("COM4") and not ports.is_pty("COM3")


def test_a_com_port_that_comes_back_under_another_name_is_followed(windows):
    port = ports.named("COM10")
    windows[0] = Bridge("COM12", "A9")
    assert not ports.is_there("COM10") and ports.follow(port) == "COM12"


def test_only_ports_of_known_bridges_are_listed(windows):
    assert [(port.device, port.state) for port in ports.plugged_in()] == [("COM10", "free"), ("COM3", "free")]


def test_a_listed_port_that_is_named_as_well_has_one_row(windows):
    done = CliRunner().invoke(lamplighter.cli.lamplighter, ["list", "--no-ask", "--json", "com3", r"\\.\COM10"])
    assert [row["device"] for row in json.loads(done.stdout)] == ["COM10", "COM3"], done.output


@pytest.mark.parametrize("name", ["con.json", "AUX", "com1.pem", "lpt9.html", "nul", "a:b.csv", "what?.json", "dot."])
def test_a_name_that_windows_gives_to_a_device_or_to_nothing_is_refused(monkeypatch, tmp_path, name):
    monkeypatch.setattr(this_system, "is_windows", lambda: True)
    with pytest.raises(FileRefused, match="cannot be the name of a file on Windows"):
        atomic_file.write(tmp_path / name, b"x", "Choose another name.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["console.json", "lp-0017.pem", "com.json", "a b.csv"])
def test_other_names_are_written_on_windows(monkeypatch, tmp_path, name):
    monkeypatch.setattr(this_system, "is_windows", lambda: True)
    atomic_file.write(tmp_path / name, b"a\nb\n", "Choose another name.")
    assert (tmp_path / name).read_bytes() == b"a\nb\n"


def test_mosquitto_is_found_on_a_path_of_windows(monkeypatch, tmp_path):
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(os, "pathsep", ";")
    monkeypatch.setenv("PATH", f"C:\\Windows;{tmp_path}")
    assert trial_broker.find_mosquitto() == str(program)


def test_every_text_file_is_read_and_written_in_a_named_encoding():
    unnamed = []
    for source in sorted(PACKAGE.rglob("*.py")):
        if any(part in source.as_posix() for part in ELSEWHERE):
            continue
        for call in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if call.func.attr not in ("read_text", "write_text"):
                continue
            positional = len(call.args) > (call.func.attr == "write_text")  # read_text("utf-8")
            if not positional and not any(word.arg == "encoding" for word in call.keywords):
                unnamed.append(f"{source.relative_to(PACKAGE)}:{call.lineno}")
    assert unnamed == []


def test_a_hook_keeps_the_backslashes_of_its_program_and_its_output_may_be_of_any_code_page(monkeypatch):
    ran = []

    def run(command, **options):
        ran.append(command)
        return subprocess.CompletedProcess(command, 0, b"\x81".decode("utf-8", options["errors"]), "")

    monkeypatch.setattr(this_system, "is_windows", lambda: True)
    monkeypatch.setattr(subprocess, "run", run)
    conform_hooks.run(r'"C:\Program Files\relay.exe" off 3')
    assert ran == [r'"C:\Program Files\relay.exe" off 3']


def test_a_command_is_suggested_as_the_shell_of_windows_takes_it(monkeypatch):
    words = ["lamplighter", "commission", "LP-0017", "--roster", r"C:\Streets\Rua Augusta.csv"]
    assert this_system.command_line(words).endswith(r"'C:\Streets\Rua Augusta.csv'")
    monkeypatch.setattr(this_system, "is_windows", lambda: True)
    assert this_system.command_line(words).endswith(r'"C:\Streets\Rua Augusta.csv"')


def test_nothing_but_the_virtual_lamppost_uses_what_event_loop_and_processes_of_windows_lack():
    lacking = re.compile(
        r"add_reader|add_writer|add_signal_handler|create_unix_|pass_fds|preexec_fn|start_new_session|os\.fork"
        r"|signal\.SIG(KILL|HUP|USR|STOP|CONT|CHLD|ALRM)|[^.]\bselect\.e?poll"
    )
    users = {
        source.relative_to(PACKAGE).as_posix()
        for source in PACKAGE.rglob("*.py")
        if lacking.search(source.read_text(encoding="utf-8"))
    }
    assert {name for name in users if not name.startswith("virtual/")} == {"update/on_node.py"}  # it runs on the node
