"""The keys whose releases the node accepts: /keys.json, brought by cable or by a release that a trusted key has signed.

A set has a serial number, and only one with a higher number replaces it: an old release that is sent again does not
bring a revoked key back.
"""

import json
from binascii import unhexlify

from ...core.faults import UpdateFault
from . import slot_files

MAX_BYTES = 16384
_PATH = "/keys.json"
_KEY_BYTES = 384  # RSA-3072
_SERIAL = "serial"


def load():
    """({id: modulus in hex}, serial); ({}, 0) where there is none that can be read."""
    try:
        with open(_PATH) as file:
            doc = json.load(file)
        keys = {name: doc[name] for name in doc if isinstance(doc[name], str)}
        return keys, int(doc.get(_SERIAL, 0))
    except (OSError, ValueError, TypeError, AttributeError, RuntimeError):
        return {}, 0


def offered(release, serial):
    """SHA-256 of the newer set that a release names; None if it names none. UpdateFault: desired.

    release -- its document: "keys" is {"serial", "sha256"}; serial -- of the set on the node
    """
    try:
        named = release.get("keys")
        if named is None or int(named[_SERIAL]) <= serial:
            return None
        return str(named["sha256"])
    except (KeyError, TypeError, ValueError):
        raise UpdateFault("desired", "the release is not written as this firmware knows it")


def replace(data, release):
    """Trust the keys of this set (bytes, with the hash that the release names) from now on. UpdateFault: desired."""
    try:
        doc = json.loads(data)
        keys = [doc[name] for name in doc if name != _SERIAL]
        if not keys or [key for key in keys if len(unhexlify(key)) != _KEY_BYTES]:
            raise ValueError
        if doc[_SERIAL] != release["keys"][_SERIAL]:
            raise ValueError
    except (ValueError, TypeError, KeyError, RuntimeError):
        raise UpdateFault("desired", "the set of keys is not written as this firmware knows it")
    slot_files.replace(_PATH, str(data, "utf-8"))
