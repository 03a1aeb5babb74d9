"""Writes the files for Mosquitto: CA, revocation list, access list and configuration, never a private key."""

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
# A lamppost's certificate is named SITE/NODE: it writes what it says below its own topics, whoever it says it is, and
# reads what it is told there. One that is issued tomorrow needs no line of its own, unless SITE and NODE both have 32
# characters.
{patterns}"""
LONG_NODE = """
user {name}
{topics}"""
# What a node says, and what it is told; no node may tell another one, or itself, what to do. It reads its `state` back
# to learn whether the broker keeps it, and `commission` looks for the rest with the node's own certificate.
WRITES = ("state", "info", "diag", "tele/#", "alarm/#", "evt/#", "ack/#", "cfg/reported", "ota/status", "ota/fetch")
READS = ("#",)
COMMANDER = """
user {name}
topic read {root}/#
topic write {root}/+/+/cmd/#
topic write {root}/+/+/cfg/desired
topic write {root}/+/+/ota/desired
topic write {root}/+/+/ota/block
"""
READER = """
user {name}
topic read {root}/#
topic deny {root}/+/+/cfg/desired
"""  # a configuration on its way may hold passwords
# What decides whether an acknowledged record survives: docs/integrate/brokers.md has the reasons.
LOSSLESS = """\
persistence true
autosave_on_changes true
autosave_interval 1
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
"""
CONFIGURATION = """\
# Lampposts by TLS, each with a certificate of its own: lamplighter identity export
per_listener_settings true
listener {listener}
cafile {place}/ca.pem
crlfile {place}/crl.pem
certfile {place}/broker.pem
keyfile {place}/broker.key
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {place}/access
""" + LOSSLESS
INSTALL = """\
#!/bin/sh
# Installs this folder for Mosquitto on Debian or Ubuntu and starts the broker:
#   sudo sh install.sh BROKER.key
# ROOT=FOLDER installs below FOLDER instead and starts nothing.
set -eu
key=${{1:?the private key of the broker}}
from=$(dirname "$0")
place=${{ROOT:-}}{place}
[ -r "$key" ] || {{ echo "install.sh: $key cannot be read" >&2; exit 1; }}
mkdir -p "$place" "${{ROOT:-}}/etc/mosquitto/conf.d"
for file in ca.pem crl.pem broker.pem access lampposts.conf; do
    install -m 644 "$from/$file" "$place/$file"
done
install -m 600 "$key" "$place/broker.key"
# Mosquitto reads its key after it has left root
if id mosquitto >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    chown mosquitto "$place/broker.key" "$place/access"
fi
chmod 600 "$place/access"
echo "include_dir {place}" >"${{ROOT:-}}/etc/mosquitto/conf.d/lampposts.conf"
[ -z "${{ROOT:-}}" ] || exit 0
if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
    systemctl restart mosquitto
    systemctl --no-pager --lines 5 status mosquitto
else
    echo "Start it with: mosquitto -c /etc/mosquitto/mosquitto.conf"
fi
"""
COMPOSE = """\
# The same broker in a container: BROKER_KEY=/path/to/broker.key docker compose up -d
services:
  mosquitto:
    image: docker.io/library/eclipse-mosquitto:2
    restart: unless-stopped
    ports: ["{port}:{port}"]
    environment: {{BROKER_KEY: "set it to the path of the broker's private key"}}
    volumes:
      - ".:/lampposts:ro"
      - "${{BROKER_KEY:?path of the broker's private key}}:/broker.key:ro"
      - "data:/mosquitto/data"
    # Mosquitto reads its key after it has left root: it gets a copy of its own
    entrypoint:
      - sh
      - -ec
      - |
        mkdir -p {place}
        cp /lampposts/*.pem /lampposts/access /lampposts/lampposts.conf /broker.key {place}/
        chown -R mosquitto {place}
        chmod 600 {place}/broker.key {place}/access
        echo "persistence_location /mosquitto/data/" >>{place}/lampposts.conf
        exec mosquitto -c {place}/lampposts.conf
volumes:
  data:
"""


def export(
    city: City, folder: Path, broker: str, port: int = 8883, place: str = PLACE, address: str = ""
) -> list[Path]:
    """Write the files; what was written. broker -- the name that its certificate was issued for; address -- the only
    one to listen on.

    The broker's key is not among them: install.sh takes it, once. Raises IdentityMissing.
    """
    place = place.rstrip("/")
    broker = checked("broker", broker)
    _, certificate = city.files("broker", broker)
    if city.current("broker", broker) is None:
        raise IdentityMissing(
            f"{broker} has no valid broker certificate.",
            f"Issue it with `lamplighter identity issue --broker {broker}`, or renew it.",
        )
    valid = [one for one in city.book.entries() if one.valid]
    contents = {
        "ca.pem": (city.folder / "ca.pem").read_bytes(),
        "crl.pem": city.revocations(),
        "broker.pem": certificate.read_bytes(),
        "access": _access(valid).encode(),
        "lampposts.conf": CONFIGURATION.format(place=place, listener=f"{port} {address}".rstrip()).encode(),
        "install.sh": INSTALL.format(place=place).encode(),
        "compose.yaml": COMPOSE.format(place=place, port=port).encode(),
    }
    for name, content in contents.items():
        atomic_file.write(folder / name, content, "Name another folder.", 0o644, IdentityMissing)
    return [folder / name for name in contents]


def _access(valid: list[Entry]) -> str:
    readers = sorted({common_name("reader", one.name) for one in valid if one.kind == "reader"})
    commanders = sorted({common_name("commander", one.name) for one in valid if one.kind == "commander"})
    long_nodes = sorted({one.name for one in valid if one.kind == "node" and needs_own_rule(one.name)})
    return (
        ACCESS.format(patterns=_of_node("pattern", "%u"))
        + "".join(
            LONG_NODE.format(name=common_name("node", node), topics=_of_node("topic", node)) for node in long_nodes
        )
        + "".join(READER.format(name=name, root=ROOT) for name in readers)
        + "".join(COMMANDER.format(name=name, root=ROOT) for name in commanders)
    )


def _of_node(kind: str, node: str) -> str:
    """The lines of one node, or of all by a pattern."""
    lines = [f"{kind} write {ROOT}/{node}/{suffix}" for suffix in WRITES]
    lines += [f"{kind} read {ROOT}/{node}/{suffix}" for suffix in READS]
    return "\n".join(lines) + "\n"
