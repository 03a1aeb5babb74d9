"""`lamplighter broker`: a broker for trials, until it is stopped."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from .. import screen
from ..hosts import Host
from .identity import load, passphrase_option


@click.command("broker")
@click.option("--identity", "folder", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="The city's identity folder: TLS, client certificates and access list.")  # fmt: skip
@passphrase_option
@click.option("--broker", "name", metavar="NAME", help="Name of the broker certificate, if the city has several.")
@click.option("--listen", type=Host(), default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="With --identity: the address to listen on.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535),
              help="Port to listen on; 0: any free port. [default: 1883, TLS 8883]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when it listens.")
def command(
    folder: Path | None, passphrase_file: Path | None, name: str | None, listen: str, port: int | None, as_json: bool
) -> None:
    """Run a trial broker until Ctrl-C or SIGTERM. It stores nothing on disk, so do not use it for real lampposts.

    With --identity it is Mosquitto with TLS and the access list that `lamplighter identity export` writes. Without, it
    is a broker without passwords that listens on this computer only, as in `lamplighter demo`.

    Example: lamplighter broker --identity identity
    """
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    if not folder:
        if name or passphrase_file or listen != "127.0.0.1":
            raise click.UsageError("--broker, --passphrase-file and --listen need --identity.")
        from ..demo.broker import DemoBroker

        with DemoBroker(1883 if port is None else port) as broker:
            _tell(as_json, broker.host, broker.port, "without passwords, for trials on this computer")
            while not stopped.wait(0.5):  # on Windows a Ctrl-C is taken between two waits only
                pass
        return
    from ..pki.trial_broker import TrialBroker, free_port, only_broker

    city = load(folder, passphrase_file, True)
    name = name or only_broker(city)
    with TrialBroker(city, name, listen, 8883 if port is None else port or free_port(listen)) as broker:
        _tell(as_json, listen, broker.port, f"TLS as {name}, for trials")
        while not stopped.wait(0.5):
            broker.check()


def _tell(as_json: bool, host: str, port: int, what: str) -> None:
    if as_json:
        screen.result({"host": host, "port": port})
    else:
        screen.note(f"broker on {host}:{port} ({what}); Ctrl-C ends it")
