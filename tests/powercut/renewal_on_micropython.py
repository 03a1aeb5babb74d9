"""Cuts the power at every flash operation of an update, under MicroPython, and boots what is left each time.

Arguments: the node's part of the update, boot.py, a folder with a.app, b.app (before) and the call's arguments and
blocks. Prints a JSON line: how many cuts, which app ran after them, and what was wrong.
"""

import json
import sys

import vfs

BLOCK = 4096
BLOCKS = 48
SHARES = (0, 50, 97, 100)  # percent of an operation that is done when the power goes


class PowerCut(BaseException):
    """No `except Exception` may see it."""


class Flash:
    """NOR flash for VfsLfs2: blocks are shared with the image until they are written to."""

    def __init__(self, image=None):
        self.image = list(image) if image else [b"\xff" * BLOCK] * BLOCKS
        self.operations = 0
        self.cut_at = None
        self.share = 0

    def readblocks(self, block, buf, offset=0):
        buf[:] = self.image[block][offset : offset + len(buf)]

    def _change(self, block, offset, data):
        held = bytearray(self.image[block])
        count = len(data)
        if self.operations == self.cut_at:
            count = count * self.share // 100
        held[offset : offset + count] = data[:count]
        self.image[block] = bytes(held)
        self.operations += 1
        if self.cut_at is not None and self.operations > self.cut_at:
            raise PowerCut

    def writeblocks(self, block, buf, offset=0):
        old = self.image[block][offset : offset + len(buf)]
        self._change(block, offset, bytes([old[i] & buf[i] for i in range(len(old))]))

    def ioctl(self, code, block):
        if code == 6:
            self._change(block, 0, b"\xff" * BLOCK)
        return {4: BLOCKS, 5: BLOCK}.get(code, 0)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


class Line:
    """What comes over the line, all of it at once."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def read(self, view):
        piece = self.data[self.at : self.at + min(len(view), 100)]
        view[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def ends(self, said):
        return self.read, lambda ms: self.at < len(self.data), said.append


update = {}
exec(read(sys.argv[1]), update)  # noqa: S102
text = read(sys.argv[2]).decode()
boot = {"sys": sys, "vfs": vfs}
exec("import binascii, json\n" + text[text.index("class Pack") : text.index("def keep_maintenance")], boot)  # noqa: S102
folder = sys.argv[3]
call = json.loads(read(folder + "/call.json"))
blocks = read(folder + "/blocks")
before = {name: read(folder + "/" + name) for name in ("a.app", "b.app")}
vfs.umount("/")


def mount(flash):
    vfs.mount(vfs.VfsLfs2(flash), "/")


def renew(flash):
    """Run the update; its last word, or None when the power went."""
    said = []
    steps = [list(step) for step in call["steps"]]
    try:
        update["renew"](
            call["old"], "b", steps, call["crc"], call["count"], call["size"], call["bits"],
            *Line(blocks).ends(said), "/",
        )  # fmt: skip
    except PowerCut:
        return None
    return said[-1].decode().strip()


def runs():
    """The build that a start now imports."""
    for name in [name for name in sys.modules if name.startswith("lamppost")]:
        del sys.modules[name]
    slot = boot["active"]()
    if not boot["use"](slot):
        return "nothing in slot " + slot
    sys.path[:] = ["/app"]
    made = __import__("lamppost.made", None, None, ("made",))
    vfs.umount("/app")
    return slot + " " + made.BUILD


def after(flash):
    """Start with what the flash holds; then the same command again. What is wrong, or None; and what ran."""
    fresh = Flash(flash.image)
    try:
        mount(fresh)
    except OSError as error:
        return f"the file system does not mount: {error!r}", None
    try:
        ran = runs()
        if ran not in ("a old", "b new"):
            return "starts " + ran, None
        if renew(fresh) != "done":
            return "the second time it does not complete", None
        if runs() != "b new":
            return "completed, and starts " + runs(), None
    except Exception as error:
        return f"a start fails: {error!r}", None
    finally:
        vfs.umount("/")
    return None, ran


start = Flash()
vfs.VfsLfs2.mkfs(start)
mount(start)
for name, data in before.items():
    put("/" + name, data)
put("/state.json", b'{"active": "a"}')
assert runs() == "a old"
vfs.umount("/")
whole = Flash(start.image)
mount(whole)
assert renew(whole) == "done"
assert runs() == "b new"
vfs.umount("/")
wrong, tally, cuts = [], {}, 0
for share in SHARES:
    for at in range(whole.operations):
        flash = Flash(start.image)
        mount(flash)
        flash.cut_at, flash.share = at, share
        renew(flash)
        vfs.umount("/")
        cuts += 1
        fault, ran = after(flash)
        if fault:
            wrong.append(f"operation {at} at {share} %: {fault}")
        tally[ran] = tally.get(ran, 0) + 1
print(json.dumps({"operations": whole.operations, "cuts": cuts, "wrong": wrong, "ran": tally}))
