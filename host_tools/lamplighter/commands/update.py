"""`lamplighter update`: a new app on a node that has one, and only what changed of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from .. import screen
from ..problems import NodeSaidNo, UpdateFailed

if TYPE_CHECKING:
    from ..update.update import Renewed

# the app's first line, or what boot.py and main.py say when there is none
STARTED = r"app: .*boot|lamppost: (no configuration|slot \w failed|no slot)"


@click.command("update")
@click.option("--port", required=True, metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
def command(port: str, as_json: bool) -> None:
    """Bring this lamplighter's app to a node over its REPL, beside the one that it runs.

    Only modules that changed cross the line, deflated. The new app counts once all of it is on the node and its
    checksum is right. The old one stays, and runs again if the new one does not become healthy in three starts.
    MicroPython, boot.py and the configuration stay as they are.

    Example: lamplighter update --port /dev/ttyUSB0
    """
    from .. import paths
    from ..device import ports
    from ..device.repl import Repl
    from ..image import littlefs, source_map
    from ..update import delta, update

    app = littlefs.compile_app()
    source_map.keep(app, paths.folder("firmware"))
    wanted = littlefs.slot(app)
    started = time.monotonic()
    with ports.claim(port), Repl(port, screen.note) as node:
        there = update.look(node, wanted)
        if there.head == update.head(wanted):
            _tell(port, app.build, None, time.monotonic() - started, as_json)
            return
        needed = delta.plan(wanted, there.modules)
        screen.note(f"{port}: firmware {app.version} build {app.build}; {needed.kept} modules are there already")
        with screen.progress(max(1, len(needed.new))) as progress:
            told = lambda at: progress(at, f"into slot {there.other}")  # noqa: E731
            try:
                done = update.renew(node, wanted, there, told, screen.note)
            except NodeSaidNo as trouble:
                if "MemoryError" not in trouble.cause:
                    raise
                screen.note("the app has left too little memory: soft reset")
                node.clean()
                done = update.renew(node, wanted, there, told, screen.note)
        screen.note("restarting")
        node.restart()
        line = node.boot_line(STARTED)
    _check(port, line, app.build)
    _tell(port, app.build, done, time.monotonic() - started, as_json)


def _check(port: str, line: str | None, build: str) -> None:
    from ..device import identify

    if line and "no configuration" in line:
        return  # it starts, and has nothing to work with yet
    facts = identify.ask(port).facts
    if facts.get("build") != build:
        runs = f"build {facts['build']} runs in slot {facts['slot']}" if facts else line or "it says nothing"
        raise UpdateFailed(
            f"The new app is on the node and does not run: {runs}.",
            "The node went back to the app that it had. Look at `lamplighter log` for why the new one did not start.",
        )


def _tell(port: str, build: str, done: Renewed | None, seconds: float, as_json: bool) -> None:
    if as_json:
        screen.result({
            "port": port, "build": build, "updated": done is not None, "slot": done and done.slot,
            "changed": done.changed if done else 0, "kept": done.kept if done else 0, "sent": done.sent if done else 0,
            "seconds": round(seconds, 1),
        })  # fmt: skip
    elif done is None:
        screen.out.print(f"{port}: build {build} is what it runs already.", markup=False)
    else:
        screen.out.print(
            f"{port}: build {build} runs in slot {done.slot}; {done.changed} modules are new ({done.sent:,} bytes on "
            f"the line), {done.kept} were there; {seconds:.1f} s. The old app stays in the other slot.",
            markup=False,
        )
