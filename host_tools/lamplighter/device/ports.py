"""Lists serial ports, and tells absent, busy and forbidden ones apart without opening them."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import this_system
from ..problems import PortAbsent, PortBusy, PortNotPermitted, Problem
from . import com_ports

# USB vendor, product -> the bridge's name. None: any product of this vendor that offers a serial port.
BRIDGES: dict[tuple[int, int | None], str] = {
    (0x10C4, None): "CP210x",
    (0x1A86, 0x55D4): "CH9102",
    (0x1A86, 0x55D3): "CH343",
    (0x1A86, None): "CH340",
    (0x0403, None): "FTDI",
    (0x067B, None): "PL2303",
    (0x303A, 0x1001): "USB-JTAG",
    (0x303A, 0x4001): "USB native",  # stock MicroPython on an ESP32-S3 speaks through its own USB
}
PTY_MAJORS = range(136, 144)


@dataclass(frozen=True)
class Port:
    """A serial port: `device` is what to open, `place` where on the USB it sits, `serial` the bridge's number."""

    device: str
    bridge: str = ""
    place: str = ""
    serial: str = ""
    state: str = "free"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def bridge_of(vid: int | None, pid: int | None) -> str:
    """The bridge's name, or an empty text when the port belongs to something else and must be left alone."""
    if vid is None:
        return ""
    return BRIDGES.get((vid, pid)) or BRIDGES.get((vid, None), "")


def plugged_in() -> list[Port]:
    """All ports of known bridges, without opening any of them."""
    from serial.tools import list_ports

    found = []
    for info in sorted(list_ports.comports(), key=lambda info: info.device):
        bridge = bridge_of(info.vid, info.pid)
        if bridge:
            found.append(Port(info.device, bridge, info.location or "", info.serial_number or "", state(info.device)))
    return found


def state(device: str) -> str:
    """`free`, or the word of the problem that stands in the way."""
    try:
        check(device)
    except Problem as trouble:
        return trouble.word.removeprefix("port-")
    return "free"


def is_network(device: str) -> bool:
    return "://" in device


def is_pty(device: str) -> bool:
    """A pseudo-terminal: what a virtual lamppost offers. It has no modem lines and no baud."""
    if this_system.is_windows():
        return False
    try:
        status = os.stat(device)
    except OSError:
        return False
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) in PTY_MAJORS


def is_there(device: str) -> bool:
    """False when the port is gone; a port in the network is never known to be."""
    if is_network(device):
        return True
    return com_ports.name(device) in com_ports.there() if this_system.is_windows() else os.path.exists(device)


def check(device: str) -> None:
    """Raise PortAbsent, PortNotPermitted or PortBusy; return when the port can be opened."""
    if is_network(device):
        return
    if this_system.is_windows():
        com_ports.check(device)
        return
    status = _status(device)
    if not os.access(device, os.R_OK | os.W_OK):
        raise _not_permitted(device, status)
    holder = holder_of(device)
    if holder:
        raise PortBusy(f"{device} is in use by {holder}.")


def unopened(device: str) -> Problem:
    """The Problem for a port that passed check() but could not be opened."""
    if is_network(device):
        return PortAbsent(f"{device} cannot be reached.", "Check the address, and that the port server is running.")
    try:
        check(device)
    except Problem as trouble:
        return trouble
    return PortBusy(f"{device} cannot be opened: another program uses it.")


def check_named(device: str) -> None:
    """Raise PortAbsent unless the name stands for a serial port."""
    if this_system.is_windows():
        com_ports.check(device)
    else:
        _status(device)


def _status(device: str) -> os.stat_result:
    try:
        status = os.stat(device)
    except PermissionError:
        raise PortNotPermitted(f"{device} is in a folder that you may not read.") from None
    except (OSError, ValueError):  # ValueError: a NUL, which no name has
        raise _absent(device) from None
    if not stat.S_ISCHR(status.st_mode):
        raise PortAbsent(f"{device} is a {_kind(status.st_mode)}, not a serial port.")
    return status


def _absent(device: str) -> PortAbsent:
    if os.path.islink(device):  # of any text, also one too long for a name
        return PortAbsent(
            f"{device} points to {os.readlink(device)}, which does not exist any more.",
            "Start the virtual lamppost again, or reconnect the adapter.",
        )
    known = [port.device for port in plugged_in()]
    there = "Plugged in: " + ", ".join(known) + "." if known else "No known USB serial bridge is connected."
    return PortAbsent(f"There is no port {device}. {there}")


def _kind(mode: int) -> str:
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "device of another kind"


def _not_permitted(device: str, status: os.stat_result) -> PortNotPermitted:
    import grp

    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    if status.st_gid == 0:
        return PortNotPermitted(
            f"{device} belongs to root only.", "Assign it to the group dialout with a udev rule."
        )
    return PortNotPermitted(
        f"{device} belongs to the group {group}, and you are not a member.",
        f"Add yourself to the group (`sudo usermod -aG {group} $USER`) and log in again.",
    )


def holder_of(device: str) -> str:
    """The program that uses the port, as `minicom (process 4711)`; empty if none is known.

    A real port is held by whoever has it open. A pty is also open in the program that made it, so there only a
    lock counts (pyserial's `exclusive`, which esptool, mpremote and this tool all take).
    """
    status = os.stat(device)
    pid = _lock_holder(status)
    if pid is None and not is_pty(device):
        pid = _opener(os.path.realpath(device))
    if pid is None:
        return ""
    if pid == os.getpid():
        return "this program itself"
    name = _read(f"/proc/{pid}/comm").strip() or "a program of another user"
    return f"{name} (process {pid})"


def _lock_holder(status: os.stat_result) -> int | None:
    """The process with a flock on the device, from /proc/locks: asking by flock itself would mean opening the port."""
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in _read("/proc/locks").splitlines():
        fields = line.split()
        if len(fields) >= 6 and fields[1] == "FLOCK" and fields[5] == place:
            return int(fields[4])
    return None


def _opener(path: str) -> int | None:
    for links in Path("/proc").glob("[0-9]*/fd"):
        pid = int(links.parent.name)
        if pid == os.getpid():
            continue
        with contextlib.suppress(OSError):
            for link in links.iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(link) == path:
                        return pid
    return None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@contextlib.contextmanager
def claim(device: str) -> Iterator[None]:
    """Hold the port for a whole command: between esptool's run and the REPL nobody else of this tool may slip in."""
    import filelock

    check(device)
    lock = _lock_file(device)
    holder = lock.with_suffix(".pid")  # not in the lock file: Windows lets nobody read that while it is held
    try:
        held = filelock.FileLock(lock).acquire(blocking=False)
    except filelock.Timeout:
        process = _read(str(holder)) or "unknown"
        raise PortBusy(f"{device} is in use by another lamplighter (process {process}).") from None
    with held:
        holder.write_text(str(os.getpid()), encoding="utf-8")
        yield


def _lock_file(device: str) -> Path:
    import tempfile

    owner = os.getuid() if hasattr(os, "getuid") else "user"  # Windows has a folder of its own for each user
    folder = Path(tempfile.gettempdir()) / f"lamplighter-{owner}"
    folder.mkdir(mode=0o700, exist_ok=True)
    # a pseudo terminal's number soon is another's: there it is the link that names the lamppost
    name = os.path.abspath(device) if is_pty(device) else real(device)
    return folder / (re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-") + ".lock")


def follow(port: Port) -> str | None:
    """The present device of a port whose name has changed: by the bridge's serial number, else by USB location."""
    if is_there(port.device):
        return port.device
    for other in plugged_in():
        if (port.serial and other.serial == port.serial) or (
            not port.serial and port.place and (other.place, other.bridge) == (port.place, port.bridge)
        ):
            return other.device
    return None


def back(port: Port, within: float) -> str | None:
    """Wait for a port that went away; its name then, or None when it did not come back in time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        device = follow(port)
        # a device file is there a moment before this user may open it
        if device and state(device) == "free":
            return device
        time.sleep(0.2)
    return None


def named(device: str) -> Port:
    """The port as the system knows it, or a bare one for a pty or a network address."""
    for port in plugged_in():
        if real(port.device) == real(device):
            return Port(device, port.bridge, port.place, port.serial, port.state)
    return Port(device, "network" if is_network(device) else "virtual" if is_pty(device) else "", state=state(device))


def real(device: str) -> str:
    """One text for a port, by whatever name it was given."""
    if is_network(device):
        return device
    return com_ports.name(device) if this_system.is_windows() else os.path.realpath(device)
