"""The configuration on the node: read at start, replaced as a transaction, never half there."""

import json
import os
from binascii import hexlify
from hashlib import sha256

from ..core.faults import SettingsFault

_FRESH = "config.fresh"
_REQUIRED = (("site",), ("node",), ("wifi", "ssid"), ("mqtt", "host"))
_SECTIONS = (("time", dict), ("energy", dict), ("air", dict), ("parking", list), ("parts", list))


def check(doc):
    """The few things without which the node cannot run; the host's JSON Schema checks the rest.

    Raises SettingsFault("invalid", key).
    """
    for path in _REQUIRED:
        value = doc
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if not value or not isinstance(value, str):
            raise SettingsFault("invalid", ".".join(path))
    for section in ("wifi", "mqtt"):
        if not isinstance(doc[section].get("password") or "", str):
            raise SettingsFault("invalid", section + ".password")
    for section, kind in _SECTIONS:
        if not isinstance(doc.get(section, kind()), kind):
            raise SettingsFault("invalid", section)
    for part in doc.get("parts", ()):
        for key in ("id", "part", "bus"):
            if not isinstance(part, dict) or not isinstance(part.get(key), str):
                raise SettingsFault("invalid", "parts." + key)
    return doc


def _read(path):
    try:
        with open(path, "rb") as file:
            text = file.read()
        doc = check(json.loads(text))
    except OSError:
        raise SettingsFault("missing", path)
    except (ValueError, RuntimeError, MemoryError):  # thousands of brackets are too deep, or too much
        raise SettingsFault("unreadable", path)
    # blanked, as everybody can read the fingerprint, and must not be able to try passwords against it
    for section in ("mqtt", "wifi"):
        secret = doc[section].get("password")
        if secret:
            # as JSON has it; json.dumps would not do, MicroPython and CPython differ beyond ASCII
            secret = secret.replace("\\", "\\\\").replace('"', '\\"')
            text = text.replace(('"%s"' % secret).encode(), b'""')
    return doc, hexlify(sha256(text).digest()[:6]).decode()


def load(root="/"):
    """(configuration, fingerprint, None), or the one before it and the word of why the newest cannot be used.

    The fingerprint is the first 12 hex digits of the file's SHA-256, passwords blanked, as the host computes it too.
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

    A power cut between the two renames leaves config.old and config.new: load() takes config.old, and
    adopt() asked again completes.
    """
    _read(root + "config.new")
    try:
        os.rename(root + "config.json", root + "config.old")
    except OSError:
        pass  # the first configuration of this node
    with open(root + _FRESH, "w"):
        pass  # reported as evt/config at the next start; a cut before this line costs the event, nothing else
    os.rename(root + "config.new", root + "config.json")


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
