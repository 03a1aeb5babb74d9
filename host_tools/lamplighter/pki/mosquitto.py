"""What Mosquitto needs of a city's identity: CA, revocation list, access list, configuration; never a key."""

from __future__ import annotations

from pathlib import Path

from ..contract import ROOT
from ..documents import atomic_file
from ..problems import IdentityMissing
from .city import City
from .index import Entry
from .names import checked, common_name, needs_own_rule

PLACE = "/etc/mosquitto/lamplighter"  # on the broker's machine

ACCESS = """\
# A lamppost's certificate is named SITE/NODE: it writes and reads its own topics, whoever it says it is. One that is
# issued tomorrow needs no line of its own, unless SITE and NODE both have 32 characters.
pattern readwrite {root}/%u/#
"""
LONG_NODE = """
user {name}
topic readwrite {root}/{node}/#
"""
READER = """
user {name}
topic read {root}/#
"""
CONFIGURATION = """\
# Lampposts by TLS, each with a certificate of its own: lamplighter identity export
# Put this folder to {place}, add the key of the broker's certificate as {place}/broker.key,
# and say `include_dir {place}` in mosquitto.conf. After a new export: systemctl reload mosquitto
per_listener_settings true
listener {port}
cafile {place}/ca.pem
crlfile {place}/crl.pem
certfile {place}/broker.pem
keyfile {place}/broker.key
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {place}/access
"""


def export(city: City, folder: Path, broker: str, port: int = 8883, place: str = PLACE) -> list[Path]:
    """Write the files; what was written. broker -- the name that its certificate was issued for.

    The broker's key is not among them: it goes by hand, once. Raises IdentityMissing.
    """
    broker = checked("broker", broker)
    _, certificate = city.files("broker", broker)
    if city.current("broker", broker) is None:
        raise IdentityMissing(
            f"{broker} has no broker's certificate that is valid.",
            f"Issue it with `lamplighter identity issue --broker {broker}`, or renew it.",
        )
    valid = [one for one in city.book.entries() if one.valid]
    contents = {
        "ca.pem": (city.folder / "ca.pem").read_bytes(),
        "crl.pem": city.revocations(),
        "broker.pem": certificate.read_bytes(),
        "access": _access(valid).encode(),
        "lampposts.conf": CONFIGURATION.format(place=place.rstrip("/"), port=port).encode(),
    }
    for name, content in contents.items():
        atomic_file.write(folder / name, content, "Name another folder.", 0o644, IdentityMissing)
    return [folder / name for name in contents]


def _access(valid: list[Entry]) -> str:
    readers = sorted({common_name("reader", one.name) for one in valid if one.kind == "reader"})
    long_nodes = sorted({one.name for one in valid if one.kind == "node" and needs_own_rule(one.name)})
    return (
        ACCESS.format(root=ROOT)
        + "".join(LONG_NODE.format(name=common_name("node", node), root=ROOT, node=node) for node in long_nodes)
        + "".join(READER.format(name=name, root=ROOT) for name in readers)
    )
