"""Signs with a city's CA: its own certificate, those of nodes, brokers and people, and the revocation list."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..hosts import is_address
from . import clock

DAY = datetime.timedelta(days=1)
# a node that has just started may believe that it is yesterday
EARLY = DAY
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
# what a certificate of a kind may be used for: a broker takes an engineer's for no client, nobody a node's signature
USES = {
    "node": ExtendedKeyUsageOID.CLIENT_AUTH,
    "reader": ExtendedKeyUsageOID.CLIENT_AUTH,
    "commander": ExtendedKeyUsageOID.CLIENT_AUTH,
    "broker": ExtendedKeyUsageOID.SERVER_AUTH,
    "engineer": DOCUMENT_SIGNING,
}


def new_key() -> ec.EllipticCurvePrivateKey:
    """ECDSA P-256: the kind that every board has time and room for."""
    return ec.generate_private_key(ec.SECP256R1())


def root(key: ec.EllipticCurvePrivateKey, city: str, days: int) -> x509.Certificate:
    """The CA's own certificate."""
    name = _named(f"{city} lampposts CA")
    return (
        _blank(name, name, key.public_key(), clock.now() + days * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def certificate(
    ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, public_key: CertificatePublicKeyTypes,
    kind: str, name: str, days: int, hosts: Iterable[str] = (),
) -> x509.Certificate:  # fmt: skip
    """For one of USES; it never outlives the CA. hosts -- names and addresses that a broker is reached by."""
    ends = min(clock.now() + days * DAY, ca.not_valid_after_utc)
    builder = (
        _blank(_named(name), ca.subject, public_key, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([USES[kind]]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
    )
    names = [x509.IPAddress(ip_address(host)) if is_address(host) else x509.DNSName(host) for host in hosts]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def revocations(
    ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, taken_back: Iterable[tuple[int, datetime.datetime]]
) -> x509.CertificateRevocationList:
    """The list for the broker. It is good as long as the CA: a broker with a list that ran out lets nobody in."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.subject)
        .last_update(clock.now() - EARLY)
        .next_update(ca.not_valid_after_utc)
    )
    for serial, when in taken_back:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(ca_key, hashes.SHA256())


def common_name(one: x509.Certificate) -> str:
    """Empty for a certificate without one, which is none of ours."""
    return next((str(name.value) for name in one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)), "")


def _blank(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, ends: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - EARLY)
        .not_valid_after(ends)
    )


def _usage(certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=certificates, crl_sign=certificates, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
