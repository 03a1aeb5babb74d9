"""The document of a release, accepted only with the signature of a key that the node trusts.

The first line of a release is a JSON document, and each further line a key's id and its signature of the first line in
base64. It names the hash of the slot's manifest.json, and so the content of every file. docs/design/updates.md has the
format.
"""

import json
from binascii import a2b_base64, unhexlify

from ...core.faults import UpdateFault
from . import rsa

MAX_BYTES = 4096
_TEXTS = ("version", "build", "manifest", "floor")


def signed_by(text, keys):
    """The document of a release (bytes), and the id of the key that signed it. UpdateFault: untrusted.

    keys -- {id: modulus in hex}: whom this node trusts. A key that is not among them was never known, or is revoked.
    """
    lines = text.split(b"\n")
    named = []
    for line in lines[1:]:
        name, _, signature = line.partition(b" ")
        if not signature:
            continue
        try:
            name = name.decode()
            named.append(name)
            if name in keys and rsa.verify(unhexlify(keys[name]), a2b_base64(signature), lines[0]):
                return _document(lines[0]), name
        except (ValueError, TypeError):
            pass  # not base64, or not text: no signature
    if not keys:
        raise UpdateFault("untrusted", "this node has no release keys")
    raise UpdateFault("untrusted", "no right signature by %s; signed by %s" % (
        " or ".join(sorted(keys)), " and ".join(named) or "nobody"))  # fmt: skip


def _document(line):
    try:
        doc = json.loads(line)
        for name in _TEXTS:
            if not isinstance(doc[name], str):
                raise ValueError
        for name in ("boards", "micropython"):
            if not isinstance(doc[name], list) or [one for one in doc[name] if not isinstance(one, str)]:
                raise ValueError
        if len(doc["micropython"]) != 2:
            raise ValueError
        return doc
    except (ValueError, TypeError, KeyError, RuntimeError):
        raise UpdateFault("desired", "the release is not written as this firmware knows it")


def numbers(version):
    """ "1.28.0" -> (1, 28, 0); what is no number counts as 0."""
    return tuple([int(part) if part.isdigit() else 0 for part in version.split(".")])


def is_older(version, other):
    """Whether a version of the app is below another: "1.2" and "1.2.0" are the same."""
    first, second = [(numbers(text) + (0, 0, 0))[:3] for text in (version, other)]
    return first < second


def check_fits(doc, board, version, mpy, floor):
    """Raises UpdateFault (board, micropython, floor) unless the release may run here.

    board -- name of this node's; version, mpy -- of the MicroPython that will run and of its .mpy files
    floor -- oldest version allowed
    """
    if board not in doc["boards"]:
        raise UpdateFault("board", "made for %s, and this is %s" % (", ".join(doc["boards"]), board))
    if is_older(doc["version"], floor):
        raise UpdateFault("floor", "version %s is older than %s, the oldest allowed" % (doc["version"], floor))
    lowest, highest = [numbers(text) for text in doc["micropython"]]
    if not lowest <= version[: len(lowest)] or not version[: len(highest)] <= highest:
        found = ".".join([str(number) for number in version[:3]])
        text = "made for MicroPython %s to %s, and this is %s"
        raise UpdateFault("micropython", text % (doc["micropython"][0], doc["micropython"][1], found))
    if doc.get("mpy") != mpy:
        raise UpdateFault("micropython", "made for .mpy version %s, and this is %d" % (doc.get("mpy"), mpy))
