"""`lamplighter demo`: the main job on virtual lampposts, from blank flash to telemetry, a new app and a pulled plug."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import screen
from ..contract import ROOT
from ..problems import ContractBroken, TelemetryGaps, VirtualFailed
from .finite import FiniteRange

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..demo.demo_street import Lamp, Street
    from ..telemetry.state import Seen, Telemetry
    from ..telemetry.subscriber import Incoming, Subscriber
    from ..telemetry.updating import AirUpdate

WITHOUT_TERMINAL_S = 60
TELEMETRY_S = 12  # there is at least so much to see, however long the way there took
DARK_S = 3
BACK_S = 30  # a lamppost that was pulled must be back by then
HEALTHY_S = 10  # the new app does its work so long before it is confirmed; on a street it is five minutes
DIM_S = 7.0  # after which the lamps get another level
LEVELS = (100, 60, 30, 80, 10)
UPDATED_S = 30  # beyond the end of the demo, should the update need it


def _seconds() -> float | None:
    text = os.environ.get("DEMO_SECONDS", "").strip()
    try:
        return max(1.0, float(text)) if text else None
    except ValueError:
        raise click.UsageError(f"DEMO_SECONDS is {text!r}: use a number of seconds.") from None


@click.command("demo")
@click.option("--seconds", type=FiniteRange(min=1),
              help="Stop after about this many seconds. [default: $DEMO_SECONDS]")  # fmt: skip
@click.option("--web/--no-web", default=True, help="Show the street in a browser too.  [default: web]")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), hidden=True, help="Picture of the last screen.")
def command(seconds: float | None, web: bool, svg: Path | None) -> None:
    """Run three virtual lampposts on recorded data: flash, configure and test them with the real tools, then show
    live telemetry, in the terminal and in a browser. Commands dim their lamps, one gets a new app over the air, another
    loses power halfway.

    The browser opens by itself where this computer has a screen; elsewhere the page's address is printed. It is
    served on 127.0.0.1 alone.

    Stops after --seconds or with Ctrl-C. Exit code 53 if a message was invalid, 54 if one was lost. Duplicates are
    only counted: a lamppost that loses power before the acknowledgement sends the record again, under the same key.

    Example: lamplighter demo --seconds 30
    """
    from ..demo import demo_page
    from ..demo.broker import DemoBroker
    from ..demo.demo_release import DemoRelease
    from ..demo.demo_street import Street
    from ..telemetry import panel
    from ..telemetry.state import Telemetry
    from ..telemetry.subscriber import Subscriber
    from ..virtual import micropython_process

    micropython_process.require()  # before anything is built
    seconds = seconds or _seconds()
    if seconds is None and not screen.out.is_terminal:
        seconds = WITHOUT_TERMINAL_S
    telemetry = Telemetry()
    with (
        tempfile.TemporaryDirectory(prefix="lamplighter-demo-") as folder,
        DemoBroker() as broker,
        Subscriber(broker.host, broker.port, [f"{ROOT}/#"]) as subscriber,
        DemoRelease(Path(folder)) as release,
        Street(Path(folder), (broker.host, broker.port), release) as street,
        demo_page.served(broker.host, broker.port) if web else contextlib.nullcontext("") as page,
    ):
        show = (_Live if screen.out.is_terminal else _Lines)(street, telemetry, f"demo broker {subscriber.where}", page)
        with show:
            demo = Demo(street, subscriber, telemetry, show, seconds)
            demo.run()
        if svg:
            panel.picture(_screen(street, telemetry, show.said, "", 112), svg, 112, "lamplighter demo")
    if demo.update and demo.update.phase in ("rejected", "reverted"):
        raise VirtualFailed(f"{demo.update.node} did not keep the new app: {demo.update.sentence}.")
    summary = telemetry.summary()
    screen.out.print(f"demo: {panel.closing(summary)}", markup=False)
    if summary["invalid"]:
        raise ContractBroken("Messages of the demo violate the contract.", details=list(telemetry.complaints)[-20:])
    if summary["gaps"]:
        raise TelemetryGaps("Messages of the demo were lost.", details=telemetry.gaps()[:20])


class Demo:
    """The steps of the demo: start, bring one a new app, cut the power of another, watch."""

    def __init__(
        self, street: Street, subscriber: Subscriber, telemetry: Telemetry, show: _Lines, seconds: float | None
    ) -> None:
        self._street, self._subscriber, self._telemetry, self._show = street, subscriber, telemetry, show
        self._ends = time.monotonic() + seconds if seconds else None
        self.update: AirUpdate | None = None  # of the last lamppost, once it was asked for
        self._dims = 0
        self._dim_at: float | None = None  # when the lamps get another level; None: they are not yet there

    def run(self) -> None:
        """Until the time is over, or Ctrl-C."""
        try:
            self._bring_up()
            self._ask_for_update(self._street.lamps[-1])
            self._dim_at = time.monotonic()
            now = time.monotonic()
            if self._ends is not None:
                self._ends = max(self._ends, now + TELEMETRY_S)
            self._listen(now + (min(10.0, (self._ends - now) / 3) if self._ends else 10.0))
            self._pull(self._street.lamps[1])
            self._listen(self._ends)
            give_up = time.monotonic() + UPDATED_S
            while self.update and not self.update.ended and time.monotonic() < give_up:
                self._listen(time.monotonic() + 0.2)
        except KeyboardInterrupt:
            self._show.say("stopping")

    def _bring_up(self) -> None:
        with ThreadPoolExecutor(len(self._street.lamps)) as pool:
            work = [pool.submit(lamp.bring_up, self._show.step) for lamp in self._street.lamps]
            while not all(one.done() for one in work):
                self._listen(time.monotonic() + 0.2)
            _raise_first(work)

    def _ask_for_update(self, lamp: Lamp) -> None:
        """Publish the release that the lamppost shall run; it fetches it, restarts, and proves it."""
        from ..telemetry import updating

        if lamp.release:
            node = f"{lamp.city}/{lamp.node}"
            self.update = updating.AirUpdate(node, "demo")
            address = lamp.release.address
            self._show.say(f"{lamp.node}: app {address.version} is published for it, signed")
            updating.publish(self._subscriber, node, self.update.id, address, spread_s=0, healthy_s=HEALTHY_S)

    def _dim(self) -> None:
        """Command the lamps to other levels, each to its own, for half an hour at most."""
        if self._dim_at is None or time.monotonic() < self._dim_at:
            return
        self._dim_at = time.monotonic() + DIM_S
        self._dims += 1
        now = datetime.datetime.now(datetime.UTC)
        exp, until = (f"{now + datetime.timedelta(minutes=more):%Y-%m-%dT%H:%M:%SZ}" for more in (1, 30))
        for number, lamp in enumerate(self._street.lamps):
            args = {"level": LEVELS[(self._dims + number) % len(LEVELS)], "exp": until, "ramp_s": 1}
            body = {"id": f"dim-{self._dims}", "exp": exp, "args": args}
            topic = f"{ROOT}/{lamp.city}/{lamp.node}/cmd/light"
            self._subscriber.publish(topic, json.dumps(body).encode())

    def _follow_update(self, arrived: Incoming) -> None:
        from ..demo.demo_street import UPDATE

        lamp = self._street.lamps[-1]
        before = lamp.done.get(UPDATE)
        if self.update and self.update.take(arrived):
            told = self.update
            lamp.done[UPDATE] = f"{told.phase} {told.total} B" if told.phase == "downloading" else told.phase
            if told.ok and lamp.release:
                lamp.done[UPDATE] = f"{told.phase}: {lamp.release.address.version}"
            if lamp.done[UPDATE] != before:
                self._show.step(lamp, f"update over the air: {lamp.done[UPDATE]}")

    def _pull(self, lamp: Lamp) -> None:
        """The mains are cut without a word, as at dawn; and come back."""
        self._show.say(f"{lamp.node}: power off")
        lamp.virtual.power_off()
        self._listen(time.monotonic() + DARK_S)
        lamp.virtual.power_on()
        self._show.say(f"{lamp.node}: power on")
        boots = self._boots(lamp)
        give_up = time.monotonic() + BACK_S
        while self._boots(lamp) == boots and time.monotonic() < give_up:
            self._listen(time.monotonic() + 0.2)

    def _boots(self, lamp: Lamp) -> int:
        """The highest boot count that the lamppost has sent."""
        nodes = [node for node in self._telemetry.nodes.values() if node.name == lamp.node]
        return max((value.message.get("b", 0) for node in nodes for value in node.last.values()), default=0)

    def _listen(self, until: float | None) -> None:
        from ..telemetry.subscriber import Incoming

        while True:
            left = 0.25 if until is None else min(0.25, until - time.monotonic())
            if left <= 0:
                return
            arrived = self._subscriber.next(left)
            if isinstance(arrived, Incoming):
                self._follow_update(arrived)
                self._show.message(self._telemetry.take(arrived.topic, arrived.payload, arrived.retained))
            self._dim()
            self._show.tick()


def _raise_first(work: list[Future]) -> None:
    for one in work:
        one.result()


class _Lines:
    """Plain lines: steps, events and alarms as they come, the counts each five seconds."""

    def __init__(self, street: Street, telemetry: Telemetry, where: str, page: str) -> None:
        self._street, self._telemetry, self._where, self._page = street, telemetry, where, page
        self._lock = threading.Lock()
        self._counted = time.monotonic()
        self._alarms: set[str] = set()  # topics of those that were on
        self.said = "from blank flash to telemetry; Ctrl-C ends"

    def __enter__(self) -> None:
        boards = ", ".join(f"{lamp.node} {lamp.city} ({lamp.board})" for lamp in self._street.lamps)
        self.say(f"three virtual lampposts, blank, {self._where}: {boards}")
        if self._page:
            self.say(f"the street in a browser: {self._page}")

    def __exit__(self, *_: object) -> None: ...

    def say(self, text: str) -> None:
        self.said = text
        with self._lock:
            screen.out.print(text, markup=False)

    def step(self, lamp: Lamp, text: str) -> None:
        """Called from the lamppost's own thread."""
        self.say(f"{lamp.node}: {text}")

    def message(self, seen: Seen) -> None:
        from ..telemetry import panel

        kind = seen.place.kind.name if seen.place else ""
        if kind == "alarm" and seen.message is None and seen.topic not in self._alarms:
            return  # a node that starts clears what an earlier boot may have left at the broker
        if kind == "alarm":
            self._alarms.add(seen.topic)
        if seen.errors or kind == "alarm" or kind == "state" or kind.startswith("evt_"):
            self.say(panel.line(seen, self._telemetry.utc()).plain)

    def tick(self) -> None:
        from ..telemetry import panel

        if time.monotonic() - self._counted >= 5:
            self._counted = time.monotonic()
            self.say(panel.closing(self._telemetry.summary()))


class _Live(_Lines):
    """The live screen: each lamppost's way there, then the telemetry."""

    def __init__(self, street: Street, telemetry: Telemetry, where: str, page: str) -> None:
        from rich.live import Live

        super().__init__(street, telemetry, where, page)
        self._live = Live(console=screen.out, auto_refresh=False)
        self._drawn = 0.0

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *_: object) -> None:
        self._draw()
        self._live.stop()

    def say(self, text: str) -> None:
        self.said = text

    def step(self, lamp: Lamp, text: str) -> None:
        """The table shows it."""

    def message(self, seen: Seen) -> None: ...

    def tick(self) -> None:
        if time.monotonic() - self._drawn >= 0.25:
            self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        size = screen.out.size
        shown = _screen(self._street, self._telemetry, self.said, self._page, size.width, size.height - 8)
        self._live.update(shown, refresh=True)


def _screen(street: Street, telemetry: Telemetry, said: str, page: str, width: int, height: int = 40) -> RenderableType:
    """The demo's screen: progress of each lamppost, then its telemetry."""
    from rich.console import Group
    from rich.text import Text

    from ..telemetry import panel

    title = "Three virtual lampposts: simulated chips and parts; real firmware, MicroPython, esptool, mpremote"
    parts: list[RenderableType] = [Text(title, "bold")]
    if page:
        parts.append(Text.assemble("The street in a browser: ", (page, "bold cyan")))
    parts += [Text(said, "yellow"), _way(street, width)]
    if telemetry.nodes:
        parts.append(panel.live(telemetry, "Telemetry", width, height))
    return Group(*parts)


def _way(street: Street, width: int) -> RenderableType:
    from ..demo.demo_street import STEPS, UPDATE
    from ..fitting_table import fitting_table

    rows = []
    for lamp in street.lamps:
        steps = {step: lamp.done.get(step, "…" if lamp.doing == step else "") for step in (*STEPS, UPDATE)}
        state = lamp.virtual.state
        chip = f"[bold red]{state}[/]" if state == "off" else state
        rows.append({"node": lamp.node, "city": lamp.city, "board": lamp.board, **steps, "chip": chip})
    columns = ("node", "city", "board", *STEPS, UPDATE, "chip")
    return fitting_table(columns, rows, width, drop_first=("board", "city", "configure", "flash"))
