"""`lamplighter conform`: judges from the broker whether a lamppost keeps the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from .. import __version__, screen
from ..conform import verdict_files as report
from ..conform.conform_run import Hooks, Run
from ..problems import NotConforming
from .broker_access import BrokerAccess, broker_options
from .finite import FiniteRange
from .lampposts import Node

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@broker_options
@click.option("--node", type=Node(), required=True, metavar="SITE/NODE", help="The lamppost.")
@click.option("--seconds", type=FiniteRange(5, 86400), default=60, show_default=True, metavar="S",
              help="Listen for so long; longer than its longest window.")  # fmt: skip
@click.option("--restart-broker", metavar="COMMAND", help="Command that restarts the broker; judges how it comes back.")
@click.option("--power-off", metavar="COMMAND|URL", help="Cuts the lamppost's power; with --power-on.")
@click.option("--power-on", metavar="COMMAND|URL", help="Gives it back.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the verdicts as JUnit XML.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write the verdicts as a page.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    access: BrokerAccess, node: str, seconds: float, restart_broker: str | None, power_off: str | None,
    power_on: str | None, junit: Path | None, html: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Judge whether a lamppost, whoever made it, keeps the contract: one verdict a rule, with evidence.

    Listens to its telemetry, sends it harmless commands (report, identify) and looks at what the broker retains.
    What this run could not see (an alarm, a power cut) is listed as not judged. A broker with the city's access list
    requires the certificate of a commander.

    Example: lamplighter conform --host broker.lan --node lisbon/lp-0042 --html verdict.html
    """
    if bool(power_off) != bool(power_on):
        raise click.UsageError("--power-off and --power-on must be used together.")
    run = Run(access.subscriber, node, note=lambda text: screen.note(f"{node}: {text}"))
    rules = run.whole(seconds, Hooks(restart_broker, power_off, power_on))
    if junit:
        report.write_junit(junit, node, rules)
    if html:
        when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        report.write_html(html, node, rules, f"{when}, lamplighter {__version__}")
    if as_json:
        screen.result(report.result(node, rules))
    else:
        columns = {"mark": "", "rule": "rule", "evidence": ""}
        rows = [{"mark": report.MARKS[rule.ok], "rule": rule.id, "evidence": rule.evidence} for rule in rules]
        screen.table(columns, rows)
    broken = [rule for rule in rules if rule.ok is False]
    if not run.recording.messages:
        raise NotConforming(
            f"Nothing came from {node}, and the broker has nothing of it.",
            "Check --node against `lamplighter watch`, and that the lamppost has power and this broker.",
        )
    if broken:
        ids = ", ".join(rule.id for rule in broken)
        raise NotConforming(f"{node} breaks {len(broken)} of {len(rules)} rules: {ids}.")
    if not as_json:
        screen.note(f"{node} keeps the contract: {sum(rule.ok is True for rule in rules)} rules judged.")
