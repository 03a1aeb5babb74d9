"""`lamplighter send`: a command to one lamppost, many, or a roster, and their answers."""

from __future__ import annotations

import re
from typing import Any

import click

from .. import screen
from ..contract.topics import PARAMETERS
from ..problems import CommandRefused, CommandUnanswered
from ..telemetry.commanding import Answer, commanded
from . import lampposts
from .broker_access import BrokerAccess, broker_options
from .finite import FiniteRange

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,8})(\.[0-9]+)?")


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="NODE... VERB [KEY=VALUE...]")
@broker_options
@click.option("--wait", "wait_s", type=FiniteRange(1, 3600), default=20, show_default=True, metavar="S",
              help="How long to wait for answers; the command expires half a minute later.")  # fmt: skip
@click.option("--id", "name", metavar="ID", help="Id of the command, to repeat it. [default: a new one]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per node.")
def command(access: BrokerAccess, words: tuple[str, ...], wait_s: float, name: str | None, as_json: bool) -> None:
    """Send a command to lampposts and wait for their answers.

    NODE is SITE/NODE, or @ROSTER.csv for every lamppost of a roster. VERB is identify, report, selftest,
    reboot, log, calibrate, clear, light, resume, or another that the firmware supports. A lamppost that
    does not answer gets the command again, with the same id: it is executed once at most. A broker with the city's
    access list requires the certificate of a commander.

    Example: lamplighter send lisbon/lp-0042 identify seconds=60 --host broker.lan
    """
    nodes, verb, args = parsed(words)
    if name is not None and not re.fullmatch(PARAMETERS["id"], name):
        raise click.UsageError("--id must be 1 to 40 letters, digits and - _ . :")
    show = None if as_json else _told
    answers = commanded(access.subscriber, nodes, verb, args, wait_s, name, show)
    if as_json:
        for answer in answers:
            screen.result(answer.row())
    else:
        columns = {"node": "node", "word": "answer", "sentence": "", "id": "id"}
        screen.table(columns, [{key: str(value) for key, value in answer.row().items()} for answer in answers])
    _judge(answers, wait_s)


def parsed(words: tuple[str, ...]) -> tuple[list[str], str, dict[str, Any]]:
    """(nodes, verb, arguments) of the command line. Raises UsageError, or RosterInvalid for the roster."""
    rest = list(words)
    named = []
    while rest and ("/" in rest[0] or rest[0].startswith("@")):
        named.append(rest.pop(0))
    nodes = lampposts.names(named)
    if not nodes:
        raise click.UsageError("Name at least one lamppost as SITE/NODE, or a roster as @FILE.csv, before the VERB.")
    if not rest:
        raise click.UsageError("A VERB is missing after the lampposts: identify, report, selftest, reboot, log, ...")
    verb = rest.pop(0)
    if not re.fullmatch(PARAMETERS["verb"], verb):
        raise click.UsageError(f"{verb!r} is not a VERB: 1 to 32 lower-case letters, digits and hyphens.")
    args: dict[str, Any] = {}
    for word in rest:
        key, equals, value = word.partition("=")
        if not equals or not key or key in args:
            raise click.UsageError(f"{word!r} is not KEY=VALUE, with each KEY once; lampposts go before the VERB.")
        args[key] = _value(value)
    return nodes, verb, args


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def _told(answer: Answer, word: str, sentence: str, lines: list[str]) -> None:
    """A line on stderr about what is on its way; what a lamppost has logged goes to stdout."""
    if word == "progress":
        for line in lines:
            screen.text(f"{answer.node}  {line}")
        if not lines:
            screen.note(f"{answer.node}: {sentence}")


def _judge(answers: list[Answer], wait_s: float) -> None:
    silent = [answer for answer in answers if answer.silent]
    refused = [answer for answer in answers if not answer.ok and not answer.silent]
    of = f"of {len(answers)} lamppost{'s' if len(answers) > 1 else ''}"
    if silent:
        raise CommandUnanswered(f"{len(silent)} {of} did not answer within {wait_s:g} s.")
    if refused:
        raise CommandRefused(f"{len(refused)} {of} answered with a fault: {refused[0].node}: {refused[0].sentence}")
