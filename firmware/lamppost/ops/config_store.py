"""The configuration on the node: read at start, replaced as a transaction, never half there."""

import json
import os
from binascii import hexlify
from hashlib import sha256

from ..core.faults import SettingsFault

_FRESH = "config.fresh"
_PART = "config.part"  # what becomes another file by a rename
_REQUIRED = (("site",), ("node",), ("wifi", "ssid"), ("mqtt", "host"))
_SECTIONS = (("time", dict), ("energy", dict), ("air", dict), ("parking", list), ("parts", list))


def check(doc):
    """The few things without which the node cannot run; the host's JSON Schema checks the rest.

    Raises SettingsFault("invalid", the keys).
    """
    wrong = wrong_keys(doc)
    if wrong:
        raise SettingsFault("invalid", ", ".join(wrong))
    return doc


def wrong_keys(doc):
    """The keys that are missing or of the wrong kind, all of them."""
    wrong = []
    for path in _REQUIRED:
        value = doc
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if not value or not isinstance(value, str):
            wrong.append(".".join(path))
    if not isinstance(doc, dict):
        return wrong
    for section in ("wifi", "mqtt"):
        if isinstance(doc.get(section), dict) and not isinstance(doc[section].get("password") or "", str):
            wrong.append(section + ".password")
    for section, kind in _SECTIONS:
        if not isinstance(doc.get(section, kind()), kind):
            wrong.append(section)
    parts = doc.get("parts")
    for part in parts if isinstance(parts, list) else ():
        keys = ["parts"]
        if isinstance(part, dict):
            keys = ["parts." + key for key in ("id", "part", "bus") if not isinstance(part.get(key), str)]
        wrong += [key for key in keys if key not in wrong]
    return wrong


def _read(path):
    try:
        with open(path, "rb") as file:
            text = file.read()
        doc = check(json.loads(text))
    except OSError:
        raise SettingsFault("missing", path)
    except (ValueError, RuntimeError, MemoryError):  # thousands of brackets are too deep, or too much
        raise SettingsFault("unreadable", path)
    return doc, fingerprint(doc, text)


def fingerprint(doc, text):
    """The first 12 hex digits of the SHA-256 of a configuration's text, passwords blanked.

    Everybody can read it, and must not be able to try passwords against it. The host computes it too.
    """
    for section in ("mqtt", "wifi"):
        secret = doc[section].get("password")
        if secret:
            # as JSON has it; json.dumps would not do, MicroPython and CPython differ beyond ASCII
            secret = secret.replace("\\", "\\\\").replace('"', '\\"')
            text = text.replace(('"%s"' % secret).encode(), b'""')
    return hexlify(sha256(text).digest()[:6]).decode()


def load(root="/"):
    """(configuration, fingerprint, None), or the one before it and the word of why the newest cannot be used.

    Raises SettingsFault (missing, unreadable, invalid) of the newest when neither can be used.
    """
    try:
        return _read(root + "config.json") + (None,)
    except SettingsFault as fault:
        try:
            return _read(root + "config.old") + (fault.word,)
        except SettingsFault:
            raise fault


def adopt(root="/"):
    """Make /config.new the configuration: checked first, the old one kept as /config.old.

    A power cut at any instant leaves /config.json as it was, or as it shall be.
    """
    with open(root + _FRESH, "w"):
        pass  # reported as evt/config at the next start; a cut before the last line reports it too early, no more
    swap(root)


def swap(root="/"):
    """As adopt(), for a configuration that is reported in another way. Raises SettingsFault, and OSError when full."""
    _read(root + "config.new")
    try:
        _read(root + "config.json")
        _copy(root, "config.json", "config.old")
    except SettingsFault:
        pass  # the first of this node, or one that must not replace the fallback
    os.rename(root + "config.new", root + "config.json")


def restore(root="/"):
    """Make the configuration before this one the configuration again; it stays as /config.old. Raises SettingsFault."""
    _read(root + "config.old")
    try:
        _copy(root, "config.old", "config.json")
    except OSError:
        os.rename(root + "config.old", root + "config.json")  # no room for a copy; a rename needs none


def digest(name, root="/"):
    """SHA-256 of a file as hex; None where there is none."""
    try:
        with open(root + name, "rb") as file:
            return hexlify(sha256(file.read()).digest()).decode()
    except OSError:
        return None


def text(root="/"):
    """The bytes of the configuration that load() gives."""
    name = "config.json"
    try:
        _read(root + name)
    except SettingsFault:
        name = "config.old"
    with open(root + name, "rb") as file:
        return file.read()


def write(name, data, root="/"):
    """Replace a file in one step."""
    with open(root + _PART, "wb") as file:
        file.write(data)
    os.rename(root + _PART, root + name)


def _copy(root, name, to):
    with open(root + name, "rb") as file:
        write(to, file.read(), root)


def earlier_parts(root="/"):
    """Ids of the parts in the configuration before this one; [] where there is none that can be used."""
    try:
        return [row["id"] for row in _read(root + "config.old")[0].get("parts", ())]
    except SettingsFault:
        return []


def fresh(root="/"):
    """True once after a configuration was adopted."""
    try:
        os.remove(root + _FRESH)
        return True
    except OSError:
        return False


def facts(name, root="/"):
    """A document that the image brought: board.json (chip, buses, pins)."""
    try:
        with open(root + name) as file:
            return json.load(file)
    except OSError:
        raise SettingsFault("missing", name)
    except ValueError:
        raise SettingsFault("unreadable", name)
