"""Spoils files and texts as people, spreadsheets, editors and disks do, and as nobody does."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

WORDS = [
    "", " ", "-", "--", "0", "-1", "1e999", "nan", "inf", "-0.0", "9" * 40, "9" * 5000, "²", "٣", "1_0", "010", "0x",
    "0xFF", "1,5", "1.234,5", "true", "null", "ü" * 40, "街" * 20, "z" * 64, "f" * 64, "a" * 70, "a" * 300,
    "a" * 70_000, "a..b", "x_y", "broker.lan:1883", "[::1]", "[::1]:1", "::1", "10.0.0", "192.168.1.300", "mqtt://x",
    "lisbon/lp-1", "..", "../x", "%s%n", "{}", "{0}", "[bold]", "[" * 2000, "{" * 2000, "(" * 2000, "$",
    "$NOT_THERE", "$ODD", '{"$env": "ODD"}', '"', "'", '""', '"x', "a\nb", "a\r\nb", "\t", "\u2028", "\x1b[2J",
    "\u0000", "\ufeff", "\U0001f6a8", "2025-02-29", "2026-03-01", "2026-03-01T12:00:00Z", "9999-12-31T23:59:59Z",
    "0001-01-01", "1767225600000", "24:0a:c4:aa:16:d9", "=1+1", "a=b", ";", "|",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 7, 247, 1e308, -1e308, 0.5, 1 << 31, 1 << 63, 10**38, [], {}, [[]], {"": {}},
    {"$env": 1}, {"$env": "ODD"}, {"$env": "NOT_THERE"}, *WORDS[:40], [1, "a", None], {"a": [1]},
]  # fmt: skip
_BITS = [
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\xbd", b"\\ud83d", b"\n", b"\r", b'"', b",", b";",
    b"[" * 300, b"{" * 300, b'{"a":' * 300, b"a.b.", b"[[", b"]]", b"#", b"=", b"\\", b"9" * 5000, b"e999", b"NaN",
    b"sep=;\n",
]  # fmt: skip
_TOKEN = re.compile(rb'"[^"\n]*"|[-+.\w]+')


def word(rng: Random, usual: str = "") -> str:
    """A text that nobody expects, or one that is nearly as usual."""
    if usual and rng.random() < 0.4:
        at = rng.randrange(len(usual) + 1)
        new = rng.choice(WORDS[:60] if rng.random() < 0.5 else list(" .:-_/0aÄ\n"))
        return usual[:at] + new + usual[at + rng.randrange(2) :]
    return rng.choice(WORDS)


def data(rng: Random, sound: bytes) -> bytes:
    """A file that was sound, changed in one to four places."""
    found = sound
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        found = rng.choice(_WAYS)(rng, found)
    return found


def _cut(rng: Random, found: bytes) -> bytes:
    return found[: rng.randrange(len(found) + 1)]


def _replace(rng: Random, found: bytes) -> bytes:
    at = rng.randrange(len(found) + 1)
    return found[:at] + rng.choice(_BITS) + found[at + rng.choice((0, 1, 1, 5)) :]


def _flip(rng: Random, found: bytes) -> bytes:
    if not found:
        return b"\x80"
    at = rng.randrange(len(found))
    return found[:at] + bytes([found[at] ^ (1 << rng.randrange(8))]) + found[at + 1 :]


def _token(rng: Random, found: bytes) -> bytes:
    tokens = list(_TOKEN.finditer(found[:20_000]))
    if not tokens:
        return found
    one = rng.choice(tokens)
    new = json.dumps(rng.choice(VALUES)) if rng.random() < 0.6 else word(rng, one[0].decode("latin-1"))
    return found[: one.start()] + new.encode("utf-8", "replace") + found[one.end() :]


def _line(rng: Random, found: bytes) -> bytes:
    lines = found.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.randrange(4)
    if way == 0:
        del lines[one]
    elif way == 1:
        lines.insert(other, lines[one])
    elif way == 2:
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines[one] += lines[other]
    return b"\n".join(lines)


def _encoding(rng: Random, found: bytes) -> bytes:
    text = found.decode("utf-8", "replace")
    way = rng.choice(("utf-16", "utf-8-sig", "latin-1", "\r\n", "\r", ";", "\t"))
    if way in ("\r\n", "\r"):
        return text.replace("\n", way).encode("utf-8", "replace")
    if way in (";", "\t"):
        return text.replace(",", way).encode("utf-8", "replace")
    return text.encode(way, "replace")


def _json(rng: Random, found: bytes) -> bytes:
    """A document with another value, or another key, somewhere in it."""
    try:
        document = json.loads(found)
    except (ValueError, RecursionError):
        return _token(rng, found)
    place: Any = document
    while isinstance(place, (dict, list)) and place:
        key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], (dict, list)) or not place[key] or rng.random() < 0.3:
            if isinstance(place, dict) and rng.random() < 0.3:
                place[word(rng, key)] = place.pop(key)
            else:
                place[key] = rng.choice(VALUES) if rng.random() < 0.7 else word(rng, str(place[key])[:80])
            break
        place = place[key]
    return json.dumps(document).encode()


_WAYS = (_cut, _replace, _replace, _flip, _token, _token, _token, _line, _line, _encoding, _json, _json)
