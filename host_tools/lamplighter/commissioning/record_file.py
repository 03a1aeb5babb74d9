"""A commissioning record that proves itself: a digest of every field, signed with ECDSA P-256 under the city's CA.

The signature covers the list of digests. So a field that was changed is named, as long as the list is the signed one.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..documents import json_source, text_file
from ..pki import clock
from ..problems import IdentityExpired, IdentityLocked, RecordTampered, RecordUnproven

if TYPE_CHECKING:
    from cryptography import x509

    from ..pki.city import City

_KIND = "lamplighter record"
_FINISHED_LATER = re.compile(r"(verdict|signer|broker)($|[.\[])")  # fields that `commission --finish` changes
_SIGNED = ("v", "kind", "digests", "at", "signer")


@dataclass
class Verified:
    """A verified record, its signer, and remarks."""

    record: dict[str, Any]
    signer: str
    at: str
    remarks: list[str] = field(default_factory=list)


class Signer:
    """Signs as an engineer of the city, or as the city itself. Raises IdentityLocked, IdentityExpired at once."""

    def __init__(self, city: City, engineer: str = "") -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        from ..pki import authority, keys, names

        self._city, self._key, self.ca = city, None, city.ca
        if engineer:
            names.checked("engineer", engineer)
            if city.current("engineer", engineer) is None:
                cause = f"There is no valid certificate of the engineer {engineer} in {city.folder}."
                raise IdentityLocked(cause, f"Issue it with `lamplighter identity issue --engineer {engineer}`.")
            key, _ = city.files("engineer", engineer)
            self._key = keys.read(key, None)
            certificate = city.certificate("engineer", engineer)
        else:
            city.ready()
            certificate = city.ca
        self.certificate = certificate.public_bytes(Encoding.PEM).decode()
        self.name = authority.common_name(certificate)

    def sign(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record in its envelope."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        envelope = {
            "v": 1, "kind": _KIND, "record": record, "digests": digests(record),
            "at": clock.now().isoformat(timespec="seconds"), "signer": self.certificate,
        }  # fmt: skip
        data = _covered(envelope)
        value = self._key.sign(data, ec.ECDSA(hashes.SHA256())) if self._key else self._city.sign(data)
        return {**envelope, "signature": base64.b64encode(value).decode()}


def fingerprint(envelope: dict[str, Any]) -> str:
    """Of what was found at the lamppost, for people: 16 hex digits, on paper and on the label.

    A check of the broker that is finished later is not part of it: the label at the pole stays right.
    """
    lasting = {name: digest for name, digest in envelope["digests"].items() if not _FINISHED_LATER.match(name)}
    return hashlib.sha256(_canonical(lasting)).hexdigest()[:16]


def read(path: Path) -> dict[str, Any]:
    """An envelope, whatever it is worth. Raises RecordUnproven."""
    try:
        envelope = json_source.signed_value(text_file.read_bytes(path, RecordUnproven, "Check the file's name."))
    except ValueError:
        raise RecordUnproven(f"{path} is not JSON.", "Name the record's .json file.") from None
    right = isinstance(envelope, dict) and envelope.get("kind") == _KIND and isinstance(envelope.get("record"), dict)
    if not right or not isinstance(envelope.get("digests"), dict):
        raise RecordUnproven(f"{path} is not a commissioning record.", "Name the record's .json file.")
    return envelope


def verify(envelope: dict[str, Any], ca: x509.Certificate, revoked: dict[str, str] | None = None) -> Verified:
    """Raises RecordUnproven, RecordTampered, IdentityExpired. revoked -- serial number -> when it was taken back."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    from ..pki import authority

    certificate = _signer(envelope, ca)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        value = base64.b64decode(envelope["signature"], validate=True)
        key.verify(value, _covered(envelope), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, TypeError, KeyError):
        raise RecordTampered("The signature does not match: nothing in this record can be trusted.") from None
    changed = _changed(envelope)
    if changed:
        names = ", ".join(name for name, _ in changed[:5]) + (" and more" if len(changed) > 5 else "")
        count = "1 field is" if len(changed) == 1 else f"{len(changed)} fields are"
        details = [f"{name}: {how}" for name, how in changed]
        raise RecordTampered(f"{count} not as signed and cannot be trusted: {names}.", details=details)
    result = Verified(envelope["record"], authority.common_name(certificate), envelope["at"])
    _judge_times(result, certificate, ca, revoked or {})
    return result


def digests(record: dict[str, Any]) -> dict[str, str]:
    """dotted field -> SHA-256 of its JSON."""
    return {name: hashlib.sha256(_canonical(value)).hexdigest() for name, value in _fields(record)}


def _fields(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        inner = [(f"{name}.{key}" if name else key, one) for key, one in value.items()]
    elif isinstance(value, list) and value:
        inner = [(f"{name}[{index}]", one) for index, one in enumerate(value)]
    else:
        return [(name, value)]
    return [leaf for key, one in inner for leaf in _fields(one, key)]


def _names_of_two(value: Any) -> list[str]:
    """Keys that hold what separates the parts of a dotted name: one could stand for a field further down."""
    if isinstance(value, list):
        return [name for one in value for name in _names_of_two(one)]
    if not isinstance(value, dict):
        return []
    inner = [name for one in value.values() for name in _names_of_two(one)]
    return [key for key in value if set(key) & set(".[]") or not key] + inner


def _changed(envelope: dict[str, Any]) -> list[tuple[str, str]]:
    """(field, what was done to it)."""
    signed, now = envelope["digests"], digests(envelope["record"])
    found = [(name, "was changed") for name in now if name in signed and now[name] != signed[name]]
    found += [(name, "was added") for name in now if name not in signed]
    found += [(name, "was added") for name in _names_of_two(envelope["record"])]
    return found + [(name, "was removed") for name in signed if name not in now]


def _signer(envelope: dict[str, Any], ca: x509.Certificate) -> x509.Certificate:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    from ..pki import authority, certificate_file

    try:
        certificate = certificate_file.parse(envelope["signer"].encode())
    except (KeyError, ValueError, AttributeError):
        raise RecordTampered("The signer's certificate is damaged: nothing in this record can be trusted.") from None
    if certificate.public_key() == ca.public_key():
        return certificate
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        cause = f"The record was signed by {authority.common_name(certificate)}, who is unknown to this CA."
        raise RecordUnproven(cause) from None
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if authority.DOCUMENT_SIGNING not in uses:
        signer = authority.common_name(certificate)
        raise RecordTampered(f"The record was signed with the key of {signer}, which may not sign records.")
    return certificate


def _judge_times(
    result: Verified, certificate: x509.Certificate, ca: x509.Certificate, revoked: dict[str, str]
) -> None:
    at, now = datetime.datetime.fromisoformat(result.at), clock.now()
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise IdentityExpired(f"The certificate of {result.signer} was not valid at the record's date, {result.at}.")
    taken = revoked.get(f"{certificate.serial_number:x}")
    if taken and datetime.datetime.fromisoformat(taken) <= at:
        raise RecordUnproven(f"The certificate of {result.signer} was already revoked on {taken[:10]}.", "Ask them.")
    if ca.not_valid_after_utc < now:
        raise IdentityExpired(
            f"The signature is right, but the city CA expired on {ca.not_valid_after_utc:%Y-%m-%d}: "
            "it is proof only if you know that the record is older.",
            "Renew the CA with `lamplighter identity renew --ca`, if its key is still safe.",
        )
    if certificate.not_valid_after_utc < now:
        result.remarks.append(f"the signer's certificate expired later, on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if taken:
        result.remarks.append(f"the signer's certificate was revoked later, on {taken[:10]}")


def _covered(envelope: dict[str, Any]) -> bytes:
    return _canonical({name: envelope.get(name) for name in _SIGNED})


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
