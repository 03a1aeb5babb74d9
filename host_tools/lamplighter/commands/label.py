"""`lamplighter label`: sheets of labels with QR codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import screen
from ..problems import RosterInvalid
from .roster import FILE, base_option, common

if TYPE_CHECKING:
    from ..commissioning import labels
    from ..roster.roster_file import Roster, Row


@click.command("label")
@click.argument("assets", nargs=-1, metavar="[ASSET]...")
@click.option("--roster", "file", type=FILE, required=True, metavar="FILE", help="The street's list of lampposts.")
@base_option
@click.option("--out", type=FILE, default="labels.svg", show_default=True, metavar="FILE",
              help=".svg: one file per sheet; .pdf: all sheets in one file.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help="Print labels for every lamppost of the roster.")
@click.option("--size", default="70x37", show_default=True, metavar="WxH", help="Size of one label in mm.")
@click.option("--skip", type=click.IntRange(min=0), default=0, metavar="N",
              help="Labels of the sheet that are already used.")  # fmt: skip
@click.option("--link", default="", metavar="URL", help="URL in the QR code; {asset} stands for the asset id.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    assets: tuple[str, ...], file: Path, base: Path | None, out: Path, every: bool, size: str, skip: int, link: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Draw a label for each ASSET: asset id large, SITE/NODE, MAC, board, the record's fingerprint, the roster's
    note and a QR code. MAC and fingerprint are there once it was commissioned.

    Example: lamplighter label LP-0042 LP-0043 --roster street.csv --out labels.pdf
    """
    from ..commissioning import label_sheet, labels
    from ..documents import atomic_file
    from ..roster import results, roster_file

    if bool(assets) == every:
        raise click.UsageError("Name at least one ASSET, or use --all.")
    if link and "{asset}" not in link:
        raise click.UsageError("--link needs {asset} in place of the asset id.")
    if out.suffix.lower() not in (".svg", ".pdf"):
        raise click.UsageError(f"--out is {out}: its name must end with .svg or .pdf.")
    measures = _measures(size)
    street = roster_file.read(file, common(base))
    rows = street.rows if every else _known(street, assets)
    known = results.Results(file).all()
    wanted = [_label(row, known.get(row.asset, {})) for row in rows]
    pages = labels.sheets(wanted, measures, skip, link)
    if out.suffix.lower() == ".pdf":
        files = {out: label_sheet.pdf(pages)}
    else:
        names = [out, *(out.with_stem(f"{out.stem}-{number}") for number in range(2, len(pages) + 1))]
        files = {name: label_sheet.svg(page).encode() for name, page in zip(names, pages, strict=True)}
    for name, content in files.items():
        atomic_file.write(name, content, "Name another file with --out.", 0o644, RosterInvalid)
    if as_json:
        screen.result({"labels": len(wanted), "files": [str(name) for name in files]})
    else:
        screen.out.print(f"{len(wanted)} labels: {', '.join(map(str, files))}", markup=False)


def _label(row: Row, result: dict[str, str]) -> labels.Label:
    """The label of a lamppost from its roster row and, if there is one, its record."""
    from ..commissioning import labels

    mac = result.get("mac") or row.cells.get("mac", "")
    return labels.Label(row.asset, row.name, mac, row.board, result.get("fingerprint", ""), row.cells.get("note", ""))


def _known(street: Roster, assets: tuple[str, ...]) -> list[Row]:
    """The rows of all these. Raises AssetUnknown with every one that is missing."""
    from ..problems import AssetUnknown

    missing = [asset for asset in assets if street.row(asset) is None]
    if missing:
        details = [f"{asset}: did you mean {near}?" for asset in missing if (near := street.near(asset))]
        count = "no lamppost" if len(missing) == 1 else f"none of the {len(missing)} lampposts"
        raise AssetUnknown(f"{street.path} has {count} {', '.join(missing)}.", details=details)
    return [street.known(asset) for asset in assets]


def _measures(size: str) -> tuple[float, float]:
    try:
        width, height = (float(part) for part in size.lower().split("x"))
    except ValueError:
        raise click.UsageError(f"--size is {size!r}: use WIDTHxHEIGHT in mm, such as 70x37.") from None
    if not (40 <= width <= 210 and 18 <= height <= 297):
        raise click.UsageError(f"--size is {size}: a label must be 40x18 to 210x297 mm.")
    return width, height
