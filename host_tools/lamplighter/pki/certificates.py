"""Certificates and a key for a node: read from the user's files, checked together, in the form that the node keeps."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..problems import CertificateInvalid
from . import certificate_file, clock

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

FOLDER = "/certs"  # on the node
_NAMES = {  # what a folder may hold, the first that is there
    "ca": ("ca.der", "ca.crt", "ca.pem"),
    "cert": ("node.crt", "node.der", "node.pem"),
    "key": ("node.key",),
}


def gather(
    folder: str | None, ca: str | None = None, cert: str | None = None, key: str | None = None
) -> dict[str, tuple[str, bytes]]:
    """{"ca", "cert", "key": (path on the node, DER bytes)}, as far as given; {} when nothing is.

    The paths carry a digest of the content, so that the configuration names the very files that belong to it: it is
    swapped in one step, and they with it. Raises CertificateInvalid; no message ever holds a byte of a key.
    """
    files = {"ca": ca, "cert": cert, "key": key}
    if folder:
        for kind, names in _NAMES.items():
            there = (str(path) for name in names if (path := Path(folder) / name).is_file())
            files[kind] = files[kind] or next(there, None)
        if not files["ca"]:
            raise CertificateInvalid(f"{folder} has none of {', '.join(_NAMES['ca'])}.")
    if bool(files["cert"]) != bool(files["key"]):
        lone = files["cert"] or files["key"]
        raise CertificateInvalid(f"{lone} is useless alone: a certificate needs its key.")
    found: dict[str, tuple[str, bytes]] = {}
    if files["ca"]:
        found["ca"] = _kept("ca", "der", _authority(files["ca"]))
    if files["cert"] and files["key"]:
        certificate, private = _pair(files["cert"], files["key"])
        path, data = _kept("node", "crt", certificate)
        found["cert"] = (path, data)
        found["key"] = (path.removesuffix("crt") + "key", private)
    return found


def named(doc: dict[str, Any]) -> list[str]:
    """The paths on the node that a configuration's mqtt.tls names."""
    tls = doc.get("mqtt", {}).get("tls", {})
    return [tls[kind] for kind in _NAMES if kind in tls]


def _kept(name: str, end: str, data: bytes) -> tuple[str, bytes]:
    return f"{FOLDER}/{name}-{hashlib.sha256(data).hexdigest()[:8]}.{end}", data


def _authority(path: str) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate = _certificate(path)
    try:
        is_one = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_one = False
    if not is_one:
        raise CertificateInvalid(f"{path} is not a CA certificate: it cannot sign other certificates.")
    return certificate.public_bytes(Encoding.DER)


def _pair(certificate_path: str, key_path: str) -> tuple[bytes, bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate, key = _certificate(certificate_path), _private(key_path)
    if key.public_key() != certificate.public_key():
        raise CertificateInvalid(f"{key_path} is not the key of {certificate_path}.")
    return certificate.public_bytes(Encoding.DER), _as_kept(key)


def node_key(path: str) -> bytes:
    """A private key file in the very bytes that the node keeps it in. Raises CertificateInvalid."""
    return _as_kept(_private(path))


def _as_kept(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def _private(path: str) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    data = _read(path)
    try:
        key = (load_pem_private_key if b"-----BEGIN" in data else load_der_private_key)(data, None)
    except TypeError:
        raise CertificateInvalid(f"{path} has a passphrase, which a lamppost cannot enter.") from None
    except Exception:
        # whatever the parser found: its words might quote the key
        raise CertificateInvalid(f"{path} is not a private key in PEM or DER.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateInvalid(f"{path} is not an ECDSA P-256 key, the only kind that is supported.")
    return key


def _certificate(path: str) -> x509.Certificate:
    data = _read(path)
    try:
        certificate = certificate_file.parse(data)
    except ValueError:
        raise CertificateInvalid(f"{path} is not a certificate in PEM or DER.") from None
    if certificate.not_valid_after_utc < clock.now():
        raise CertificateInvalid(f"{path} expired on {certificate.not_valid_after_utc:%Y-%m-%d}.")
    return certificate


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CertificateInvalid(f"{path} cannot be read: {error.strerror}.") from None
