"""Names in certificates: a node's is its place in the topics, and nobody else's can stand for one."""

from __future__ import annotations

import re

from .. import hosts
from ..problems import CertificateInvalid

_NAME = re.compile(r"[a-z0-9-]{1,32}\Z")
_NODE = re.compile(r"[a-z0-9-]{1,32}/[a-z0-9-]{1,32}\Z")
_LETTERS = "Use lower-case letters, digits and hyphens, 32 at most"
_LONGEST = 64  # of a common name: RFC 5280, ub-common-name


def common_name(kind: str, name: str) -> str:
    """The common name of the certificate, which is the user name at a broker.

    A node's is its place in the topics. Where that has a character too many, site and node are both of 32 characters,
    and stand without the slash: 64 characters that are no other node's name, and no site. A reader's has a dot, which
    no site has: the rule for nodes gives it nothing. A broker is known by its alternative names, whatever stands here.
    """
    if kind == "node":
        return name if len(name) <= _LONGEST else name.replace("/", "")
    if kind == "broker":
        return name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "..."
    return f"{kind}.{name}"


def needs_own_rule(node: str) -> bool:
    """True if a node's common name is not its place in the topics, so that an access list has to name it."""
    return common_name("node", node) != node


def checked(kind: str, name: str) -> str:
    """The name in its one form. Raises CertificateInvalid for one that no certificate may have."""
    if kind == "broker":
        return checked_host(name)
    if kind == "node" and not _NODE.match(name):
        raise CertificateInvalid(f"{name!r} cannot be the name of a node.", f"{_LETTERS} each, as SITE/NODE.")
    if kind != "node" and not _NAME.match(name):
        raise CertificateInvalid(f"{name!r} cannot be the name of a {kind}.", _LETTERS + ".")
    return name


def checked_host(name: str) -> str:
    """A host that certificates can be compared with. Raises CertificateInvalid."""
    try:
        return hosts.parse(name)
    except hosts.HostWrong as wrong:
        remedy = "Give the host name or address that lampposts use for the broker."
        raise CertificateInvalid(f"No certificate for the host: {wrong}.", remedy) from None


def file_stem(name: str) -> str:
    """The name as a path in the identity folder; the colons of an IPv6 address are in no file name of Windows."""
    return name.replace(":", "_")
