"""`lamplighter release`: the app as a signed release that lampposts fetch over the air."""

from __future__ import annotations

from pathlib import Path

import click

from .. import screen
from .identity import as_json, folder_option
from .release_key import passphrase_option, signers


@click.command("release")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="FOLDER",
              help="Folder of releases; its present files are kept.")  # fmt: skip
@click.option("--key", "names", multiple=True, metavar="ID", help="Key to sign with. [default: the first]")
@click.option("--floor", default="0", metavar="VERSION",
              help="A lamppost that runs this release refuses versions older than this.")  # fmt: skip
@folder_option
@passphrase_option
@as_json
def command(
    out: Path, names: tuple[str, ...], floor: str, folder: Path, passphrase_file: Path | None, as_json: bool
) -> None:
    """Compile the app, name its files by their hash, and sign it.

    FOLDER can be served by any web server that knows ranges; `lamplighter serve` is one. A lamppost takes the release
    when it trusts the key: its configuration was brought with `lamplighter configure --release-keys`. The release
    brings the present list of trusted keys along.

    Example: lamplighter release --out ./releases
    """
    from ..image import littlefs
    from ..pki.release_keys import ReleaseKeys
    from ..release import release_folder

    app = littlefs.compile_app()
    release_folder.check_floor(floor, app.version)
    keys = ReleaseKeys(folder)
    made = release_folder.write(out, app, signers(folder, names, passphrase_file), floor, keys)
    if as_json:
        screen.result({
            "release": str(made.path), "sha256": made.sha256, "version": app.version, "build": app.build,
            "files": made.files, "bytes": made.sent, "document": made.document,
        })  # fmt: skip
        return
    screen.out.print(f"{made.path}: {made.files} files, {made.sent:,} bytes compressed", markup=False)
    screen.out.print(f"sha256 {made.sha256}", markup=False)
    screen.note(f"Serve it: lamplighter serve {out}")
