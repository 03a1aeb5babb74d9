"""Bytes as people have them: hex dumps of loggers, of source code and of terminals."""

from __future__ import annotations

import ast
import re

_LITERAL = re.compile(r"""b(["']).*\1\Z""", re.DOTALL)
_COUNT = re.compile(r"\s*\((\d{1,6})(?: bytes)?\)\s*\Z")  # as ESPHome writes it after its bytes
_BETWEEN = re.compile(r"[\s,;:.|\[\](){}<>\"'-]+")
_ESCAPE = re.compile(r"\\x|\\X")
_GROUP = re.compile(r"(0[xX])?([0-9a-fA-F]+)[hH]?\Z")


def parse(text: str) -> bytes:
    """The bytes. Raises ValueError with a sentence: what stands there is never guessed at."""
    text = text.removeprefix("\ufeff").strip()
    if _LITERAL.match(text):
        return _literal(text)
    count = _COUNT.search(text)
    found = bytearray()
    for group in _BETWEEN.split(_ESCAPE.sub(" 0x", text[: count.start()] if count else text)):
        if group:
            found += _group(group)
    if count and int(count[1]) != len(found):
        raise ValueError(f"HEX says {count[1]} bytes and has {len(found)}")
    return bytes(found)


def _literal(text: str) -> bytes:
    """A bytes literal of Python, whose printable bytes stand as themselves."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, bytes):
        raise ValueError("HEX is not a valid Python bytes literal")
    return value


def _group(group: str) -> bytes:
    match = _GROUP.match(group)
    if not match:
        wrong = next((letter for letter in group if letter not in "0123456789abcdefABCDEF"), group[0])
        raise ValueError(f"HEX holds {wrong!r}, which is not a hexadecimal digit")
    marked, digits = match.groups()
    if marked and len(digits) == 1:
        return bytes.fromhex("0" + digits)  # 0x5 in source code can mean nothing else
    if len(digits) % 2:
        many = "one digit" if len(digits) == 1 else f"{len(digits)} digits"
        raise ValueError(
            f"HEX has a group of {many}, {digits[:20]}; a byte has two: is a 0 missing, or are these decimal numbers?"
        )
    return bytes.fromhex(digits)
