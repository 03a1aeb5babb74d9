"""MQTT topics as the NATS server writes them in subjects."""

from __future__ import annotations

import re

_PART = re.compile(r"//|/\.|/|\.")
_TOPIC = {"//": ".", "/.": "/", "/": "", ".": "/"}


def topic(subject: str) -> str:
    """`.` was `/`; `//` was a dot, and `/` marks an empty level."""
    return _PART.sub(lambda part: _TOPIC[part[0]], subject)
