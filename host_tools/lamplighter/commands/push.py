"""`lamplighter push`: a configuration or a release of the app over the air, on trial until it has proven itself."""

from __future__ import annotations

from typing import Any

import click

from .. import screen
from ..config import config_file
from ..contract import ROOT
from ..problems import ConfigInvalid, PushRejected, PushReverted, PushUnfinished, SecretsInClear
from ..telemetry import updating
from ..telemetry.pushing import PUBLISH_S, Push, fingerprint, pushed, topics
from . import lampposts, push_app
from .broker_access import BrokerAccess, broker_options
from .finite import FiniteRange

_INFO_S = 5.0  # a retained message is there at once
_MORE_S = 120.0  # beyond the minutes of the trial: the lamppost restarts twice
_DESIRED = {"config": "cfg/desired", "app": "ota/desired"}
_SAID = {
    "checked": "the lamppost has checked it",
    "trial": "on trial: the lamppost restarts with it",
    "stable": "stable: it connected, and its parts answer",
    "reverted": "reverted",
    "rejected": "rejected",
}


@click.group("push")
def command() -> None:
    """Send lampposts a configuration or a release of the app over the air.

    Example: lamplighter push config lisbon/lp-0042 lp-0042.json --host broker.lan --identity identity --as operations
    """


command.add_command(push_app.command)


@command.command("config")
@click.argument("node", type=lampposts.Node(), metavar="NODE")
@click.argument("file", metavar="FILE")
@broker_options
@click.option("--patch", "is_patch", is_flag=True, help="FILE is a merge patch (RFC 7396) of what the lamppost has.")
@click.option("--board", metavar="NAME", help="Check a whole FILE against this board too.")
@click.option("--minutes", type=click.IntRange(1, 240), default=15, show_default=True,
              help="Powered minutes in which it must prove itself; then the one before comes back.")  # fmt: skip
@click.option("--wait", "wait_s", type=FiniteRange(1, 86400), metavar="S",
              help="Seconds to follow it.  [default: the minutes and two more]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The result as one object.")
def config(
    access: BrokerAccess, node: str, file: str, is_patch: bool, board: str | None, minutes: int,
    wait_s: float | None, as_json: bool,
) -> None:  # fmt: skip
    """Send NODE (SITE/NODE) the configuration in FILE (- for stdin), and follow it to the end.

    A whole document is checked here first, as `lamplighter configure` does it, with every error at once; the lamppost
    checks what only it can know. It is kept when the lamppost has connected with it and every part answers that did
    before; else the lamppost goes back to the one before, without a visit. Passwords travel over TLS only. A lamppost
    that is off gets it when it comes back.

    Example: lamplighter push config lisbon/lp-0042 lp-0042.json --host broker.lan --identity identity --as operations
    """
    kind = "patch" if is_patch else "config"
    content = config_file.patch(config_file.read(file)) if is_patch else _whole(file, node, board)
    message = {"minutes": minutes, kind: content}
    if not access.tls and (secret := _secret(content)):
        raise SecretsInClear(f"{file} has {secret}, and without TLS everybody on the way could read it.")
    push = Push(node)
    with access.subscriber(topics(node)) as connection:
        if is_patch:
            message["from"] = fingerprint(connection, node, _INFO_S)
            if not message["from"]:
                raise PushUnfinished(
                    f"The broker has no `info` of {node}, so that a patch has nothing to start from.",
                    "Check the name; a lamppost that never connected to this broker is configured at the cable.",
                )
        screen.note(f"{node}: push {push.id} published")
        pushed(connection, push, message, wait_s or minutes * 60 + _MORE_S, lambda one: screen.note(_said(one)))
    if as_json:
        screen.result(push.row())
    _judge(push, as_json)


@command.command("withdraw")
@click.argument("words", nargs=-1, required=True, metavar="NODE...")
@broker_options
@click.option("--only", type=click.Choice(list(_DESIRED)), help="Take back one kind. [default: both]")
def withdraw(access: BrokerAccess, words: tuple[str, ...], only: str | None) -> None:
    """Take back the configuration and the app that the broker keeps for lampposts.

    NODE is SITE/NODE, or @ROSTER.csv for every lamppost of a roster. A lamppost that was off gets neither then; one
    that is fetching a release stops; one that has restarted with it goes on with its trial.

    Example: lamplighter push withdraw lisbon/lp-0042 --host broker.lan --identity identity --as operations
    """
    nodes = lampposts.names(words)
    kinds = (only,) if only else tuple(_DESIRED)
    with access.subscriber(updating.filters(nodes)) as connection:
        for node in nodes:
            for kind in kinds:
                connection.publish(f"{ROOT}/{node}/{_DESIRED[kind]}", b"", retain=True, wait_s=PUBLISH_S)
    for node in nodes:
        screen.out.print(f"{node}: the broker keeps no {' and no '.join(kinds)} for it now.", markup=False)


def _whole(file: str, node: str, board: str | None) -> dict[str, Any]:
    from ..boards import board_file

    document = config_file.read(file)
    doc = config_file.check(document, board_file.load(board).node_document() if board else None)
    for remark in config_file.remarks(document, doc):
        screen.note(remark)
    named = f"{doc['site']}/{doc['node']}"
    if named != node:
        raise ConfigInvalid(f"{document.name} is of {named}, not of {node}.", "Name the lamppost that FILE is of.")
    return doc


def _secret(doc: dict[str, Any]) -> str | None:
    """The first secret in it, by its key."""
    for section, key in config_file.SECRETS:
        place = doc.get(section)
        if isinstance(place, dict) and place.get(key) is not None:
            return f"{section}.{key}"
    return None


def _said(push: Push) -> str:
    return f"{push.node}: {_SAID.get(push.phase, push.phase)}"


def _judge(push: Push, as_json: bool) -> None:
    if push.phase == "stable":
        if not as_json:
            screen.out.print(f"{push.node}: configuration {push.config} is stable.", markup=False)
    elif push.phase == "rejected":
        details = [f"{row['key'] or 'the push'}: {row['cause']}" for row in push.errors]
        raise PushRejected(f"{push.node} rejects the configuration; nothing was changed.", details=details)
    elif push.phase == "reverted":
        raise PushReverted(f"{push.node} went back to configuration {push.config}: {push.reason}.")
    elif push.phase:
        raise PushUnfinished(f"{push.node} has not told the end of the trial yet.")
    else:
        where = f"it is {push.state}" if push.state else "the broker has heard nothing of it"
        raise PushUnfinished(f"{push.node} has not answered: {where}. The broker keeps the push for it.")
