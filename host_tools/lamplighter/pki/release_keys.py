"""The keys that sign releases (RSA-3072), and the list of those that nodes trust.

They are kept beside the city's CA: identity/release/ID.key, and keys.json with the public half of every trusted key.
There are two from the first day. One signs; the other is locked away, so that the loss of the first does not mean a
visit to every lamppost. Each change of the list gives it a higher serial number: a release brings the list along, and a
node takes one with a higher number only.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..documents import atomic_file
from ..problems import IdentityLocked, IdentityMissing, IdentityTaken
from . import keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

BITS = 3072
_SERIAL = "serial"
_WRITABLE = "Check the folder's rights, and that the disk is not full or read-only."
_MAKE = "Make them with `lamplighter release-key init`, or name their folder with --identity."


class ReleaseKeys:
    """folder -- the city's identity folder; trusted -- {key id: modulus in hex}; serial -- of this list of them."""

    def __init__(self, folder: Path):
        self.folder = folder / "release"
        self.file = self.folder / "keys.json"
        self.trusted, self.serial = _read(self.file)

    @classmethod
    def create(cls, folder: Path, passphrase: str | None) -> ReleaseKeys:
        """Two keys: the first signs, the second is the backup. Raises IdentityTaken."""
        made = cls(folder)
        if made.trusted:
            raise IdentityTaken(
                f"{made.folder} has release keys already.", "Use `lamplighter release-key add` for one more."
            )
        made.add(passphrase)
        made.add(passphrase)
        return made

    def add(self, passphrase: str | None) -> str:
        """Make one more key that is trusted from now on; its id."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
        modulus = key.public_key().public_numbers().n.to_bytes(BITS // 8, "big")
        name = hashlib.sha256(modulus).hexdigest()[:8]
        atomic_file.write(self.path(name), keys.to_pem(key, passphrase), _WRITABLE, 0o600, IdentityMissing, 0o700)
        self.trusted[name] = modulus.hex()
        self._write()
        return name

    def revoke(self, name: str) -> None:
        """Trust a key no longer. Raises IdentityMissing for an unknown one, and for the last one."""
        if name not in self.trusted:
            raise IdentityMissing(f"{self.folder} trusts no key {name}.", "See `lamplighter release-key list`.")
        if len(self.trusted) == 1:
            raise IdentityMissing(
                f"{name} is the only trusted key: without one no lamppost takes an update.",
                "Make another first: lamplighter release-key add",
            )
        del self.trusted[name]
        self._write()

    def path(self, name: str) -> Path:
        """The private key's file, whether it is there or not."""
        return self.folder / f"{name}.key"

    def usable(self) -> list[str]:
        """The trusted keys whose private half is in the folder."""
        return [name for name in self.trusted if self.path(name).is_file()]

    def read(self, name: str, passphrase: str | None) -> RSAPrivateKey:
        """Raises IdentityMissing for a key that is not trusted, IdentityLocked for one that cannot be read."""
        if not self.trusted:
            raise IdentityMissing(f"{self.folder} has no release keys.", _MAKE)
        if name not in self.trusted:
            raise IdentityMissing(
                f"{self.folder} trusts no key {name}.", f"Use one of these: {', '.join(self.trusted)}."
            )
        return keys.read_rsa(self.path(name), passphrase)

    def locked(self, name: str) -> bool:
        return keys.is_locked(self.path(name))

    def for_nodes(self) -> bytes:
        """keys.json as a node takes it."""
        return json.dumps({_SERIAL: self.serial, **self.trusted}, separators=(",", ":")).encode()

    def _write(self) -> None:
        self.serial += 1
        text = json.dumps({_SERIAL: self.serial, **self.trusted}, indent=1) + "\n"
        atomic_file.write(self.file, text.encode(), _WRITABLE, problem=IdentityMissing)


def sign(key: RSAPrivateKey, message: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def check_file(path: Path) -> bytes:
    """keys.json as a node takes it. Raises IdentityMissing, IdentityLocked."""
    found, serial = _read(path)
    if not found:
        raise IdentityMissing(f"{path} names no release key.", _MAKE)
    return json.dumps({_SERIAL: serial, **found}, separators=(",", ":")).encode()


def _read(path: Path) -> tuple[dict[str, str], int]:
    """(the trusted keys, serial of the list); ({}, 0) where there is no file."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}, 0
    except OSError as error:
        raise IdentityLocked(f"{path} cannot be read: {error.strerror}.", "Run this as its owner.") from None
    try:
        doc = json.loads(text)
        serial = doc.pop(_SERIAL, 0)
        wrong = [value for value in doc.values() if len(bytes.fromhex(value)) != BITS // 8]
        if not isinstance(serial, int) or wrong:
            raise ValueError
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise IdentityLocked(f"{path} is not a list of release keys.", "Restore it from a backup.") from None
    return doc, serial
