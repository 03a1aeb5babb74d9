"""`lamplighter configure`: a node's configuration, checked whole before the node is touched, swapped in one step."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .. import screen
from ..problems import ConfigInvalid, ConfigNotKept, FileRefused, NodeSaidNo

# the app's first line, or what main.py says when there is none
STARTED = r"app: .*boot|lamppost: (no configuration|slot \w failed|no slot)"

HALF = "The node keeps its previous configuration until the new one is complete. Run the same command again."


@click.command("configure")
@click.option("--port", metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--board", metavar="NAME", help="Board to check against. [default: ask the node]")
@click.option("--certs", metavar="FOLDER",
              help="Folder of certificates for mqtt.tls: ca.*, and node.crt with node.key.")  # fmt: skip
@click.option("--ca", metavar="FILE", help="Certificate of the CA that signed the broker's certificate.")
@click.option("--cert", metavar="FILE", help="The node's own certificate.")
@click.option("--key", metavar="FILE", help="Its private key, ECDSA P-256.")
@click.option("--release-keys", "release_keys", metavar="FILE",
              help="keys.json: the keys whose releases the node accepts over the air.")  # fmt: skip
@click.option("--new", is_flag=True, help="Ask for the required values, and write FILE. [default: NODE.json]")
@click.option("--dry-run", is_flag=True, help="Check only, write nothing; with --board no node is needed.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.argument("file", metavar="FILE", required=False)
def command(
    port: str | None, board: str | None, certs: str | None, ca: str | None, cert: str | None, key: str | None,
    release_keys: str | None, new: bool, dry_run: bool, as_json: bool, file: str | None,
) -> None:  # fmt: skip
    """Install the configuration FILE on a node (- for stdin).

    All errors are shown at once, and then nothing is written. Passwords are never shown; in the file
    {"$env": "NAME"} takes one from the environment. --certs installs certificates together with the configuration;
    they stay on the node when you leave it out later.

    With --new it asks for site, name, WiFi, broker and fitted parts, checks each answer, and writes FILE; nothing is
    sent to the node. With --dry-run the document is only shown.

    Example: lamplighter configure --port /dev/ttyUSB0 lp-0042.json
    """
    from ..config import config_file
    from ..device import ports
    from ..pki import certificates

    if new:
        _new(port, board, dry_run, as_json, file)
        return
    if file is None:
        raise click.UsageError("Name the FILE of the configuration, or create one with --new.")
    if port is None and not (dry_run and board):
        raise click.UsageError("--port is required, except for --dry-run with --board.")
    document = config_file.read(file)
    facts = _board(board) if board else None
    files = certificates.gather(certs, ca, cert, key)
    doc = config_file.check(document, facts)
    for remark in config_file.remarks(document, doc):
        screen.note(remark)
    if files:
        doc["mqtt"].setdefault("tls", {}).update({kind: path for kind, (path, _) in files.items()})
    on_node = dict(files.values())
    if release_keys:
        from ..pki.release_keys import check_file

        on_node["/keys.json"] = check_file(Path(release_keys))
    if port is None or (dry_run and board):
        _tell({"node": doc["node"], "config": config_file.config_hash(doc), "written": False}, as_json, "is right")
        return
    with ports.claim(port), screen.if_interrupted(HALF):
        _on_the_node(port, document, doc, on_node, facts, dry_run, as_json)


def _new(port: str | None, board: str | None, dry_run: bool, as_json: bool, file: str | None) -> None:
    from ..boards import board_file
    from ..config import config_file, interview
    from ..documents import atomic_file

    if not sys.stdin.isatty():
        page = "docs/reference/configuration.md has an example to copy"
        raise click.UsageError(f"--new needs a terminal: {page}.")
    if file and Path(file).exists():
        raise FileRefused(f"{file} exists already.", "Name another file: --new never replaces one.")
    if board is None and port is None:
        board = click.prompt("Board", type=click.Choice(board_file.names()), default="lamppost-esp32", err=True)
    facts = _board(board) if board else _board_of(str(port))

    def ask(question: str, default: str, hidden: bool) -> str:
        shown = bool(default) and not hidden
        return click.prompt(question, default=default, show_default=shown, hide_input=hidden, err=True).strip()

    with screen.if_interrupted("No file was written."):
        doc = interview.Interview(facts, ask, screen.note).run()
    if dry_run:
        screen.text(json.dumps(config_file.redacted(doc), indent=2, ensure_ascii=False))
        return
    text = json.dumps(doc, indent=2, ensure_ascii=False) + "\n"
    path = Path(file or f"{doc['node']}.json")
    if path.exists():
        raise FileRefused(f"{path} exists already.", "Name another file: --new never replaces one.")
    atomic_file.write(path, text.encode(), FileRefused.remedy, mode=0o600)
    if as_json:
        screen.result({"node": doc["node"], "file": str(path)})
        return
    screen.out.print(f"{path} is written, and valid for {facts['board']}.", markup=False)
    for variable in interview.variables(doc):
        screen.note(f"Before you install it: export {variable}=...")
    screen.note(f"Install it: lamplighter configure --port {port or 'PORT'} {path}")


def _board_of(port: str) -> dict[str, Any]:
    from ..device import ports
    from ..device.repl import Repl

    with ports.claim(port), Repl(port, screen.note) as node:
        return _facts(node)


def _facts(node: Any) -> dict[str, Any]:
    from ..device import node_files

    facts = node_files.document(node, "/board.json")
    if facts is None:
        raise NodeSaidNo(
            "The node has no /board.json: it does not run Lamplighter firmware.",
            "Install the firmware with `lamplighter flash`.",
        )
    return facts


def _on_the_node(
    port: str, document: Any, doc: dict, files: dict[str, bytes], facts: dict | None, dry_run: bool, as_json: bool
) -> None:
    from ..config import config_file
    from ..device import node_files, psram
    from ..device.repl import Repl

    with Repl(port, screen.note) as node:
        psram.require(node)
        if facts is None:
            facts = _facts(node)
            config_file.check(document, facts)
        before = node_files.document(node, "/config.json")
        _certificates_kept(node, document.name, doc, before, files)
        if doc.get("mode") == "operation" and "key" not in doc["mqtt"].get("tls", {}):
            raise ConfigInvalid(
                f"{document.name} sets mode to operation, but the node has no key to lock its console with.",
                "Install its certificate and key with --certs FOLDER, or leave mode out.",
            )
        told = {"node": doc["node"], "config": config_file.config_hash(doc), "written": False}
        if before and before != doc and before.get("node") not in (None, doc["node"]):
            screen.note(f"This node was {before['node']}; it will be set up as {doc['node']}.")
        if dry_run or (before == doc and not node_files.lacking(node, files)):
            _tell(told, as_json, "is right" if dry_run else "is unchanged")
            return
        screen.note("writing")
        if files:
            node_files.bring(node, files)
        node_files.adopt(node, config_file.encode(doc))
        if "tls" in doc["mqtt"]:
            node_files.tidy(node)
        line = restarted(node)
    _tell({**told, "written": True, "boot": line}, as_json, "is written, and the node runs with it")


def restarted(node: Any) -> str:
    """Start the node with its new configuration; the app's first line. Raises ConfigNotKept."""
    screen.note("restarting")
    node.restart()
    line = node.boot_line(STARTED)  # the rescue window of 1.5 s comes before it
    if line is None or "app: " not in line:
        raise ConfigNotKept(
            f"The configuration was written, but the node did not start with it: {line or 'no output'}.",
            "Read `lamplighter log`; `lamplighter test` shows what is wrong.",
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
        raise ConfigInvalid(f"{name} requires TLS, but the node has no {what}.", "Install it with --certs FOLDER.")


def _board(name: str) -> dict[str, Any]:
    from ..boards import board_file

    return board_file.load(name).node_document()


def _tell(told: dict, as_json: bool, words: str) -> None:
    if as_json:
        screen.result(told)
    else:
        screen.out.print(f"{told['node']}: configuration {told['config']} {words}.", markup=False)
