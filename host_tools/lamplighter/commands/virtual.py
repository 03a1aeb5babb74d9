"""`lamplighter virtual`: a virtual lamppost that stays up until it is stopped."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from .. import screen
from ..hosts import NamedHost, joined
from .finite import FiniteRange

WORDS = {
    "off": "power off",
    "loader": "in the ROM loader",
    "running": "running",
    "blank": "its flash has nothing to start: flash it",
    "asleep": "in deep sleep",
}


@click.command(name="virtual")
@click.option("--board", "name", required=True, metavar="BOARD", help="Board to simulate.")
@click.option("--port-link", type=click.Path(path_type=Path), required=True, metavar="PATH",
              help="Path of the symlink to its serial port.")  # fmt: skip
@click.option("--scenario", metavar="FILE",
              help="Scenario for its parts, power and network: a TOML file, or lisbon, london, milan.")  # fmt: skip
@click.option("--flash", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="File that holds the flash, created if missing. [default: a temporary file]")  # fmt: skip
@click.option("--blank", is_flag=True, help="Start with erased flash, without MicroPython.")
@click.option("--no-psram", is_flag=True, help="Simulate a module without PSRAM: the app does not start.")
@click.option("--host", "hosts", multiple=True, type=NamedHost(), metavar="NAME=ADDRESS[:PORT]",
              help="What a host name means to it; repeated for several.")  # fmt: skip
@click.option("--fast", is_flag=True, help="Skip idle time: simulated time jumps from event to event.")
@click.option("--speed", type=FiniteRange(min=1), metavar="N", help="Run at most N times faster than real time.")
@click.option("--paced", is_flag=True, help="Limit the serial line to its baud rate.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line: the port, then each state.")
def command(
    name: str, port_link: Path, scenario: str | None, flash: Path | None, blank: bool, no_psram: bool,
    hosts: tuple[tuple[str, tuple[str, int]], ...], fast: bool, speed: float | None, paced: bool, as_json: bool,
) -> None:  # fmt: skip
    """Start a virtual lamppost: a serial port with a simulated ESP32 that boots the image you flash. Serial tools use
    it like a real board. It starts with MicroPython only and runs until Ctrl-C or SIGTERM.

    \b
    Example: lamplighter virtual --board lamppost-esp32 --port-link ./lamp &
             esptool --port ./lamp flash-id
    """
    from ..boards import board_file
    from ..image import build
    from ..virtual.lamppost import VirtualLamppost

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    board = board_file.load(name)
    new = flash is None or not flash.exists()
    lamppost = VirtualLamppost(
        board, port_link=port_link, scenario=scenario, flash=flash, fast=fast, speed=speed,
        paced=paced, outside=True, psram=not no_psram,
    )  # fmt: skip

    def tell(state: str) -> None:
        if as_json:
            screen.result({"state": state})
        else:
            screen.note(f"{port_link}: {WORDS[state]}")

    if new and not blank:
        lamppost.flash_image([(board.silicon.offset, build.standin(board).read_bytes())])
    lamppost.network.hosts.update(hosts)
    lamppost.on_state(tell)
    try:
        if as_json:
            screen.result({"port": str(port_link), "board": name})
        else:
            screen.note(f"{port_link} is a virtual {lamppost.board.title} (simulated); Ctrl-C ends it")
            screen.note(f"its WiFi: name {lamppost.network.ssid}, password {lamppost.network.password}")
            for host, (address, port) in lamppost.network.hosts.items():
                screen.note(f"{host} is {joined(address, port) if port else address} to it")
        lamppost.start()
        while not stopped.wait(0.5):
            pass
    finally:
        lamppost.stop()
