"""Names in certificates: a node's is its place in the topics, and nobody else's can stand for one."""

from __future__ import annotations

import re

from ..problems import CertificateInvalid

_NAME = re.compile(r"[a-z0-9-]{1,32}\Z")
_FORMS = {
    "node": re.compile(r"[a-z0-9-]{1,32}/[a-z0-9-]{1,32}\Z"),
    "broker": re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,62}\Z"),
}
_LETTERS = "Give small letters, digits and hyphens, 32 at most"
_FORM_SAID = {
    "node": f"{_LETTERS}, as SITE/NODE, 64 characters in all.",
    "broker": "Give the host name or address by which lampposts reach it.",
}
_LONGEST = 64  # a common name


def common_name(kind: str, name: str) -> str:
    """What stands in the certificate, and is the user's name at a broker.

    A node's is its place in the topics. A reader's has a dot, which no site has: the rule for nodes gives it nothing.
    """
    return name if kind in ("node", "broker") else f"{kind}.{name}"


def check(kind: str, name: str) -> None:
    """Raises CertificateInvalid for a name that no certificate may have."""
    if not _FORMS.get(kind, _NAME).match(name) or len(common_name(kind, name)) > _LONGEST:
        raise CertificateInvalid(f"{name!r} cannot be the name of a {kind}.", _FORM_SAID.get(kind, _LETTERS + "."))
