"""`lamplighter verify`: whether a commissioning record is as it was signed."""

from __future__ import annotations

from pathlib import Path

import click

from .. import screen
from ..problems import CertificateInvalid

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("verify")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="RECORD...")
@click.option("--ca", type=FILE, metavar="FILE", help="The city CA's certificate.  [default: ca.pem of --identity]")
@click.option("--identity", "folder", type=click.Path(file_okay=False, path_type=Path), default="identity",
              show_default=True, metavar="FOLDER", help="The city's identity folder.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(files: tuple[Path, ...], ca: Path | None, folder: Path, as_json: bool) -> None:
    """Check that each RECORD was signed by this city and not changed since. Exit code 77: it was changed (the fields
    are named); 78: this cannot be determined; 72: the CA has expired.

    Example: lamplighter verify street.records/LP-0042-240ac4aa16d9-20261122T101500Z.json
    """
    from ..commissioning import record_file

    authority, revoked = _authority(ca, folder)
    told = []
    for file in files:
        envelope = record_file.read(file)
        found = record_file.verify(envelope, authority, revoked)
        record, proof = found.record, record_file.fingerprint(envelope)
        told.append({
            "file": str(file), "asset": record["asset"], "mac": record["mac"], "verdict": record["verdict"],
            "signer": found.signer, "at": found.at, "fingerprint": proof, "remarks": found.remarks,
        })  # fmt: skip
        if not as_json:
            screen.out.print(
                f"{record['asset']} {record['mac']}: {record['verdict']}; "
                f"as signed by {found.signer} on {found.at[:10]}, {proof}.", markup=False
            )  # fmt: skip
            for remark in found.remarks:
                screen.note(f"  {remark}")
    if as_json:
        screen.result(told)


def _authority(ca: Path | None, folder: Path):
    """(CA certificate, what it took back). Raises RecordUnproven without one."""
    from ..pki import certificate_file
    from ..pki.city import City
    from ..problems import RecordUnproven

    if ca is None:
        if not (folder / "ca.pem").exists():
            raise RecordUnproven(f"There is no CA certificate in {folder}.")
        city = City.load(folder)
        return city.ca, {one.serial: one.revoked for one in city.book.entries() if one.revoked}
    try:
        return certificate_file.parse(ca.read_bytes()), {}
    except (OSError, ValueError):
        raise CertificateInvalid(f"{ca} is not a certificate in PEM or DER.", "Name the city's ca.pem.") from None
