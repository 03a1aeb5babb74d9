"""A certificate in PEM or DER, read to its last field: a damaged one is found here, and not when it is used."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509


def parse(data: bytes) -> x509.Certificate:
    """Raises ValueError."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.utils import CryptographyDeprecationWarning

    load = x509.load_pem_x509_certificate if b"-----BEGIN" in data else x509.load_der_x509_certificate
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", CryptographyDeprecationWarning)  # what a later release refuses
            certificate = load(data)
        certificate.public_key()
        _ = certificate.extensions, certificate.subject, certificate.issuer, certificate.signature_hash_algorithm
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (CryptographyDeprecationWarning, UnsupportedAlgorithm, x509.DuplicateExtension,
            x509.UnsupportedGeneralNameType, x509.InvalidVersion, TypeError):  # fmt: skip
        # TypeError: a name that is a bit string
        raise ValueError("the certificate has a field that is not supported") from None
    return certificate
