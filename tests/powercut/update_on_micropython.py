"""Cuts the power at every flash operation of an update, under MicroPython, and boots what is left each time.

Arguments: the node's part of the update, boot.py, a JSON file with both apps and the blocks that carry the new one, the
slot that runs, and the stride: 1 cuts at each operation, n at each n-th. After every second cut the update is run
again and cut once more. Prints a JSON line: how many cuts, which app
ran after them, and what was wrong.
"""

import binascii
import builtins
import json
import os
import sys

import vfs

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from cut_flash import SHARES, Flash, PowerCut  # noqa: E402


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Line:
    """The blocks of some files, numbered as the host does it; all of them are there at once."""

    def __init__(self, paths):
        bodies = [binascii.a2b_base64(body) for path in paths for body in job["blocks"][path]]
        self.data = b"".join(
            [("%04x%08x" % (len(body), binascii.crc32(body, number))).encode() + body
             for number, body in enumerate(bodies)]
        )  # fmt: skip
        self.size = max([len(body) for body in bodies] + [0])
        self.at = 0
        self.said = []

    def read(self, view):
        piece = self.data[self.at : self.at + min(len(view), 100)]
        view[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def waiting(self, ms):
        return self.at < len(self.data)


update = {}
exec(read(sys.argv[1]), update)  # noqa: S102
text = read(sys.argv[2]).decode()
job = json.loads(read(sys.argv[3]))
RUNS = sys.argv[4]
STRIDE = int(sys.argv[5])
IDLE = "b" if RUNS == "a" else "a"
# an update by cable leaves MicroPython as it is
boot = {"base_image": None, "sys": sys, "os": os, "json": json, "print": lambda *words: None}
exec(text[text.index("def active") : text.index("def keep_maintenance")], boot)  # noqa: S102
hashes = {path: binascii.unhexlify(sha) for path, sha in job["new"]["files"].items()}
vfs.umount("/")


def mount(flash):
    vfs.mount(vfs.VfsLfs2(flash), "/")


def renew():
    """Run the update as the host does it; True when it completed, None when the power went."""
    slots = update["Slots"]()
    keep, spare, coming = [], [], []
    for path in sorted(hashes):
        if slots.here.get(path) == hashes[path]:
            keep.append([slots.names.index(path)] * 2)
            keep[-1][1] += 1
        elif slots.idle.get(path) == hashes[path]:
            spare.append([slots.spare.index(path)] * 2)
            spare[-1][1] += 1
        else:
            old = slots.names.index(path) if path in job["changed"] else -1
            coming.append([path, job["sizes"][path], old])
    line = Line([row[0] for row in coming])
    try:
        return update["renew"](
            slots, keep, spare, coming, "new", "1", job["sha"], line.size, 1, line.read, line.waiting, line.said.append
        )
    except PowerCut:
        return None


def start():
    """Which app a start imports, by slot and build; everything on the way must be as it should."""
    slot, _ = boot["pick_slot"](b"")
    for letter in "ab":
        path = "/%s/manifest.json" % letter
        try:
            manifest = json.loads(read(path))
        except OSError:
            continue
        there = {name: binascii.hexlify(sha).decode() for name, sha in update["tree"]("/" + letter).items()}
        if there != manifest["files"]:
            return "a mixed slot " + letter
    named = json.loads(read("/state.json"))["active"]
    # where b runs at the beginning, the active slot is the incomplete one that is updated
    if RUNS == "a" and "manifest.json" not in os.listdir("/" + named):
        return "a state file that names an incomplete slot"
    for name in [name for name in sys.modules if name.startswith("lamppost")]:
        del sys.modules[name]
    return slot + " " + __import__("lamppost.made", None, None, ("made",)).BUILD


def after(image, again_at):
    """Start with what the flash holds, then update again, with a second cut if again_at: (what is wrong, what ran)."""
    fresh = Flash(image)
    try:
        mount(fresh)
    except OSError as error:
        return f"the file system does not mount: {error!r}", None
    try:
        ran = start()
        if ran not in (RUNS + " old", IDLE + " new"):
            return "starts " + ran, None
        if again_at is not None and ran.endswith("old"):
            fresh.cut_at, fresh.share = fresh.operations + again_at, 50
            renew()
            fresh.cut_at = None
            vfs.umount("/")
            fresh = Flash(fresh.image)
            mount(fresh)
            ran = start()
            if ran not in (RUNS + " old", IDLE + " new"):
                return "after two cuts starts " + ran, None
        if ran.endswith("old") and not renew():
            return "the second time it does not complete", None
        if start() != IDLE + " new":
            return "completed, and starts " + start(), None
    except Exception as error:
        return f"a start fails: {error!r}", None
    finally:
        vfs.umount("/")
    return None, ran


def put(slot, app):
    for path, body in app["content"].items():
        with update["create"]("/%s/%s" % (slot, path)) as file:
            file.write(binascii.a2b_base64(body))
    with open("/%s/manifest.json" % slot, "w") as file:
        file.write(json.dumps({"build": app["build"], "files": app["files"], "version": "1"}))


began = Flash()
vfs.VfsLfs2.mkfs(began)
mount(began)
put(RUNS, job["old"])
put(IDLE, job["older"])
with open("/state.json", "w") as file:
    file.write('{"active":"a"}')
if RUNS == "b":
    os.remove("/a/manifest.json")  # a failed before: b runs, and the update goes into the active slot
assert start() == RUNS + " old"
vfs.umount("/")
whole = Flash(began.image)
mount(whole)
assert renew()
assert start() == IDLE + " new"
vfs.umount("/")
wrong, tally, cuts, number = [], {}, 0, 0
for share in SHARES:
    for at in range(whole.operations):
        number += 1
        if number % STRIDE:
            continue
        flash = Flash(began.image)
        mount(flash)
        boot["pick_slot"](b"")
        flash.cut_at, flash.share = at, share
        renew()
        vfs.umount("/")
        cuts += 1
        fault, ran = after(flash.image, at * 7 % whole.operations if number % 2 else None)
        if fault:
            wrong.append(f"operation {at} at {share} %: {fault}")
        tally[ran] = tally.get(ran, 0) + 1
builtins.print(json.dumps({"operations": whole.operations, "cuts": cuts, "wrong": wrong, "ran": tally}))
