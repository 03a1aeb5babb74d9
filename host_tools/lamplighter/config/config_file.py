"""A node's configuration: read, checked whole (every error with line, key and a way out), never shown with secrets."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..contract.sentences import complaints, sentence
from ..documents import text_file
from ..documents.json_source import JsonError, parse
from ..parts import catalogue
from ..problems import ConfigInvalid, ConfigUnreadable
from . import formats, rules

SECRETS = (("wifi", "password"), ("mqtt", "password"))
HIDDEN = "(hidden)"


@dataclass
class Document:
    """A configuration as it was written: its value, its name for messages, the line of every key."""

    value: Any
    name: str
    lines: dict[tuple, int] = field(default_factory=dict)
    doubled: list[tuple] = field(default_factory=list)

    def line(self, path: tuple) -> int:
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


@functools.cache
def schema() -> dict[str, Any]:
    """The schema of the document, with what the catalogue says of each part."""
    found = json.loads((Path(__file__).parents[1] / "contract" / "config.schema.json").read_text(encoding="utf-8"))
    found["$defs"]["part"] = catalogue.row_schema()
    return found


def read(source: str) -> Document:
    """A file, or stdin for `-`. Raises ConfigUnreadable."""
    name = "stdin" if source == "-" else source
    text = text_file.stdin(ConfigUnreadable) if source == "-" else text_file.read(Path(source), ConfigUnreadable)
    try:
        value, lines, doubled = parse(text)
    except JsonError as error:
        raise ConfigUnreadable(f"{name}:{error.line}: this is not JSON: {error.cause}.") from None
    return Document(value, name, lines, doubled)


def load(source: str, board: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read and check; the document with its secrets filled in. Raises ConfigUnreadable, ConfigInvalid."""
    return check(read(source), board)


def check(document: Document, board: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every error at once, as `file:line: key: cause`. `board`: what board.json says, None to check without it."""
    value, found = _secrets_filled(document)
    found += [(path, "this key appears twice; keep one") for path in document.doubled]
    found += faults(value, board, not found)
    if found:
        found.sort(key=lambda error: document.line(error[0]))
        details = [_row(document, path, cause) for path, cause in found]
        count = "1 error" if len(details) == 1 else f"{len(details)} errors"
        raise ConfigInvalid(f"{document.name} has {count}.", details=details)
    return value


def remarks(document: Document, value: dict[str, Any]) -> list[str]:
    """Warnings about valid but unusual values, as `file:line: key: sentence`, for a checked configuration."""
    return [_row(document, path, sentence) for path, sentence in formats.remarks(value)]


def faults(value: Any, board: dict[str, Any] | None, whole: bool = True) -> list[tuple[tuple, str]]:
    """(path, cause) of each error. whole -- also whether its parts fit each other, where nothing else is wrong."""
    found = _schema_errors(value)
    if whole and not found:
        found += rules.errors(value, board)
    return found


def _row(document: Document, path: tuple, cause: str) -> str:
    return f"{document.name}:{document.line(path)}: {sentence(path, cause)}"


def encode(doc: dict[str, Any]) -> bytes:
    """The bytes that the node keeps: one form for one content, so that the fingerprint is the content's."""
    return json.dumps(doc, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def config_hash(doc: dict[str, Any]) -> str:
    """The fingerprint that the node shows in `info`: 12 hex digits of the SHA-256 of encode(doc), secrets blanked.

    The node blanks the text of each password wherever it stands (ops/config_store.py), and so does this: a
    fingerprint that anybody can read must not let passwords be guessed against it.
    """
    text = encode(doc)
    for section, key in SECRETS:
        secret = doc.get(section, {}).get(key)
        if secret:
            text = text.replace(json.dumps(secret, ensure_ascii=False).encode(), b'""')
    return hashlib.sha256(text).hexdigest()[:12]


def redacted(doc: dict[str, Any]) -> dict[str, Any]:
    """A copy that may be shown; where a password is taken from the environment, the variable's name is no secret."""
    copy = json.loads(json.dumps(doc))
    for section, key in SECRETS:
        secret = copy[section].get(key) if isinstance(copy.get(section), dict) else None
        if secret is not None and not (isinstance(secret, dict) and [*secret] == ["$env"]):
            copy[section][key] = HIDDEN
    return copy


def patch(document: Document) -> dict[str, Any]:
    """A merge patch with its secrets filled in; the lamppost checks what it makes. Raises ConfigInvalid."""
    value, found = _secrets_filled(document)
    found += [(path, "this key is there twice; keep one") for path in document.doubled]
    if not isinstance(value, dict):
        found.append(((), "a merge patch is a JSON object"))
    if found:
        details = [_row(document, path, cause) for path, cause in found]
        raise ConfigInvalid(f"{document.name} is no merge patch that can be sent.", details=details)
    return value


def _secrets_filled(document: Document) -> tuple[Any, list[tuple[tuple, str]]]:
    """{"$env": NAME} in a secret's place becomes the variable's content, so that files need hold no secrets."""
    value, found = json.loads(json.dumps(document.value)), []
    for section, key in SECRETS:
        place = value.get(section) if isinstance(value, dict) else None
        if not isinstance(place, dict) or not isinstance(place.get(key), dict):
            continue
        name = place[key].get("$env")
        if not isinstance(name, str) or len(place[key]) != 1:
            found.append(((section, key), 'must be a text, or {"$env": "NAME"} to take it from the environment'))
        else:
            try:
                secret = text_file.variable(name)
            except ValueError as wrong:
                found.append(((section, key), f"{wrong}; save its source as UTF-8"))
            else:
                if secret is not None:
                    place[key] = secret
                    continue
                found.append(((section, key), f"the environment has no {name}; set it: export {name}=..."))
        # reported already, and better than the schema could
        del place[key]
    return value, found


@functools.cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(), format_checker=formats.checker())


def _schema_errors(value: Any) -> list[tuple[tuple, str]]:
    found = complaints(_validator().iter_errors(value), SECRETS)
    return [(one.path, f"{one.cause}; {one.remedy}" if one.remedy else one.cause) for one in found]
