"""`lamplighter configure`: a node's configuration, checked whole before the node is touched, swapped in one step."""

from __future__ import annotations

from typing import Any

import click

from .. import screen
from ..problems import ConfigInvalid, ConfigNotKept, NodeSaidNo

# the app's first line, or what main.py says when there is none
STARTED = r"app: .*boot|lamppost: (no configuration|slot \w failed|no slot)"

HALF = "The node keeps the configuration that it had until the new one is whole on it. Run the same command again."


@click.command("configure")
@click.option("--port", metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--board", metavar="NAME", help="Check against this board; without it the node is asked.")
@click.option("--certs", metavar="FOLDER", help="Certificates for mqtt.tls: ca.*, and node.crt with node.key.")
@click.option("--ca", metavar="FILE", help="The CA's certificate that the broker's must be signed with.")
@click.option("--cert", metavar="FILE", help="The node's own certificate.")
@click.option("--key", metavar="FILE", help="Its private key, ECDSA P-256.")
@click.option("--dry-run", is_flag=True, help="Check only; with --board no node is needed.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
@click.argument("file", metavar="FILE")
def command(
    port: str | None, board: str | None, certs: str | None, ca: str | None, cert: str | None, key: str | None,
    dry_run: bool, as_json: bool, file: str,
) -> None:  # fmt: skip
    """Give a node its configuration from FILE (- for stdin).

    All errors are shown at once and nothing is written then. Passwords are never shown; in the file
    {"$env": "NAME"} takes one from the environment. Certificates come with --certs and count from the same moment as
    the configuration; later they stay without it.

    Example: lamplighter configure --port /dev/ttyUSB0 lp-0042.json
    """
    from ..config import config_file
    from ..device import ports
    from ..pki import certificates

    if port is None and not (dry_run and board):
        raise click.UsageError("Name the node's --port; only --dry-run with --board does without.")
    document = config_file.read(file)
    facts = _board(board) if board else None
    files = certificates.gather(certs, ca, cert, key)
    doc = config_file.check(document, facts)
    for remark in config_file.remarks(document, doc):
        screen.note(remark)
    if files:
        doc["mqtt"].setdefault("tls", {}).update({kind: path for kind, (path, _) in files.items()})
    if port is None or (dry_run and board):
        _tell({"node": doc["node"], "config": config_file.config_hash(doc), "written": False}, as_json, "is right")
        return
    with ports.claim(port), screen.if_interrupted(HALF):
        _on_the_node(port, document, doc, dict(files.values()), facts, dry_run, as_json)


def _on_the_node(
    port: str, document: Any, doc: dict, files: dict[str, bytes], facts: dict | None, dry_run: bool, as_json: bool
) -> None:
    from ..config import config_file
    from ..device import node_files, psram
    from ..device.repl import Repl

    with Repl(port, screen.note) as node:
        psram.require(node)
        if facts is None:
            facts = node_files.document(node, "/board.json")
            if facts is None:
                raise NodeSaidNo(
                    "The node has no /board.json: no Lamplighter firmware is on it.",
                    "Bring the firmware with `lamplighter flash`.",
                )
            config_file.check(document, facts)
        before = node_files.document(node, "/config.json")
        _certificates_kept(node, document.name, doc, before, files)
        if doc.get("mode") == "operation" and "key" not in doc["mqtt"].get("tls", {}):
            raise ConfigInvalid(
                f"{document.name} asks for operation, and the node has no key of its own to lock its console with.",
                "Bring its certificate and key with --certs FOLDER, or leave mode out.",
            )
        told = {"node": doc["node"], "config": config_file.config_hash(doc), "written": False}
        if before and before != doc and before.get("node") not in (None, doc["node"]):
            screen.note(f"This node was {before['node']} until now; it becomes {doc['node']}.")
        if dry_run or (before == doc and not node_files.lacking(node, files)):
            _tell(told, as_json, "is right" if dry_run else "is unchanged: the node has it already")
            return
        screen.note("writing")
        if files:
            node_files.bring(node, files)
        node_files.adopt(node, config_file.encode(doc))
        if "tls" in doc["mqtt"]:
            node_files.tidy(node)
        line = restarted(node)
    _tell({**told, "written": True, "boot": line}, as_json, "is written; the node is up with it")


def restarted(node: Any) -> str:
    """Start the node with its new configuration; the app's first line. Raises ConfigNotKept."""
    screen.note("restarting")
    node.restart()
    line = node.boot_line(STARTED)  # the rescue window of 1.5 s comes before it
    if line is None or "app: " not in line:
        raise ConfigNotKept(
            f"The configuration is on the node, but the node did not start with it: {line or 'it says nothing'}.",
            "Look at `lamplighter log`; `lamplighter test` says what is wrong.",
        )
    return line


def _certificates_kept(node: Any, name: str, doc: dict, before: dict | None, files: dict[str, bytes]) -> None:
    """What mqtt.tls leaves open is what the node has already; every file that it names must be there."""
    from ..device import node_files
    from ..pki import certificates

    tls = doc["mqtt"].get("tls")
    if tls is None:
        return
    old = (before or {}).get("mqtt", {}).get("tls", {})
    if "ca" in old:
        tls.setdefault("ca", old["ca"])
    if "cert" not in tls and "cert" in old and "key" in old:
        tls.update(cert=old["cert"], key=old["key"])
    named = certificates.named(doc)
    there = node_files.checksums(node, named) if named else {}
    lacking = [path for path in named if path not in there and path not in files]
    if "ca" not in tls or lacking:
        what = ", ".join(lacking) or "the CA's certificate"
        raise ConfigInvalid(f"{name} asks for TLS, and the node has no {what}.", "Bring it with --certs FOLDER.")


def _board(name: str) -> dict[str, Any]:
    from ..boards import board_file

    return board_file.load(name).node_document()


def _tell(told: dict, as_json: bool, words: str) -> None:
    if as_json:
        screen.result(told)
    else:
        screen.out.print(f"{told['node']}: configuration {told['config']} {words}.", markup=False)
