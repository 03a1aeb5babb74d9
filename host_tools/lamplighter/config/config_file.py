"""A node's configuration: read, checked whole (every error with line, key and a way out), never shown with secrets."""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..documents import text_file
from ..documents.json_source import JsonError, parse
from ..parts import catalogue
from ..problems import ConfigInvalid, ConfigUnreadable
from . import formats, rules

SECRETS = (("wifi", "password"), ("mqtt", "password"))
HIDDEN = "(hidden)"
_HEX = re.compile("0x[0-9a-fA-F]{1,8}")


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
    found += [(path, "this key is there twice; keep one") for path in document.doubled]
    found += faults(value, board, not found)
    if found:
        found.sort(key=lambda error: document.line(error[0]))
        details = [_row(document, path, cause) for path, cause in found]
        count = "1 error" if len(details) == 1 else f"{len(details)} errors"
        raise ConfigInvalid(f"{document.name} has {count}.", details=details)
    return value


def remarks(document: Document, value: dict[str, Any]) -> list[str]:
    """What is allowed and seldom meant, as `file:line: key: sentence`; of what check() has returned."""
    return [_row(document, path, sentence) for path, sentence in formats.remarks(value)]


def faults(value: Any, board: dict[str, Any] | None, whole: bool = True) -> list[tuple[tuple, str]]:
    """(path, cause) of each error. whole -- also whether its parts fit each other, where nothing else is wrong."""
    found = _schema_errors(value)
    if whole and not found:
        found += rules.errors(value, board)
    return found


def _row(document: Document, path: tuple, cause: str) -> str:
    stop = "" if cause.endswith("?") else "."
    return f"{document.name}:{document.line(path)}: {dotted(path)}: {cause}{stop}"


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
    """A copy that may be shown."""
    copy = json.loads(json.dumps(doc))
    for section, key in SECRETS:
        if isinstance(copy.get(section), dict) and key in copy[section]:
            copy[section][key] = HIDDEN
    return copy


def dotted(path: tuple) -> str:
    """("parts", 1, "bus") -> parts[1].bus"""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text or "document"


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
                found.append(((section, key), f"{wrong}; save what it comes from as UTF-8"))
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
    errors = list(_validator().iter_errors(value))
    found, meant = [], set()
    for error in errors:
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            allowed = error.schema["properties"]
            for key in sorted(set(error.instance) - set(allowed)):
                near = difflib.get_close_matches(key, [k for k in allowed if k not in error.instance], 1, 0.6)
                meant.update((*path, k) for k in near)
                hint = f"did you mean {near[0]}?" if near else "known are " + ", ".join(allowed)
                found.append(((*path, key), f"there is no such key; {hint}"))
    for error in errors:
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            continue
        if error.validator == "required":
            for key in error.validator_value:
                # a misspelt key is one error, not a second one that it is missing
                if key not in error.instance and (*path, key) not in meant:
                    found.append(((*path, key), f"is missing{_what(error.schema, key)}"))
            continue
        found.append((path, _sentence(error, path)))
    return list(dict.fromkeys(found))


def _what(parent: dict[str, Any], key: str) -> str:
    words = parent.get("properties", {}).get(key, {}).get("description", "")
    return f" ({words.rstrip('.')})" if words else ""


_TYPES = {
    "string": 'a text in " "', "integer": "a whole number", "number": "a number",
    "boolean": "true or false", "object": "an object in { }", "array": "a list in [ ]",
}  # fmt: skip


def _sentence(error: Any, path: tuple) -> str:
    """The cause in our words. jsonschema's own quote the value, and the value may be a secret."""
    limit, hidden = error.validator_value, path in SECRETS or path in (("wifi",), ("mqtt",))
    shown = "" if hidden else f", not {_short(error.instance)}"
    if error.validator == "type":
        return f"must be {_TYPES[limit]}{shown}{_from_hex(error.instance) if limit == 'integer' else ''}"
    if error.validator == "enum":
        near = difflib.get_close_matches(str(error.instance), [text for text in limit if isinstance(text, str)], 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        choices = f"{len(limit)} choices" if hint and len(limit) > 8 else ", ".join(map(str, limit))
        return f"must be one of {choices}{shown}{hint}"
    if error.validator == "const":
        return f"must be {json.dumps(limit)}{shown}"
    if error.validator == "format":
        return str(error.cause)
    if error.validator == "pattern":
        return f"must be {error.schema.get('x-says', 'of another form')}{shown}"
    if error.validator in ("minimum", "maximum"):
        word = "at least" if error.validator == "minimum" else "at most"
        return f"must be {word} {limit}{shown}"
    if error.validator in ("minLength", "maxLength"):
        word = "at least" if error.validator == "minLength" else "at most"
        return f"must have {word} {limit} characters; it has {len(error.instance)}"
    if error.validator in ("minItems", "maxItems"):
        word = "at least" if error.validator == "minItems" else "at most"
        return f"must have {word} {limit} entries; it has {len(error.instance)}"
    if error.validator == "uniqueItems":
        return "must not name the same twice"
    if error.validator == "dependentRequired":
        key, need = next((key, need) for key, (need,) in limit.items() if key in error.instance)
        return f"has a {key} and no {need}; add {need}"
    return "is not allowed here"


def _from_hex(value: Any) -> str:
    """JSON has no hexadecimal numbers, and data sheets have no others."""
    return f"; {value} is {int(value, 16)}" if isinstance(value, str) and _HEX.fullmatch(value) else ""


def _short(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + '..."'
