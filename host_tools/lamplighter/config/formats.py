"""The formats of the configuration's schema that JSON Schema does not know: hosts, dates, and what WiFi takes.

Each check raises ValueError with a sentence for the user. No sentence about a passphrase holds a character of it.
"""

from __future__ import annotations

import datetime
import functools
import re
from typing import Any

from .. import hosts

SSID_OCTETS = 32  # IEEE 802.11, 9.4.2.2
_PASSPHRASE = re.compile(r"[ -~]{8,63}\Z")  # IEEE 802.11, J.4.1: printable ASCII
_KEY = re.compile(r"[0-9a-fA-F]{64}\Z")
_DATE = re.compile(r"20\d\d-\d\d-\d\d\Z", re.ASCII)


def host(text: str) -> None:
    hosts.parse(text)


def date(text: str) -> None:
    if not _DATE.match(text):
        raise ValueError("must be a date like 2026-03-01")
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} does not exist; must be a calendar date") from None


def ssid(text: str) -> None:
    octets = len(text.encode("utf-8", "surrogatepass"))
    if octets > SSID_OCTETS:
        letters = "" if octets == len(text) else f", as UTF-8 of {len(text)} characters"
        raise ValueError(f"has {octets} octets{letters}; a network name has {SSID_OCTETS} at most")


def passphrase(text: str) -> None:
    if _PASSPHRASE.match(text) or _KEY.match(text):
        return
    if text.rstrip("\r\n") != text or text.lstrip("\r\n") != text:
        raise ValueError("begins or ends with a line break; remove it")
    if not text.isascii() or not text.isprintable():
        raise ValueError("has a character that is not printable ASCII, which a WPA passphrase must not have")
    if len(text) == 64:
        raise ValueError("has 64 characters that are not all hex digits; give 8 to 63 characters, or 64 hex digits")
    raise ValueError(f"must have 8 to 63 characters, or be 64 hex digits; it has {len(text)}")


def text(value: str) -> None:
    """Check text for an MQTT packet. Raises ValueError."""
    if "\0" in value:
        raise ValueError("has the character U+0000, which MQTT does not allow")


@functools.cache
def checker() -> Any:
    """jsonschema's FormatChecker of these; an error's `cause` is the ValueError."""
    from jsonschema import FormatChecker

    found = FormatChecker(formats=())
    for name, check in (("x-host", host), ("date", date), ("x-ssid", ssid), ("x-passphrase", passphrase),
                        ("x-mqtt", text)):  # fmt: skip
        found.checks(name, ValueError)(functools.partial(_checked, check))
    return found


def _checked(check: Any, value: Any) -> bool:
    if isinstance(value, str):  # another type is the schema's own error
        check(value)
    return True


def remarks(doc: dict[str, Any]) -> list[tuple[tuple, str]]:
    """(path, sentence) of what is allowed, and is seldom meant."""
    found: list[tuple[tuple, str]] = []
    for path, what in ((("wifi", "ssid"), "the name"), (("wifi", "password"), "the password"),
                       (("mqtt", "user"), "the user name"), (("mqtt", "password"), "the password")):  # fmt: skip
        section = doc.get(path[0])
        value = section.get(path[1]) if isinstance(section, dict) else None
        if isinstance(value, str) and value.strip() != value:
            ends = value[: len(value) - len(value.lstrip())] + value[len(value.rstrip()) :]
            kind = "a line break" if set(ends) & set("\r\n") else "a blank"
            found.append((path, f"{what} begins or ends with {kind}; remove it unless it is intended"))
    return found
