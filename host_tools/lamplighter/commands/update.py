"""`lamplighter update`: a new app on a node that has one, and only what changed of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from .. import screen
from ..problems import UpdateFailed

if TYPE_CHECKING:
    from ..update.update import Renewed

# the app's first line, or what boot.py and main.py say when there is none
STARTED = r"app: .*boot|lamppost: (no configuration|slot \w failed|no slot)"

HALF = "The node runs its previous app until the new one is complete. Run the same command again: it sends the rest."


@click.command("update")
@click.option("--port", required=True, metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(port: str, as_json: bool) -> None:
    """Update the node's app to the one in this lamplighter, over the serial REPL.

    Only changed files are sent, compressed. They go into the inactive slot, which becomes the active one when every
    file has the right hash. The old app stays in its slot and runs again if the new one does not become healthy in
    three starts. Missing and damaged files are replaced, extra ones removed. MicroPython, boot.py and the
    configuration are not changed.

    Example: lamplighter update --port /dev/ttyUSB0
    """
    from ..device import ports
    from ..device.repl import Repl
    from ..image import compile, littlefs
    from ..update import update

    app = littlefs.compile_app()
    wanted = littlefs.slot(app)
    known = list(compile.Cache().modules())
    started = time.monotonic()
    done = line = None
    mended: list[str] = []
    with screen.if_interrupted(HALF), ports.claim(port), Repl(port, screen.note) as node:
        there = update.look(node)
        for slot in (there.running, there.idle):
            if slot.count:
                screen.note(f"{port}: {slot.sentence()}")
        if there.active not in ("a", "b"):
            screen.note(f"{port}: /state.json cannot be read")
        if not there.runs(wanted) or there.active != there.running.letter:  # after power-on another slot would start
            screen.note(f"{port}: slot {there.idle.letter} gets {app.version} build {app.build}")
            with screen.progress(100) as progress:

                def arrived(at: int, total: int) -> None:
                    progress(100 * at // max(1, total), f"into slot {there.idle.letter}")

                done = update.renew(node, wanted, there, known, progress=arrived)
            if there.running.count:
                mended.append(_mend(node, wanted, there.running.letter))
            screen.note("restarting")
            node.restart()
            line = node.boot_line(STARTED)
        elif there.idle.count:
            mended.append(_mend(node, wanted, there.idle.letter))
    if done:
        _check(port, line, app.build)
    _tell(port, app.build, done, mended, time.monotonic() - started, as_json)


def _mend(node, wanted: dict[str, bytes], letter: str) -> str:
    """Give the slot that is not active any more, and not whole, the same app."""
    from ..update import update

    there = update.look(node, running="b" if letter == "a" else "a")
    screen.note(f"slot {letter} is completed with the same app")
    update.renew(node, wanted, there, switch=False)
    return letter


def _check(port: str, line: str | None, build: str) -> None:
    from ..device import identify

    if line and "no configuration" in line:
        return  # it starts, and has nothing to work with yet
    facts = identify.ask(port).facts
    if facts.get("build") != build:
        runs = f"build {facts['build']} runs in slot {facts['slot']}" if facts else line or "no output"
        raise UpdateFailed(
            f"The new app is on the node but does not run: {runs}.",
            "The node went back to its previous app. `lamplighter log` shows why the new one did not start.",
        )


def _tell(port: str, build: str, done: Renewed | None, mended: list[str], seconds: float, as_json: bool) -> None:
    if as_json:
        screen.result({
            "port": port, "build": build, "updated": done is not None, "slot": done and done.slot,
            "changed": done.changed if done else 0, "kept": done.kept if done else 0, "sent": done.sent if done else 0,
            "mended": mended, "seconds": round(seconds, 1),
        })  # fmt: skip
        return
    if done is None:
        text = f"{port}: already up to date (build {build})."
    else:
        text = (
            f"{port}: build {build} runs in slot {done.slot}; {done.changed} files sent ({done.sent:,} bytes), "
            f"{done.kept} unchanged; {seconds:.1f} s."
        )
    text += "".join(f" Slot {letter} was incomplete and now has the same app." for letter in mended)
    if done and not mended:
        text += " The old app stays in the other slot."
    screen.out.print(text, markup=False)
