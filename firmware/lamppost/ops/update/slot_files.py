"""The files of the app slots: hashed, compared, pruned and replaced so that a power cut leaves no mixed app.

An update over the air imports this module. An update over the cable sends its text to the node, because the app on the
node may be the one that is broken: it imports nothing of the app.
"""

import binascii
import hashlib
import os

MANIFEST = "manifest.json"
PIECE = 512


def other(slot):
    return "b" if slot == "a" else "a"


def pieces(path):
    with open(path, "rb") as file:
        while True:
            piece = file.read(PIECE)
            if not piece:
                return
            yield piece


def hash_of(path):
    """SHA-256 of a file; b"" for one that cannot be read."""
    found = hashlib.sha256()
    try:
        for piece in pieces(path):
            found.update(piece)
        return found.digest()
    except OSError:
        return b""


def tree(folder, before=""):
    """The files in a folder and below it: path -> SHA-256."""
    found = {}
    try:
        rows = list(os.ilistdir(folder + "/" + before))
    except OSError:
        return found
    for row in rows:
        path = before + row[0]
        if row[1] == 0x4000:
            found.update(tree(folder, path + "/"))
        elif path != MANIFEST:
            found[path] = hash_of(folder + "/" + path)
    return found


def prune(folder, wanted, before=""):
    """Remove what is not wanted, and folders without a file: an empty one would shadow a module of its name."""
    for row in list(os.ilistdir(folder + "/" + before)):
        path = before + row[0]
        if row[1] == 0x4000:
            prune(folder, wanted, path + "/")
            try:
                os.rmdir(folder + "/" + path)
            except OSError:
                pass  # something is in it
        elif path not in wanted:
            os.remove(folder + "/" + path)


def create(path):
    """A new file, with the folders above it."""
    for at in range(1, len(path)):
        if path[at] == "/":
            try:
                os.mkdir(path[:at])
            except OSError:
                pass  # it is there
    return open(path, "wb")


def copy(source, target):
    with create(target) as file:
        for piece in pieces(source):
            file.write(piece)


def replace(path, text):
    """Write beside, then rename: the file has the old content or the new one, whenever the power goes."""
    with open("/update.part", "w") as file:
        file.write(text)
    os.rename("/update.part", path)


def open_slot(folder, wanted):
    """Begin to fill a slot: without its manifest nobody starts it, and what is not wanted is removed."""
    try:
        os.remove(folder + "/" + MANIFEST)
    except OSError:
        pass
    if folder[1:] in os.listdir("/"):
        prune(folder, wanted)


def close_slot(folder, build, version, sha, files=None):
    """Write the manifest of a filled slot if its SHA-256 begins with sha (hex); True if it does.

    files -- path -> SHA-256 in hex, as read back; None: they are read back here
    """
    if files is None:
        files = {path: binascii.hexlify(found).decode() for path, found in tree(folder).items()}
    text = manifest_text(build, version, files)
    if not binascii.hexlify(hashlib.sha256(text.encode()).digest()).decode().startswith(sha):
        return False
    replace(folder + "/" + MANIFEST, text)
    return True


def manifest_text(build, version, files):
    """manifest.json to the byte; files -- path -> SHA-256 in hex."""
    rows = ",".join(['"%s":"%s"' % (path, files[path]) for path in sorted(files)])
    return '{"build":"%s","files":{%s},"version":"%s"}' % (build, rows, version)
