"""Absent, busy and not permitted are told apart, and no port is opened to find out."""

import contextlib
import fcntl
import grp
import json
import os
import pty
import socket
import subprocess
import sys
import tty

import pytest
from click.testing import CliRunner
from lamplighter.cli import lamplighter
from lamplighter.device import ports
from lamplighter.problems import PortAbsent, PortBusy, PortNotPermitted
from serial.tools import list_ports


@pytest.fixture
def line(tmp_path):
    """(master, path of a symlink to the slave) of a pty, as a virtual lamppost offers one."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    link = tmp_path / "lamp"
    link.symlink_to(os.ttyname(slave))
    yield master, str(link)
    for end in (master, slave):
        with contextlib.suppress(OSError):
            os.close(end)


class Bridge:
    """As pyserial describes a USB port."""

    def __init__(self, device, vid, pid, location="1-1", serial_number=""):
        self.device, self.vid, self.pid = device, vid, pid
        self.location, self.serial_number = location, serial_number


def test_a_port_that_is_not_there_is_absent_and_what_is_there_is_named(monkeypatch, line):
    monkeypatch.setattr(list_ports, "comports", lambda: [Bridge(line[1], 0x10C4, 0xEA60)])
    with pytest.raises(PortAbsent) as caught:
        ports.check("/dev/ttyUSB77")
    assert caught.value.cause == f"There is no port /dev/ttyUSB77. Plugged in: {line[1]}."


def test_a_link_whose_lamppost_is_off_says_so(tmp_path):
    link = tmp_path / "lamp"
    link.symlink_to("/dev/pts/99999")
    with pytest.raises(PortAbsent, match="points to /dev/pts/99999, which does not exist any more"):
        ports.check(str(link))


def test_a_file_and_a_folder_are_no_ports(tmp_path):
    file = tmp_path / "image.bin"
    file.write_bytes(b"")
    for path, kind in ((file, "file"), (tmp_path, "folder")):
        with pytest.raises(PortAbsent, match=f"is a {kind}, not a serial port"):
            ports.check(str(path))


def test_a_free_port_passes(line):
    ports.check(line[1])
    assert ports.state(line[1]) == "free"


def test_a_port_held_by_another_program_names_it_and_its_process(line):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, line[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        with pytest.raises(PortBusy) as caught:
            ports.check(line[1])
        assert f"(process {holder.pid})" in caught.value.cause and "python" in caught.value.cause
    finally:
        holder.communicate("")
    ports.check(line[1])


HOLD = """
import sys, serial
wire = serial.Serial(sys.argv[1], exclusive=True)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_real_port_is_busy_when_somebody_has_it_open_without_a_lock(line, monkeypatch):
    monkeypatch.setattr(ports, "is_pty", lambda device: False)
    reader = subprocess.Popen(["cat", line[1]], stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if ports.state(line[1]) == "busy":
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                reader.wait(0.02)
        with pytest.raises(PortBusy, match=rf"in use by cat \(process {reader.pid}\)"):
            ports.check(line[1])
    finally:
        reader.kill()
        reader.wait()


@pytest.mark.skipif(os.getuid() != 0, reason="gives a port to another group, which takes root")
def test_a_port_of_a_group_that_the_user_is_not_in_names_the_group(line, monkeypatch):
    group = grp.getgrnam("dialout")
    os.chown(line[1], -1, group.gr_gid)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PortNotPermitted) as caught:
        ports.check(line[1])
    assert caught.value.cause == f"{line[1]} belongs to the group dialout, and you are not a member."
    assert "usermod -aG dialout $USER" in caught.value.remedy


def test_a_claimed_port_is_busy_for_the_next_lamplighter(line):
    said = rf"another lamplighter \(process {os.getpid()}\)"
    with ports.claim(line[1]), pytest.raises(PortBusy, match=said), ports.claim(line[1]):
        pass
    with ports.claim(line[1]):
        pass


def test_only_known_bridges_are_listed_and_none_is_opened(line, monkeypatch):
    foreign = Bridge("/dev/ttyS0", None, None)
    gps = Bridge("/dev/ttyACM3", 0x1546, 0x01A7)
    bridge = Bridge(line[1], 0x1A86, 0x55D4, "1-1.2", "5A1234")
    monkeypatch.setattr(list_ports, "comports", lambda: [foreign, gps, bridge])
    opened = []
    monkeypatch.setattr(os, "open", lambda *a, **k: opened.append(a))
    assert ports.plugged_in() == [ports.Port(line[1], "CH9102", "1-1.2", "5A1234", "free")]
    assert opened == []


@pytest.mark.parametrize(
    ("vid", "pid", "name"),
    [(0x10C4, 0xEA60, "CP210x"), (0x1A86, 0x7523, "CH340"), (0x0403, 0x6001, "FTDI"), (0x067B, 0x2303, "PL2303"),
     (0x303A, 0x1001, "USB-JTAG"), (0x303A, 0x8000, ""), (0x2341, 0x0043, ""), (None, None, "")],
)  # fmt: skip
def test_a_bridge_is_known_by_its_usb_numbers(vid, pid, name):
    assert ports.bridge_of(vid, pid) == name


def test_a_port_that_comes_back_under_another_name_is_followed_by_its_serial_number(line, monkeypatch):
    monkeypatch.setattr(list_ports, "comports", lambda: [Bridge(line[1], 0x303A, 0x1001, "1-2", "24:6F:28:AA")])
    before = ports.Port("/dev/ttyACM0-gone", "USB-JTAG", "1-2", "24:6F:28:AA")
    assert ports.follow(before) == line[1]
    assert ports.follow(ports.Port("/dev/ttyACM0-gone", "CH340", "1-2", "")) is None


def test_list_shows_ports_in_columns_and_as_json(line, monkeypatch):
    monkeypatch.setattr(list_ports, "comports", lambda: [Bridge(line[1], 0x10C4, 0xEA60, "1-1", "0001")])
    shown = CliRunner().invoke(lamplighter, ["list", "--no-ask"])
    heading, row = shown.stdout.splitlines()
    assert heading.split() == ["port", "state", "bridge", "USB", "serial"]
    assert row.split() == [line[1], "free", "CP210x", "1-1", "0001"]
    told = json.loads(CliRunner().invoke(lamplighter, ["list", "--no-ask", "--json"]).stdout)
    assert told == [{"device": line[1], "bridge": "CP210x", "place": "1-1", "serial": "0001", "state": "free"}]


def test_list_says_it_when_nothing_is_plugged_in(monkeypatch):
    monkeypatch.setattr(list_ports, "comports", list)
    result = CliRunner().invoke(lamplighter, ["list"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No lamppost is connected" in result.stderr


@pytest.mark.parametrize("verb", [["test"], ["log"], ["flash", "--board", "lamppost-esp32"]])
def test_every_verb_says_that_a_port_is_absent_or_busy(verb, line):
    absent = subprocess.run([*COMMAND, *verb, "--port", "/dev/ttyUSB77"], capture_output=True, text=True)
    assert (absent.returncode, absent.stdout) == (10, "")
    assert absent.stderr.startswith("error: There is no port /dev/ttyUSB77.") and "remedy: " in absent.stderr
    with open(line[1], "rb", buffering=0) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        busy = subprocess.run([*COMMAND, *verb, "--port", line[1]], capture_output=True, text=True)
    assert (busy.returncode, busy.stdout) == (11, "")
    assert f"(process {os.getpid()})" in busy.stderr and "Traceback" not in busy.stderr


COMMAND = [sys.executable, "-c", "from lamplighter.cli import main; main()"]


@pytest.mark.parametrize("verb", ["test", "log"])
def test_a_network_port_that_nobody_serves_is_absent(verb):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"socket://127.0.0.1:{server.getsockname()[1]}"
    done = subprocess.run([*COMMAND, verb, "--port", address], capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()[0]) == (10, f"error: {address} cannot be reached.")
