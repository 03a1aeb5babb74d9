"""`lamplighter unlock`: the console of a node in operation, opened for this visit."""

from __future__ import annotations

from pathlib import Path

import click

from .. import screen
from ..problems import NodeSilent


@click.command("unlock")
@click.option("--port", required=True, metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--identity", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="The city's identity folder with the key of each lamppost.")  # fmt: skip
@click.option("--node", "name", metavar="SITE/NODE", help="The node whose key to use. [default: ask the node]")
@click.option("--key", metavar="FILE", help="The node's private key, PEM or DER.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(port: str, identity: Path | None, name: str | None, key: str | None, as_json: bool) -> None:
    """Unlock the console of a lamppost in operation with its own key.

    It stays unlocked for 15 minutes or until the node is reset; other commands and mpremote work meanwhile. The lamp
    keeps working. Without the key the only way in is `lamplighter flash --erase`.

    Example: lamplighter unlock --port /dev/ttyUSB0 --identity ~/lisbon/identity
    """
    from ..device import ports, unlock
    from ..pki import certificates

    if bool(identity) == bool(key):
        raise click.UsageError("Name the key: either --identity FOLDER or --key FILE.")
    with ports.claim(port):
        if identity:
            from ..pki import city

            name = name or _asked(port)
            key = str(city.node_key(identity, name)) if name else None
        opened = bool(key) and unlock.unlock(port, certificates.node_key(key), screen.note)
    if as_json:
        screen.result({"port": port, "was_locked": opened, "open": True})
    else:
        words = "is unlocked for 15 minutes, or until the node is reset" if opened else "is not locked"
        screen.out.print(f"{port}: the console {words}.", markup=False)


def _asked(port: str) -> str:
    """SITE/NODE, or an empty text for a node that gives its prompt to everybody."""
    from ..device import identify

    answer = identify.ask(port)
    if answer.facts or answer.state in (identify.PROMPT, identify.NOT_CONFIGURED):
        return str(answer.facts.get("node", ""))
    raise NodeSilent(f"The node on {port} does not report its name.", "Name it with --node SITE/NODE.")
