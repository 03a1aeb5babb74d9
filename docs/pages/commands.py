"""docs/reference/commands.md: every verb of `lamplighter` with its options, from the commands themselves."""

from __future__ import annotations

import inspect
import textwrap

import click
from lamplighter.cli import VERBS, lamplighter
from lamplighter.commands.broker_access import PASSWORD
from lamplighter.image.official import VARIABLE

from .table import table

HEAD = """# Commands

{list}
Every verb has `--help`; `lamplighter --debug VERB` shows tracebacks. Results go to stdout, progress and problems to
stderr. What went wrong is in the [exit code](problems.md).

The port is a device (`/dev/ttyUSB0`), the link of a virtual lamppost (`./lamp`), or a port in the network
(`rfc2217://host:port`).

## Environment

{environment}"""
ENVIRONMENT = (
    (VARIABLE, "folder in which official MicroPython images are looked for before the cache"),
    (PASSWORD, "the broker's password for `--user`, of every verb that connects to one"),
    ("LAMPLIGHTER_CA_PASSPHRASE", "the passphrase of the CA's key, for `identity`, `commission` and `broker`"),
    ("LAMPLIGHTER_RELEASE_PASSPHRASE", "the passphrase of the keys that sign releases"),
    ("LAMPLIGHTER_WEB_PASSWORD", "the password that `lamplighter web` asks every browser for"),
    ("LAMPLIGHTER_NGSI_TOKEN", "the token of `bridge ngsi-ld` for the context broker"),
    ("LAMPLIGHTER_KAFKA_PASSWORD", "the password of `bridge kafka`"),
    ("LAMPLIGHTER_WIFI_PASSWORD", "the WiFi's password, for [the bench](hil.md)"),
    ("PGPASSWORD, PGPASSFILE", "PostgreSQL's password, or the file with it"),
    ("CLICKHOUSE_PASSWORD", "ClickHouse's password"),
    ("DEMO_SECONDS", "how long `lamplighter demo` and `make demo` go on"),
)


def content() -> str:
    verbs = table(("verb", "what it does"), ((f"[`{verb}`](#{verb})", line) for verb, (_, line) in VERBS.items()))
    environment = table(("variable", "meaning"), ((f"`{name}`", meaning) for name, meaning in ENVIRONMENT))
    group = click.Context(lamplighter, info_name="lamplighter")
    return HEAD.format(list=verbs, environment=environment) + "".join(_verb(verb, group) for verb in VERBS)


def _verb(verb: str, group: click.Context) -> str:
    command = lamplighter.get_command(group, verb)
    assert command
    text = _section("##", verb, command, group)
    if isinstance(command, click.Group):
        text += "".join(_section("###", f"{verb} {name}", one, group) for name, one in command.commands.items())
    return text


def _section(level: str, verb: str, command: click.Command, group: click.Context) -> str:
    context = click.Context(command, info_name=verb, parent=group)
    words, example = _words(command)
    usage = " ".join([f"lamplighter {verb}", *command.collect_usage_pieces(context)])
    rows = [
        (f"`{record[0]}`", " ".join(record[1].split()))
        for record in (each.get_help_record(context) for each in command.params if isinstance(each, click.Option))
        if record
    ]
    parts = [f"{level} {verb}", words, f"```text\n{usage}\n```"]
    if rows:
        parts.append(table(("option", "meaning"), rows).rstrip())
    return "\n" + "\n\n".join([*parts, f"```sh\n{example}\n```"]) + "\n"


def _words(command: click.Command) -> tuple[str, str]:
    """(description, example) of a verb's docstring."""
    said, _, example = inspect.cleandoc(command.help or "").replace("\b\n", "").partition("Example:")
    if not example:
        raise ValueError(f"{command.name} has no example")
    first, *more = example.strip().splitlines()
    return said.strip(), "\n".join([first, *textwrap.dedent("\n".join(more)).splitlines()])
