"""`lamplighter identity`: the city's CA, and a key and certificate for each lamppost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import screen
from ..documents import secret_file
from ..pki.names import checked

if TYPE_CHECKING:
    from ..pki.city import City

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
PASSPHRASE = "LAMPLIGHTER_CA_PASSPHRASE"


def folder_option(function: Callable) -> Callable:
    return click.option("--identity", "folder", type=click.Path(file_okay=False, path_type=Path), default="identity",
                        show_default=True, metavar="FOLDER", help="The city's identity folder.")(function)  # fmt: skip


def passphrase_option(function: Callable) -> Callable:
    words = f"File with the passphrase of the CA's key. [default: ${PASSPHRASE}, or ask]"
    return click.option("--passphrase-file", type=FILE, metavar="FILE", help=words)(function)


def of_kind(function: Callable) -> Callable:
    """NAME is a node, unless one of these says that it is something else."""
    for kind, words in (
        ("engineer", "NAME is a person who signs records."),
        ("reader", "NAME is a program that reads the telemetry."),
        ("commander", "NAME is a person or program that sends commands, configurations and updates."),
        ("broker", "NAME is a broker: the host name or address that lampposts use."),
    ):
        function = click.option(f"--{kind}", "kind", flag_value=kind, help=words)(function)
    return function


as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group("identity")
def command() -> None:
    """Manage the city's CA, and the key and certificate of each lamppost (ECDSA P-256).

    The folder holds private keys: store it where only you can read it, and make a backup.

    Example: lamplighter identity init Lisbon
    """


@command.command("init")
@click.argument("city")
@folder_option
@passphrase_option
@click.option("--no-passphrase", is_flag=True, help="Protect the CA's key by its file mode alone (600).")
@click.option("--years", type=click.IntRange(1, 24), default=20, show_default=True)
@as_json
def init(city: str, folder: Path, passphrase_file: Path | None, no_passphrase: bool, years: int, as_json: bool) -> None:
    """Create the CA of a CITY.

    Example: lamplighter identity init Lisbon
    """
    from ..pki.city import City

    if not city.isprintable() or not 0 < len(city.encode()) <= 50:
        raise click.UsageError("CITY must be printable text of 1 to 50 octets.")
    phrase = None if no_passphrase else passphrase(passphrase_file, anew=True)
    if not no_passphrase and not phrase:
        raise click.UsageError(f"Give a passphrase with --passphrase-file or ${PASSPHRASE}, or add --no-passphrase.")
    made = City.create(folder, city, phrase, years * 365)
    ends = made.ca.not_valid_after_utc.isoformat()
    guard = "has a passphrase" if phrase else "is readable only by you"
    if as_json:
        screen.result({"folder": str(folder), "city": city, "ends": ends, "passphrase": bool(phrase)})
    else:
        screen.out.print(f"{folder}: the CA of {city}, until {ends[:10]}. Its key {guard}.", markup=False)


@command.command("issue")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@of_kind
@folder_option
@passphrase_option
@click.option("--roster", type=FILE, metavar="FILE", help="Issue certificates for all rows that have none.")
@click.option("--host", "hosts", multiple=True, metavar="NAME",
              help="With --broker: another host name or address of the broker.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 36500), help="Validity in days. [default: 10 years for a node]")
@as_json
def issue(
    names: tuple[str, ...], kind: str | None, folder: Path, passphrase_file: Path | None, roster: Path | None,
    hosts: tuple[str, ...], days: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Issue a key and a certificate for each NAME: SITE/NODE of a lamppost, or as the options say.

    Example: lamplighter identity issue lisbon/lp-0042
    """
    if not names and not roster:
        raise click.UsageError("Name at least one NAME, or a --roster.")
    if hosts and kind != "broker":
        raise click.UsageError("--host needs --broker.")
    city = load(folder, passphrase_file, True)
    wanted = [checked(kind or "node", name) for name in names]
    if roster:
        from ..roster import roster_file

        rows = roster_file.read(roster).rows
        wanted += [row.name for row in rows if row.secured and city.current("node", row.name) is None]
    city.refuse_taken(kind or "node", wanted)
    done = []
    for name in dict.fromkeys(wanted):
        city.issue_as(kind or "node", name, days, (name, *hosts) if hosts else ())
        done.append(_issued(city, kind or "node", name))
        if not as_json:
            screen.out.print(f"{name}: valid until {done[-1]['ends'][:10]}, {done[-1]['certificate']}", markup=False)
    if as_json:
        screen.result(done)
    elif not done:
        screen.out.print("Every row already has a certificate.")


@command.command("renew")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@of_kind
@folder_option
@passphrase_option
@click.option("--ca", "the_ca", is_flag=True, help="Renew the CA's certificate: same key, new expiry date.")
@click.option("--expiring", type=click.IntRange(0, 36500), metavar="DAYS",
              help="Renew all that expire within this many days.")  # fmt: skip
@click.option("--host", "hosts", multiple=True, metavar="NAME",
              help="With --broker: one more host name or address, beside those that it has.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 36500), help="Validity of the new certificates in days.")
@as_json
def renew(
    names: tuple[str, ...], kind: str | None, folder: Path, passphrase_file: Path | None, the_ca: bool,
    expiring: int | None, hosts: tuple[str, ...], days: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Issue a new key and certificate for each NAME that has one. The previous certificate stays valid until it is
    revoked, so the lamppost keeps working until the new one is installed with `lamplighter commission`.

    Example: lamplighter identity renew --expiring 90
    """
    if not names and not the_ca and expiring is None:
        raise click.UsageError("Name at least one NAME, or add --ca or --expiring DAYS.")
    if hosts and (kind != "broker" or len(names) != 1 or expiring is not None):
        raise click.UsageError("--host needs --broker and the NAME of one.")
    city = load(folder, passphrase_file, True)
    if the_ca:
        city.renew_ca(days or 20 * 365)
        until = f"{city.ca.not_valid_after_utc:%Y-%m-%d}"
        screen.note(f"The CA is valid until {until}; install it on the nodes at the next visit.")
    chosen = [(kind or "node", checked(kind or "node", name)) for name in names]
    if expiring is not None:
        chosen += city.expiring(expiring)
    done = []
    for one_kind, name in dict.fromkeys(chosen):
        city.renew(one_kind, name, days, hosts)
        done.append(_issued(city, one_kind, name))
        if not as_json:
            until = done[-1]["ends"][:10]
            screen.out.print(f"{name}: valid until {until}; the previous one stays valid.", markup=False)
    if as_json:
        screen.result(done)


@command.command("revoke")
@click.argument("name", required=False)
@of_kind
@folder_option
@passphrase_option
@click.option("--serial", metavar="HEX", help="Revoke only the certificate with this serial number.")
@click.option("--reason", default="unspecified", show_default=True, metavar="TEXT",
              help="Reason, noted in the certificate index.")  # fmt: skip
@as_json
def revoke(
    name: str | None, kind: str | None, folder: Path, passphrase_file: Path | None, serial: str | None,
    reason: str, as_json: bool,
) -> None:  # fmt: skip
    """Revoke all certificates of NAME, and delete its key from the folder. This takes effect when the broker loads
    the new revocation list: `lamplighter identity export`.

    Example: lamplighter identity revoke lisbon/lp-0042 --reason stolen
    """
    if bool(name) == bool(serial):
        raise click.UsageError("Name what to revoke, or its --serial.")
    if not reason.isprintable():
        raise click.UsageError("--reason has a character that cannot be printed.")
    city = load(folder, passphrase_file, True)
    named = checked(kind or "node", name) if name else ""
    bare = (serial or "").lower().replace(":", "").lstrip("0")  # as other tools print it
    found = city.revoke(kind or "node", named, reason, bare)
    if as_json:
        screen.result([{"name": one.name, "serial": one.serial, "revoked": one.revoked} for one in found])
        return
    for one in found:
        screen.out.print(f"{one.name}: {one.serial} is revoked.", markup=False)
    screen.note("Load the new list into the broker: lamplighter identity export, then reload it.")


@command.command("export")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER")
@folder_option
@passphrase_option
@click.option("--broker", required=True, metavar="NAME", help="The broker's name in its certificate.")
@click.option("--port", type=click.IntRange(1, 65535), default=8883, show_default=True)
@click.option("--at", "place", default="/etc/mosquitto/lamplighter", show_default=True, metavar="PATH",
              help="Path of the folder on the broker's machine.")  # fmt: skip
@as_json
def export(
    target: Path, folder: Path, passphrase_file: Path | None, broker: str, port: int, place: str, as_json: bool
) -> None:
    """Write a folder for Mosquitto: CA, revocation list, access list, configuration and install script. It holds no
    private key: the script takes the broker's key as its argument.

    Example: lamplighter identity export ./for-the-broker --broker broker.lan
    """
    from ..pki import mosquitto

    if not place.isprintable():
        raise click.UsageError("--at has a character that cannot be printed.")
    city = load(folder, passphrase_file)
    written = mosquitto.export(city, target, broker, port, place)
    if as_json:
        screen.result([str(path) for path in written])
        return
    for path in written:
        screen.out.print(str(path), markup=False)
    key = city.files("broker", checked("broker", broker))[0]
    screen.note("Copy this folder and the broker's key to the broker's machine (Debian, Ubuntu) and run there:")
    screen.note(f"  sudo sh {target.name}/install.sh {key.name}")
    screen.note(f"The key is {key}. For a container see compose.yaml.")


@command.command("list")
@folder_option
@as_json
def show(folder: Path, as_json: bool) -> None:
    """List all certificates: owner, expiry date, revoked or not.

    Example: lamplighter identity list
    """
    rows = [{**vars(one), "state": _state(one)} for one in load(folder, None).book.entries()]
    if as_json:
        screen.result(rows)
        return
    shown = [{**row, "ends": row["ends"][:10]} for row in rows]
    screen.table({"name": "name", "kind": "kind", "ends": "valid until", "state": "state", "serial": "serial"}, shown)


def load(folder: Path, file: Path | None, signing: bool = False) -> City:
    """The city of a folder. signing -- the passphrase is asked for where a person sits and the key has one."""
    from ..pki.city import City

    city = City.load(folder, passphrase(file))
    if signing and city.wants_passphrase:
        city = City.load(folder, secret_file.asked("The CA key's passphrase"))
    return city


def passphrase(file: Path | None, anew: bool = False) -> str | None:
    """From the file, the environment, or whoever makes a new one at the terminal."""
    given = secret_file.read(file, PASSPHRASE)
    if given is None and anew:
        return secret_file.asked("A passphrase for the CA's key", confirmation_prompt=True)
    return given


def _issued(city: City, kind: str, name: str) -> dict[str, Any]:
    entry, files = city.current(kind, name), city.files(kind, name)
    assert entry
    return {"name": name, "kind": kind, "serial": entry.serial, "ends": entry.ends, "certificate": str(files[1])}


def _state(one: Any) -> str:
    return f"revoked {one.revoked[:10]}" if one.revoked else "valid" if one.valid else "expired"
