"""What a --from names, and the source behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ... import hosts
from ...telemetry.broker_problems import tls_context
from .delivery import Source

FORMS = "nats://HOST, nats://HOST/STREAM or kafka://HOST/TOPIC"
_PORTS = {"nats": 4222, "kafka": 9092}
_NAMES = {"nats": r"[A-Za-z0-9_$-]{0,255}", "kafka": r"[A-Za-z0-9._-]{1,249}"}


@dataclass(frozen=True)
class Origin:
    """servers -- (host, port), several of one cluster; name -- of the stream or topic, empty where none is named"""

    kind: str
    servers: tuple[tuple[str, int], ...]
    name: str


def parse(text: str) -> Origin:
    """Raises ValueError with the reason."""
    kind, found, rest = text.partition("://")
    if not found or kind not in _PORTS:
        raise ValueError(f"{text!r} is no source: {FORMS}")
    where, _, name = rest.partition("/")
    if "@" in where:
        raise ValueError("a user belongs in --user, and its password in --password-file")
    if not re.fullmatch(_NAMES[kind], name):
        raise ValueError(f"{name!r} is no name of a {'topic' if kind == 'kafka' else 'stream'}: {FORMS}")
    servers = tuple(hosts.split(one, _PORTS[kind]) for one in where.split(","))
    return Origin(kind, servers, name)


def source(
    origin: Origin, store: str, note: Callable[[str], None], user: str | None, password: str | None,
    tls: bool | Path, identity: tuple[Path, Path] | None,
) -> Source:  # fmt: skip
    """store -- the name of the database's session. Raises BrokerRefused for files that cannot be used."""
    context = tls_context(tls, identity)
    if origin.kind == "kafka":
        from .kafka_link import KafkaAccess
        from .kafka_topic import KafkaTopic

        return KafkaTopic(KafkaAccess(origin.servers, user, password, context), store, origin.name, note)
    from .jetstream import JetStream

    return JetStream(origin.servers, store, origin.name, note, user, password, context)
