"""`lamplighter web`: the street in a browser."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from .. import screen
from ..contract import ROOT
from ..documents import secret_file
from ..web.listen_address import DEFAULT, ListenAddress
from .broker_access import FILE, BrokerAccess, TopicLevel, broker_options

PASSWORD = "LAMPLIGHTER_WEB_PASSWORD"


@click.command("web")
@broker_options
@click.option("--site", type=TopicLevel(), default="+", help="Show only this site.")
@click.option("--listen", type=ListenAddress(), default=f"{DEFAULT[0]}:{DEFAULT[1]}", show_default=True,
              metavar="ADDRESS:PORT", help="Where to serve the page; port 0: any that is free.")  # fmt: skip
@click.option("--store", metavar="FILE", help="Database of `lamplighter store`: adds the history of each lamppost.")
@click.option("--tiles", metavar="URL", help="A map server's tiles under the plan: https://HOST/{z}/{x}/{y}.png.")
@click.option("--web-password-file", type=FILE, metavar="FILE", help="Ask every browser for this password.")
@click.option("--https-cert", type=FILE, metavar="FILE", help="Serve by HTTPS with this certificate.")
@click.option("--https-key", type=FILE, metavar="FILE", help="Private key of --https-cert.")
@click.option("--clients-ca", type=FILE, metavar="FILE", help="Ask every browser for a certificate of this CA.")
@click.option("--open", "opened", is_flag=True, help="Open the page in this computer's browser.")
def command(
    access: BrokerAccess, site: str, listen: tuple[str, int], store: str | None, tiles: str | None,
    web_password_file: Path | None, https_cert: Path | None, https_key: Path | None, clients_ca: Path | None,
    opened: bool,
) -> None:  # fmt: skip
    """Show the street live in a browser: plan, list, each lamppost, alarms and the contract check.

    Prints the page's address and serves it until Ctrl-C. Beyond this computer it listens only with a password
    (--web-password-file, or $LAMPLIGHTER_WEB_PASSWORD) or with client certificates. The broker's password comes from
    --password-file or $LAMPLIGHTER_MQTT_PASSWORD, or is asked for.

    Example: lamplighter web --host broker.lan --store lamps.duckdb
    """
    from ..web import browser
    from ..web.stored_history import StoredHistory
    from ..web.web_access import WebAccess, loopback
    from ..web.web_app import WebApp
    from ..web.web_server import WebServer

    password = secret_file.read(web_password_file, PASSWORD)
    web_access = WebAccess(password, https_cert, https_key, clients_ca)
    web_access.check(listen[0])
    map_tiles = _tiles(tiles)
    history = StoredHistory(store) if store else None
    if history:
        history.check()
    with access.subscriber([f"{ROOT}/{site}/+/#"]) as subscriber:
        page = WebApp(subscriber, web_access, history, map_tiles)
        with WebServer(page.app, *listen, web_access, page.stop) as server:
            screen.text(server.address)
            if password and not web_access.https and not loopback(listen[0]):
                screen.note("The password and the page travel unencrypted; add --https-cert and --https-key.")
            screen.note(f"Showing {ROOT}/{site}/+/# of {subscriber.where}. Ctrl-C ends.")
            if opened:
                browser.show(server.address)
            with contextlib.suppress(KeyboardInterrupt):  # the usual way to end
                server.wait()


def _tiles(address: str | None):
    from ..web.web_app import Tiles

    if address is None:
        return None
    if not address.startswith(("https://", "http://")) or any(f"{{{name}}}" not in address for name in "xyz"):
        raise click.UsageError("--tiles is a URL with {z}, {x} and {y}, such as https://tiles.lan/{z}/{x}/{y}.png.")
    if any(letter in address for letter in " ;,'\"\\<>") or not address.isascii():
        raise click.UsageError("--tiles has a character that no address has.")
    return Tiles(address)
