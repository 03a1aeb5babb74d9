"""A certificate authority of the test's own, and whatever good or bad certificates it is asked for (ECDSA P-256)."""

from __future__ import annotations

import datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """Writes what it makes into a folder: PEM for Mosquitto and the user, DER for the node."""

    def __init__(self, folder: Path, name: str = "Street CA"):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self._key.public_key(), -1, 3650, authority=True)
        self.pem = self._write("ca.pem", self.certificate.public_bytes(serialization.Encoding.PEM))
        self.der = self._write("ca.der", self.certificate.public_bytes(serialization.Encoding.DER))

    def issue(self, name: str, host: str = "broker.lan", begins: int = -1, ends: int = 365) -> Identity:
        """A certificate for `host`, valid from `begins` to `ends` days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._sign(subject, key.public_key(), begins, ends, host=host)
        private = {
            "pem": (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8),
            "der": (serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL),
        }
        return Identity(
            *(
                self._write(f"{name}.{form}.{kind}", content)
                for form, (encoding, style) in private.items()
                for kind, content in (
                    ("crt", certificate.public_bytes(encoding)),
                    ("key", key.private_bytes(encoding, style, serialization.NoEncryption())),
                )
            )
        )

    def _sign(self, subject, public_key, begins, ends, authority=False, host=""):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins * DAY)
            .not_valid_after(now + ends * DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if host:
            is_address = host.replace(".", "").isdigit()
            other = x509.IPAddress(ip_address(host)) if is_address else x509.DNSName(host)
            builder = builder.add_extension(x509.SubjectAlternativeName([other]), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o600)
        return path


class Identity:
    """The files of one certificate and its key."""

    def __init__(self, crt: Path, key: Path, der: Path, key_der: Path):
        self.crt, self.key, self.der, self.key_der = crt, key, der, key_der
