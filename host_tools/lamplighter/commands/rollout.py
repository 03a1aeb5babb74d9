"""`lamplighter rollout`: a release to the lampposts of a roster, group by group."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import screen
from ..problems import PlanInvalid, RolloutBusy, RolloutStateWrong
from .broker_access import BrokerAccess, access_to, optional_broker_options

if TYPE_CHECKING:
    from ..rollout.engine import Rollout
    from ..rollout.plan_file import Plan
    from ..rollout.rollout_state import RolloutState

_DRAWN_S = 0.25
_ORDERS = {
    "pause": "Ask no more lampposts; updates that have begun go on.",
    "resume": "Go on after a pause or a stop; the failures so far are accepted.",
    "retry": "Go on, and ask the failed lampposts once more.",
    "abort": "End it: take back what lampposts have not restarted with.",
    "back": "Bring the plan's `back` release to every lamppost that was asked.",
}


def _order_options(function: Callable) -> Callable:
    for word, text in reversed(_ORDERS.items()):
        function = click.option(f"--{word}", "orders", flag_value=word, multiple=True, help=text)(function)
    return function


@click.command("rollout")
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PLAN.toml")
@optional_broker_options
@_order_options
@click.option("--status", "only_status", is_flag=True, help="Show how far it is, from the state file, and end.")
@click.option("--check", "only_check", is_flag=True, help="Check the plan, its roster and its releases, and end.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write an HTML page about it at the end.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The result as one object.")
def command(
    access: BrokerAccess | None, plan_file: Path, orders: tuple[str, ...], only_status: bool, only_check: bool,
    report: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Bring a release to the lampposts of a roster as PLAN.toml has it; run it again to go on.

    The first group has one lamppost of each board, boot loader and build, of each the one with the weakest signal. A
    lamppost has succeeded when it says so itself: it confirms the release, runs its build, and stays online.
    The next group begins after a dusk and a dawn. No two neighbours are updated at once, none around dusk, and too many
    failures stop the roll-out. The state is in a file beside the plan: the computer may be closed at any moment.

    Example: lamplighter rollout dimming-fix.toml --host broker.lan --identity identity --as operations
    """
    from ..rollout import plan_file as plans
    from ..rollout.rollout_state import RolloutState

    if len(orders) > 1:
        raise click.UsageError("Give one of --pause, --resume, --retry, --abort and --back.")
    order = orders[0] if orders else ""
    plan = plans.load(plan_file)
    if only_check:
        screen.out.print(f"{plan_file}: {len(plan.places)} lampposts, release {plan.release.version}", markup=False)
        return
    if order == "back" and plan.back is None:
        raise PlanInvalid(f"{plan_file} names no release to go back to.", 'Add back = "FILE.release" to the plan.')
    state = RolloutState.of(plan_file)
    if (only_status or order) and not state.path.exists():
        raise RolloutStateWrong(f"{plan_file} was not begun.", "Begin it: the same command without that option.")
    with state:
        if only_status:
            _show(_rollout(plan, state), state, report, as_json)
            return
        with state.held() as free:
            if free:
                _carry_out(plan, state, access, order, report, as_json)
            elif order:
                state.order(order)
                screen.note(f"--{order} is left for the command that carries the roll-out out.")
            else:
                raise RolloutBusy(f"Another lamplighter carries out {plan_file}.")


def _carry_out(
    plan: Plan, state: RolloutState, access: BrokerAccess | None, order: str, report: Path | None, as_json: bool
) -> None:
    from ..rollout.runner import Runner, filters, is_open

    rollout = _rollout(plan, state)
    if order or is_open(rollout):
        broker = access or _of_plan(plan)
        with broker.subscriber(filters(rollout)) as connection, _live(rollout):
            runner = Runner(rollout, state, connection, told=screen.note)
            runner.order(order or "resume")
            with screen.if_interrupted("The same command goes on; lampposts that were asked go on by themselves."):
                runner.run()
    _show(rollout, state, report, as_json)


def _rollout(plan: Plan, state: RolloutState) -> Rollout:
    from ..rollout.engine import Rollout

    return Rollout(plan, *state.open(plan))


def _of_plan(plan: Plan) -> BrokerAccess:
    """The broker that the plan names; its files are relative to the plan."""
    if not plan.broker:
        raise click.UsageError("Name the broker with --host, or in the plan under [broker].")
    folder = plan.path.parent
    ca, identity = (folder / plan.broker[key] if key in plan.broker else None for key in ("ca", "identity"))
    return access_to(
        plan.broker["host"], plan.broker.get("port"), plan.broker.get("user"), None, plan.broker.get("tls", False), ca,
        None, identity, plan.broker.get("as"),
    )  # fmt: skip


@contextlib.contextmanager
def _live(rollout: Rollout) -> Iterator[None]:
    """A live table below the lines of the events, at a terminal."""
    from ..rollout import live_table

    if not screen.err.is_terminal:
        yield
        return
    from rich.live import Live

    def drawn():
        return live_table.live(rollout, screen.err.width, screen.err.height)

    with Live(get_renderable=drawn, console=screen.err, refresh_per_second=1 / _DRAWN_S, vertical_overflow="crop"):
        yield


def _show(rollout: Rollout, state: RolloutState, report: Path | None, as_json: bool) -> None:
    """The result, and the Problem that it ends with."""
    from ..documents import atomic_file
    from ..rollout import rollout_page, summary
    from ..rollout.engine import PAUSED

    if report:
        page = rollout_page.page(rollout, state.log(), time.time())
        atomic_file.write(report, page.encode(), "Name another file with --report.")
    if as_json:
        screen.result(summary.row(rollout))
    else:
        screen.out.print(summary.headline(rollout), markup=False)
        columns = {"group": "group", **summary.COLUMNS}
        rows = [
            {"group": str(group), **{step: str(found[step] or "") for step in summary.COLUMNS}}
            for group, found in summary.by_group(rollout)
        ]
        screen.table(columns, rows)
    if rollout.progress.mode == PAUSED:
        screen.note("Paused; --resume goes on.")
    if trouble := summary.problem(rollout):
        raise trouble
