"""The city's identity folder: its CA, a key and certificate for each node, and the book of all that was ever issued.

    ca.pem, ca.key           the CA; its key has a passphrase, or only its owner may read it
    nodes/SITE/NODE.key|pem  likewise brokers/, readers/, commanders/, engineers/
    crl.pem, index.json      what was taken back; every certificate by serial number

A certificate is written into the book before its files are: one that nobody knows could not be taken back.
"""

from __future__ import annotations

import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..documents import atomic_file
from ..problems import CertificateInvalid, IdentityExpired, IdentityMissing, IdentityTaken
from . import certificate_file, clock, keys
from .index import WRITABLE, Book, Entry
from .names import checked, checked_host, common_name, file_stem

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

CA_DAYS = 20 * 365
DAYS = {"node": 10 * 365, "broker": 2 * 365, "reader": 2 * 365, "commander": 2 * 365, "engineer": 365}
PASSPHRASE = "LAMPLIGHTER_CA_PASSPHRASE"
_SEE = "See `lamplighter identity list`."
_ELSEWHERE = "Name the folder in which it was issued with --identity."


class City:
    """City.load(folder, passphrase); the CA's key is asked for only by what signs."""

    def __init__(self, folder: Path, ca: x509.Certificate, passphrase: str | None) -> None:
        self.folder, self.ca, self._passphrase = folder, ca, passphrase
        self.book = Book(folder)

    @classmethod
    def create(cls, folder: Path, name: str, passphrase: str | None, days: int = CA_DAYS) -> City:
        """A new CA. Raises IdentityTaken where one is."""
        from . import authority

        if (folder / "ca.key").exists() or (folder / "ca.pem").exists():
            raise IdentityTaken(f"{folder} already has a city CA.", "Name another folder, or use this one.")
        key = authority.new_key()
        ca = authority.root(key, name, days)
        city = cls(folder, ca, passphrase)
        _write(folder / "ca.key", keys.to_pem(key, passphrase), 0o600)
        _write(folder / "ca.pem", _public(ca))
        city.book.keep([])
        return city

    @classmethod
    def load(cls, folder: Path, passphrase: str | None = None) -> City:
        """Raises IdentityMissing, CertificateInvalid."""
        if not (folder / "ca.pem").is_file():
            raise IdentityMissing(f"There is no city CA in {folder}.")
        return cls(folder, _certificate(folder / "ca.pem"), passphrase)

    @property
    def may_sign(self) -> bool:
        """True if the CA's key is in this folder: at the pole it usually is not."""
        return (self.folder / "ca.key").exists()

    @property
    def has_expired(self) -> bool:
        return self.ca.not_valid_after_utc < clock.now()

    @property
    def wants_passphrase(self) -> bool:
        """True when the CA's key is here, has a passphrase, but none was given."""
        return self.may_sign and not self._passphrase and keys.is_locked(self.folder / "ca.key")

    # what was issued

    def files(self, kind: str, name: str) -> tuple[Path, Path]:
        """(key, certificate) of a name, whether they are there or not."""
        at = self.folder / f"{kind}s" / file_stem(name)
        return at.with_name(at.name + ".key"), at.with_name(at.name + ".pem")

    def certificate(self, kind: str, name: str) -> x509.Certificate:
        """Raises CertificateInvalid."""
        return _certificate(self.files(kind, name)[1])

    def keys(self, node: str) -> list[Path]:
        """The possible keys of a node: that of its certificate, and the previous one until the next visit."""
        key = self.files("node", node)[0]
        return [path for path in (key, _before(key)) if path.is_file()]

    def current(self, kind: str, name: str) -> Entry | None:
        """The valid certificate of a name whose files are here; None: one must be issued."""
        key, pem = self.files(kind, name)
        if not key.is_file() or not pem.is_file():
            return None
        serial = f"{self.certificate(kind, name).serial_number:x}"
        return next((one for one in self.book.entries() if one.serial == serial and one.valid), None)

    def expiring(self, days: int) -> list[tuple[str, str]]:
        """(kind, name) of those in use that end within so many days, or have ended."""
        limit = clock.now() + datetime.timedelta(days=days)
        last = {(one.kind, one.name): one for one in self.book.entries() if not one.revoked}
        return [who for who, one in last.items() if datetime.datetime.fromisoformat(one.ends) < limit]

    def refuse_taken(self, kind: str, names: list[str]) -> None:
        """Raise for the first name that cannot be, or has a valid certificate: before anything is issued."""
        for name in [checked(kind, name) for name in names]:
            if (there := self.current(kind, name)) is not None:
                raise IdentityTaken(f"{name} has a certificate that is valid until {there.ends[:10]}.")

    # what signs

    def issue(self, site: str, node: str, days: int = DAYS["node"]) -> tuple[bytes, bytes]:
        """(key, certificate) of a new node as PEM, kept in the folder. Raises IdentityTaken."""
        return self.issue_as("node", f"{site}/{node}", days)

    def issue_as(
        self, kind: str, name: str, days: int | None = None, hosts: tuple[str, ...] = ()
    ) -> tuple[bytes, bytes]:
        """For any kind of authority.USES. hosts -- of a broker, beside its name."""
        name, hosts = checked(kind, name), tuple(dict.fromkeys(checked_host(host) for host in hosts))
        with self.book.locked():
            self.refuse_taken(kind, [name])
            return self._sign(kind, name, days or DAYS[kind], hosts)

    def renew(
        self, kind: str, name: str, days: int | None = None, more: tuple[str, ...] = ()
    ) -> tuple[bytes, bytes]:
        """A new key and certificate; the one before stays valid, as the node still has it, until it is revoked.

        more -- of a broker: host names and addresses beside those that its certificate holds already
        """
        from cryptography import x509

        name = checked(kind, name)
        with self.book.locked():
            _, pem = self.files(kind, name)
            if not pem.is_file():
                raise IdentityMissing(f"{name} has no certificate to renew.", "Issue one.")
            try:
                before = _certificate(pem)
                names = before.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
                hosts = tuple(str(one.value) for one in names)
            except x509.ExtensionNotFound:
                hosts = ()
            hosts = tuple(dict.fromkeys((*(hosts or (name,)), *map(checked_host, more)))) if more else hosts
            return self._sign(kind, name, days or DAYS[kind], hosts)

    def renew_ca(self, days: int = CA_DAYS) -> None:
        """The same key and name with a new end: what it has signed stays good. Nodes keep the old one until a visit."""
        from . import authority

        with self.book.locked():
            key = self._key
            name = authority.common_name(self.ca).removesuffix(" lampposts CA")
            self.ca = authority.root(key, name, days)
            _write(self.folder / "ca.pem", _public(self.ca))
            self._revocations(self.book.entries())

    def revoke(self, kind: str, name: str, reason: str, serial: str = "") -> list[Entry]:
        """Revoke every valid certificate of a name, or the one with this serial number, and write a new list."""
        with self.book.locked():
            self.ready()
            entries = self.book.entries()
            found = [
                one for one in entries
                if one.valid and (one.serial == serial if serial else (one.kind, one.name) == (kind, name))
            ]  # fmt: skip
            if not found:
                raise IdentityMissing(f"{serial or name} has no valid certificate.", _SEE)
            for one in found:
                one.revoked, one.reason = clock.now().isoformat(timespec="seconds"), reason
            self.book.keep(entries)
            self._revocations(entries)
            for one in found:
                if self.current(one.kind, one.name) is None:
                    key = self.files(one.kind, one.name)[0]
                    for path in (key, _before(key)):
                        path.unlink(missing_ok=True)  # of no use, and a secret
        return found

    def sign(self, data: bytes) -> bytes:
        """The CA's own signature, DER."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        self.ready()
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    def _sign(self, kind: str, name: str, days: int, hosts: tuple[str, ...]) -> tuple[bytes, bytes]:
        from . import authority

        self.ready()
        key = authority.new_key()
        spoken = (name, *hosts) if kind == "broker" and not hosts else hosts
        one = authority.certificate(self.ca, self._key, key.public_key(), kind, common_name(kind, name), days, spoken)
        entry = Entry(
            f"{one.serial_number:x}", kind, name, clock.now().isoformat(timespec="seconds"),
            one.not_valid_after_utc.isoformat(timespec="seconds"),
        )  # fmt: skip
        self.book.keep([*self.book.entries(), entry])
        key_pem, pem = keys.to_pem(key, None), _public(one)
        key_path, path = self.files(kind, name)
        if key_path.exists() and kind == "node":
            key_path.replace(_before(key_path))
        _write(key_path, key_pem, 0o600)
        _write(path, pem)
        return key_pem, pem

    def ready(self) -> None:
        """Check that the CA can sign. Raises IdentityExpired, IdentityLocked."""
        if self.has_expired:
            raise IdentityExpired(f"The city CA in {self.folder} expired on {self.ca.not_valid_after_utc:%Y-%m-%d}.")
        _ = self._key

    @cached_property
    def _key(self) -> EllipticCurvePrivateKey:
        return keys.read(self.folder / "ca.key", self._passphrase)

    def _revocations(self, entries: list[Entry]) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        from . import authority

        taken = ((int(one.serial, 16), datetime.datetime.fromisoformat(one.revoked)) for one in entries if one.revoked)
        crl = authority.revocations(self.ca, self._key, taken)
        _write(self.folder / "crl.pem", crl.public_bytes(Encoding.PEM))

    def revocations(self) -> bytes:
        """The list as PEM; made, where nothing was taken back yet."""
        path = self.folder / "crl.pem"
        if not path.exists():
            self.ready()
            self._revocations(self.book.entries())
        return path.read_bytes()


def node_key(folder: Path, name: str) -> Path:
    """The PEM file of a node's private key; name -- SITE/NODE. Raises IdentityMissing."""
    path = folder / "nodes" / f"{name}.key"
    if not path.is_file():
        raise IdentityMissing(f"{folder} has no key of {name}.", _ELSEWHERE)
    return path


def _certificate(path: Path) -> x509.Certificate:
    """Raises CertificateInvalid."""
    try:
        return certificate_file.parse(path.read_bytes())
    except (OSError, ValueError):
        raise CertificateInvalid(f"{path} is not a readable certificate.", "Restore it from a backup.") from None


def _public(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _before(key: Path) -> Path:
    return key.with_name(key.stem + ".before.key")


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    atomic_file.write(path, content, WRITABLE, mode, IdentityMissing, 0o700)
