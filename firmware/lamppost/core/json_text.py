"""JSON changed as text: numbers stay as they are written, which a 32-bit float could not hold.

All texts are bytes. The canonical form has no spaces and sorted keys, so that one content has one fingerprint. What is
not JSON, is nested too deeply or has a key twice raises ValueError.
"""

import json

from micropython import const

_DEEPEST = const(16)
_ESCAPES = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def canonical(text):
    """A JSON value in its canonical form."""
    value, end = _value(text, 0, 0)
    _nothing_after(text, end)
    return value


def members(text):
    """{key: value} of an object: keys with their quotes, values in canonical form."""
    start = _blank(text, 0)
    if text[start : start + 1] != b"{":
        raise ValueError("not an object")
    found, end = _members(text, start, 0)
    _nothing_after(text, end)
    return found


def joined(found):
    """The object of these members."""
    return b"{" + b",".join([key + b":" + found[key] for key in sorted(found)]) + b"}"


def merged(base, patch):
    """`base` changed by a merge patch (RFC 7396), in canonical form."""
    patch = canonical(patch)
    return _merged(base, patch) if patch[:1] == b"{" else patch


def _merged(base, patch):
    found = members(base) if base[:1] == b"{" else {}
    changes = members(patch)
    for key in changes:
        value = changes[key]
        if value == b"null":
            found.pop(key, None)
        elif value[:1] == b"{":
            found[key] = _merged(found.get(key, b""), value)
        else:
            found[key] = value
    return joined(found)


def _nothing_after(text, at):
    if _blank(text, at) != len(text):
        raise ValueError("more than one value")


def _blank(text, at):
    """Where the white space that begins there ends."""
    while at < len(text) and text[at] in b" \t\r\n":
        at += 1
    return at


def _value(text, at, depth):
    """(value in canonical form, where it ends)"""
    at = _blank(text, at)
    first = text[at : at + 1]
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if first == b"{":
        found, end = _members(text, at, depth)
        return joined(found), end
    if first == b"[":
        return _array(text, at, depth)
    if first == b'"':
        return _string(text, at)
    return _word(text, at)


def _members(text, at, depth):
    found = {}
    at = _blank(text, at + 1)
    if text[at : at + 1] == b"}":
        return found, at + 1
    while True:
        key, at = _string(text, _blank(text, at))
        at = _blank(text, at)
        if text[at : at + 1] != b":":
            raise ValueError("a key without a value")
        if key in found:
            raise ValueError("a key appears twice")
        found[key], at = _value(text, at + 1, depth + 1)
        at = _blank(text, at)
        if text[at : at + 1] == b"}":
            return found, at + 1
        if text[at : at + 1] != b",":
            raise ValueError("an object without its end")
        at += 1


def _array(text, at, depth):
    values = []
    at = _blank(text, at + 1)
    if text[at : at + 1] == b"]":
        return b"[]", at + 1
    while True:
        value, at = _value(text, at, depth + 1)
        values.append(value)
        at = _blank(text, at)
        if text[at : at + 1] == b"]":
            return b"[" + b",".join(values) + b"]", at + 1
        if text[at : at + 1] != b",":
            raise ValueError("an array without its end")
        at += 1


def _string(text, at):
    if text[at : at + 1] != b'"':
        raise ValueError("not JSON")
    end = at + 1
    plain = True
    while end < len(text) and text[end] != 34:
        if text[end] < 32:
            raise ValueError("a control character in a text")
        if text[end] == 92:
            plain = False
            end += 1
        end += 1
    if end >= len(text):
        raise ValueError("a text without its end")
    raw = text[at : end + 1]
    try:
        value = json.loads(str(raw, "utf-8"))  # decodes, and refuses what is not UTF-8
    except UnicodeError:
        raise ValueError("not UTF-8")
    return raw if plain else _quoted(value), end + 1


def _quoted(value):
    """A text as the host writes it: only what must be escaped is."""
    pieces = []
    for char in value:
        code = ord(char)
        if 0xD800 <= code < 0xE000:
            raise ValueError("a lone surrogate")
        pieces.append(_ESCAPES.get(code) or ("\\u%04x" % code if code < 32 else char))
    return ('"' + "".join(pieces) + '"').encode()


def _word(text, at):
    """A number, true, false or null."""
    end = at
    while end < len(text) and text[end] not in b" \t\r\n,]}":
        end += 1
    word = text[at:end]
    if word not in (b"true", b"false", b"null") and not _is_number(word):
        raise ValueError("not JSON")
    return word, end


def _is_number(word):
    """True if it is a number as JSON has it; float() takes more than that."""
    rest = word[1:] if word[:1] == b"-" else word
    if not rest[:1].isdigit() or (rest[:1] == b"0" and rest[1:2].isdigit()):
        return False
    for char in rest:
        if char not in b"0123456789.eE+-":
            return False
    dot = rest.find(b".")
    if dot >= 0 and not rest[dot + 1 : dot + 2].isdigit():
        return False
    try:
        float(word)
    except ValueError:
        return False
    return True
