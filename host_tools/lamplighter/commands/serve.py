"""`lamplighter serve`: a web server for a folder of releases."""

from __future__ import annotations

import hashlib
import json
import ssl
from pathlib import Path

import click

from .. import screen
from ..problems import CertificateInvalid, ReleaseInvalid
from .broker_access import FILE


@click.command("serve")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="FOLDER")
@click.option("--host", default="0.0.0.0", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: any that is free.")
@click.option("--cert", type=FILE, metavar="FILE", help="Certificate of this server, for HTTPS; with --key.")
@click.option("--key", type=FILE, metavar="FILE", help="Private key of the certificate.")
@click.option("--as", "name", metavar="NAME", help="How lampposts reach this computer.  [default: its address]")
def command(folder: Path, host: str, port: int, cert: Path | None, key: Path | None, name: str | None) -> None:
    """Serve the releases in FOLDER to lampposts, until Ctrl-C.

    For each release it prints what ota/desired must say. It needs no HTTPS: a lamppost believes only what is signed.
    With --cert and --key it uses HTTPS; the certificate must be of the CA that the lampposts check their broker by.

    Example: lamplighter serve ./releases
    """
    from ..release.server import Server

    if bool(cert) != bool(key):
        raise click.UsageError("--cert and --key must be used together.")
    releases = sorted(folder.glob("*.release"))
    if not releases:
        raise ReleaseInvalid(f"{folder} holds no release.", f"Make one: lamplighter release --out {folder}")
    try:
        server = Server(folder, host, port, tls=_tls(cert, key) if cert and key else None)
    except OSError as error:
        raise ReleaseInvalid(
            f"{host}:{port} cannot be used: {error.strerror}.", "Name another --port, or --port 0 for any."
        ) from None
    with server:
        place = f"{'https' if cert else 'http'}://{name or own_address()}:{server.port}"
        screen.note(f"Serving {folder} at {place}")
        for path in releases:
            wanted = {
                "id": path.stem, "url": f"{place}/{path.name}", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()
            }  # fmt: skip
            screen.out.print(json.dumps(wanted), markup=False, soft_wrap=True)
        server.serve_forever()


def _tls(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as wrong:
        raise CertificateInvalid(f"{cert} and {key} cannot be used: {wrong}.", "Name a PEM file and its key.") from None
    return context


def own_address() -> str:
    """This computer's address in the network by which it reaches others; nothing is sent."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"
