"""Accepts a message that keeps to the contract in a small part of check_message's time.

The open schema is checked by jsonschema-rs, which is compiled. Only what that refuses is checked again by
check_message, which explains the fault; so no message is rejected on the word of the compiled check.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from typing import Any

from . import UNITS, check_message
from .open_schema import opened
from .topics import SCHEMA, Topic

_DECIMALS = {name: row["decimals"] for name, row in UNITS.items() if row["decimals"]}
_DAYS = re.compile(r"\d{4}-\d\d-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ")  # that every month has


@cache
def is_there() -> bool:
    """True where the library of the compiled check is installed: it comes with `lamplighter[store]`."""
    return find_spec("jsonschema_rs") is not None


def faults(place: Topic, topic: str, payload: bytes, message: Any) -> list[str]:
    """What is wrong with a message, as check_message(strict=False) says it; message -- its payload, read as Decimal.

    Slower without the library of the compiled check.
    """
    if is_there() and _accepted(place.kind.name, message):
        return []
    return check_message(topic, payload, strict=False)


def _accepted(kind: str, message: Any) -> bool:
    try:
        if not _validator(kind).is_valid(message):
            return False
    except ValueError:  # half a character, which no UTF-8 can represent
        return False
    for name, value in message.items():
        if isinstance(value, Decimal) and -int(value.as_tuple().exponent) > _DECIMALS.get(name, 99):
            return False
    return all(_date(message.get(name)) for name in ("ts", "since"))


def _date(value: Any) -> bool:
    if not isinstance(value, str) or _DAYS.fullmatch(value) and value[:4] != "0000" and "01" <= value[5:7] <= "12":
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


@cache
def _validator(kind: str) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for({**opened(SCHEMA), "allOf": [{"$ref": f"#/$defs/{kind}"}]})
