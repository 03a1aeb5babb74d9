"""A private key as a file: written with a passphrase or for its owner alone, and read only where that still holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..problems import IdentityLocked

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


def to_pem(key: EllipticCurvePrivateKey | RSAPrivateKey, passphrase: str | None) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    lock = form.BestAvailableEncryption(passphrase.encode()) if passphrase else form.NoEncryption()
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock)


def is_locked(path: Path) -> bool:
    """True if it has a passphrase."""
    try:
        return b"ENCRYPTED" in path.read_bytes()
    except OSError:
        return False


def read(path: Path, passphrase: str | None) -> EllipticCurvePrivateKey:
    """An ECDSA key. Raises IdentityLocked: absent, readable by others, or another passphrase.

    No message holds a byte of the key.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    key = _read(path, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise IdentityLocked(f"{path} is not an ECDSA key.", "Restore it from a backup.")
    return key


def read_rsa(path: Path, passphrase: str | None) -> RSAPrivateKey:
    """As read, for a key that signs releases."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = _read(path, passphrase)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise IdentityLocked(f"{path} is not an RSA key.", "Restore it from a backup.")
    return key


def _read(path: Path, passphrase: str | None) -> object:
    try:
        data, mode = path.read_bytes(), path.stat().st_mode
    except FileNotFoundError:
        cause = f"There is no {path}: nothing can be signed with it here."
        raise IdentityLocked(cause, "Run this where the key is: at the office.") from None
    except OSError as error:
        raise IdentityLocked(f"{path} cannot be read: {error.strerror}.", "Run this as its owner.") from None
    if b"ENCRYPTED" not in data:
        if os.name != "nt" and mode & 0o077:
            raise IdentityLocked(f"Others may read {path}.", f"Run `chmod 600 {path}`, and ask who may have read it.")
        return _parse(path, data, None, f"{path} is damaged: it is not a private key in PEM.")
    if not passphrase:
        raise IdentityLocked(f"{path} has a passphrase, but none was given.")
    return _parse(path, data, passphrase.encode(), f"This is not the passphrase of {path}.")


def _parse(path: Path, data: bytes, passphrase: bytes | None, cause: str) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(data, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise IdentityLocked(cause, "Restore it from a backup." if passphrase is None else None) from None
