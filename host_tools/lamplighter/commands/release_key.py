"""`lamplighter release-key`: the keys that sign releases, and which of them lampposts trust."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import screen
from ..documents import secret_file
from .identity import FILE, as_json, folder_option

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PASSPHRASE = "LAMPLIGHTER_RELEASE_PASSPHRASE"


def passphrase_option(function: Callable) -> Callable:
    words = f"File with the passphrase of the release keys. [default: ${PASSPHRASE}, or ask]"
    return click.option("--passphrase-file", type=FILE, metavar="FILE", help=words)(function)


no_passphrase_option = click.option(
    "--no-passphrase", is_flag=True, help="Protect the keys by their file mode alone (600)."
)


@click.group("release-key")
def command() -> None:
    """The keys that sign releases (RSA-3072), and which of them lampposts trust.

    Example: lamplighter release-key init
    """


@command.command("init")
@folder_option
@passphrase_option
@no_passphrase_option
@as_json
def init(folder: Path, passphrase_file: Path | None, no_passphrase: bool, as_json: bool) -> None:
    """Make two keys: one that signs, and a backup to lock away.

    Example: lamplighter release-key init
    """
    from ..pki.release_keys import ReleaseKeys

    phrase = _new_passphrase(passphrase_file, no_passphrase)
    keys = ReleaseKeys.create(folder, phrase)
    first, backup = keys.trusted
    if as_json:
        screen.result({"trusted": list(keys.trusted), "keys": str(keys.file)})
        return
    screen.out.print(f"Key {first} signs releases. Key {backup} is the backup.", markup=False)
    screen.note(f"Move {keys.path(backup)} to a safe place off this computer.")
    screen.note("Install both on the lampposts with `lamplighter commission`,")
    screen.note(f"or with `lamplighter configure --release-keys {keys.file}`.")


@command.command("add")
@folder_option
@passphrase_option
@no_passphrase_option
def add(folder: Path, passphrase_file: Path | None, no_passphrase: bool) -> None:
    """Make one more key. A lamppost trusts it after the next release that a trusted key has signed.

    Example: lamplighter release-key add
    """
    from ..pki.release_keys import ReleaseKeys

    keys = ReleaseKeys(folder)
    name = keys.add(_new_passphrase(passphrase_file, no_passphrase))
    screen.out.print(f"Key {name} was created.", markup=False)
    screen.note("Lampposts get the new list with the next release that another trusted key has signed.")


@command.command("revoke")
@click.argument("name", metavar="ID")
@folder_option
def revoke(name: str, folder: Path) -> None:
    """Trust a key no longer. A lamppost does so after the next release that another trusted key has signed.

    Example: lamplighter release-key revoke 1f3a9c04
    """
    from ..pki.release_keys import ReleaseKeys

    keys = ReleaseKeys(folder)
    keys.revoke(name)
    screen.out.print(f"Key {name} is revoked; trusted: {', '.join(keys.trusted)}.", markup=False)
    screen.note("Lampposts get the new list with the next release: lamplighter release, then lamplighter push app.")


@command.command("list")
@folder_option
@as_json
def show(folder: Path, as_json: bool) -> None:
    """Show the keys that are trusted, and which of them can sign here.

    Example: lamplighter release-key list
    """
    from ..pki.release_keys import ReleaseKeys

    keys = ReleaseKeys(folder)
    usable = keys.usable()
    if as_json:
        screen.result([{"id": name, "signs_here": name in usable} for name in keys.trusted])
        return
    for name in keys.trusted:
        where = "can sign here" if name in usable else "its private key is not here"
        screen.out.print(f"{name}  {where}", markup=False)
    if not keys.trusted:
        screen.note(f"{keys.folder} has no release keys: lamplighter release-key init")


def signers(folder: Path, names: tuple[str, ...], passphrase_file: Path | None) -> dict[str, RSAPrivateKey]:
    """The named keys by id, or the first one whose private half is here."""
    from ..pki.release_keys import ReleaseKeys

    keys = ReleaseKeys(folder)
    chosen = names or tuple(keys.usable()[:1]) or tuple(keys.trusted)[:1] or ("",)
    phrase = secret_file.read(passphrase_file, PASSPHRASE)
    if phrase is None and any(keys.locked(name) for name in chosen):
        phrase = secret_file.asked("The passphrase of the release key")
    return {name: keys.read(name, phrase) for name in chosen}


def _new_passphrase(file: Path | None, none: bool) -> str | None:
    if none:
        return None
    phrase = secret_file.read(file, PASSPHRASE) or secret_file.asked(
        "A passphrase for the release keys", confirmation_prompt=True
    )
    if not phrase:
        raise click.UsageError(f"Give a passphrase with --passphrase-file or ${PASSPHRASE}, or add --no-passphrase.")
    return phrase
