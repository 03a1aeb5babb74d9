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
@click.option("--base", "bases", multiple=True, type=click.Path(dir_okay=False, path_type=Path), metavar="IMAGE",
              help="MicroPython to install with it: an official .bin or .app-bin, one for each variant.")  # fmt: skip
@click.option("--without-rollback", is_flag=True,
              help="Install --base also where the boot loader is older than MicroPython 1.22: if the image does not "
                   "start there, somebody must go to the lamppost.")  # fmt: skip
@folder_option
@passphrase_option
@as_json
def command(
    out: Path, names: tuple[str, ...], floor: str, bases: tuple[Path, ...], without_rollback: bool, folder: Path,
    passphrase_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Compile the app, name its files by their hash, and sign it.

    FOLDER can be served by any web server that knows ranges; `lamplighter serve` is one. A lamppost takes the release
    when it trusts the key: its configuration was brought with `lamplighter configure --release-keys`. The release
    brings the present list of trusted keys along.

    Example: lamplighter release --out ./releases
    """
    from ..image import littlefs
    from ..pki.release_keys import ReleaseKeys
    from ..release import base_image, release_folder

    images = [base_image.read(path) for path in bases]
    release_folder.check_images(images)
    app = littlefs.compile_app()
    release_folder.check_floor(floor, app.version)
    keys = ReleaseKeys(folder)
    signing = signers(folder, names, passphrase_file)
    made = release_folder.write(out, app, signing, floor, keys, images, without_rollback)
    if as_json:
        screen.result({
            "release": str(made.path), "sha256": made.sha256, "version": app.version, "build": app.build,
            "files": made.files, "bytes": made.sent, "document": made.document,
        })  # fmt: skip
        return
    screen.out.print(f"{made.path}: {made.files} files, {made.sent:,} bytes compressed", markup=False)
    screen.out.print(f"sha256 {made.sha256}", markup=False)
    for image in images:
        text = f"MicroPython {image.version}, {len(image.app):,} bytes, for {', '.join(image.boards)}"
        screen.out.print(text, markup=False)
    screen.note(f"Serve it: lamplighter serve {out}")
