"""Cuts the power at every flash operation of an update over the air, under MicroPython, and lives on each time.

Arguments: the firmware's folder, boot.py, a JSON file with the old app and the web server's files, how the new app does
(well, silent or crashing), and the stride: 1 cuts at each operation, n at each n-th. A life goes from a start to the
next: download, verify, switch; first start, trial, confirmation; or the way back. After every second cut the life after
it is cut too. Prints a JSON line: cuts, and what was wrong.
"""

import asyncio
import binascii
import json
import os
import sys

import vfs

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from cut_flash import SHARES, Flash, PowerCut  # noqa: E402

FIRMWARE, BOOT, JOB, DOES, STRIDE = sys.argv[1:6]
MOST_LIVES = 12
LONG_MIN = 200  # more minutes than any trial has


def read(path):
    with open(path, "rb") as file:
        return file.read()


sys.path.insert(0, FIRMWARE)
from lamppost.core.faults import FetchFault  # noqa: E402
from lamppost.ops import updates as module  # noqa: E402
from lamppost.ops.update import slot_files, state  # noqa: E402
from lamppost.ops.update.floor import Floor  # noqa: E402
from lamppost.ops.update.trial import AppTrial  # noqa: E402

sys.path.remove(FIRMWARE)
text = read(BOOT).decode()
boot = {"sys": sys, "os": os, "json": json, "print": lambda *words: None}
exec(text[text.index("def active") : text.index("def keep_maintenance")], boot)  # noqa: S102
job = json.loads(read(JOB))
server = {path: binascii.a2b_base64(body) for path, body in job["server"].items()}
vfs.umount("/")


class Reset(Exception):
    """The chip starts anew."""


class Client:
    """The web server's files, without a network."""

    async def get(self, place, start, most, alive):
        data = server.get(place[3])
        if data is None:
            raise FetchFault("absent", place[3])
        return data[start : start + most], len(data)

    def reaches(self, place):
        return True

    def close(self):
        pass


class Nvs:
    """Of a chip whose power goes before anything is committed."""

    def get_blob(self, key, buffer):
        raise OSError(-4354)

    def set_blob(self, key, value):
        pass

    def commit(self):
        pass


class Link:
    up = True
    connections = 1

    def publish_now(self, suffix, body, qos, retain):
        return True


class Clock:
    """Trials take minutes: each look at the clock is one later."""

    def __init__(self):
        self.now = 0

    def uptime_ms(self):
        self.now += 60000
        return self.now

    def uptime_s(self):
        return 99999

    def utc_s(self):
        return None


class Beat:
    """Ends a life in which nothing is left to do."""

    def __init__(self):
        self.left = LONG_MIN

    def alive(self):
        self.left -= 1
        if not self.left:
            raise Reset


async def no_time(milliseconds):
    pass


asyncio.sleep_ms = no_time


def start():
    """(slot, build) of the app that a start imports. Raises AssertionError when a slot is mixed."""
    slot, _ = boot["pick_slot"](b"")
    for letter in "ab":
        try:
            manifest = json.loads(read("/%s/manifest.json" % letter))
        except OSError:
            continue
        files = slot_files.tree("/" + letter)
        there = {path: binascii.hexlify(files[path]).decode() for path in files}
        assert there == manifest["files"], "slot %s is mixed" % letter
        if letter == slot:
            found = slot, manifest["build"]
    return found


async def restart(reason, last=None):
    if last:
        last()
    raise Reset


def live(reset):
    """One life: returns "cut", "reset" or "done"."""
    slot, build = start()
    new = build == job["build"]
    if new and DOES == "crashing":
        trial = AppTrial(slot, reset, state)
        if trial.active and not trial.crashed:
            return "crash"
    trial = AppTrial(slot, reset, state)
    facts = {"slot": slot, "build": build, "board": "lamppost-esp32", "location": None, "micropython": (1, 28, 0),
             "mpy": 6}  # fmt: skip
    updates = module.Updates(
        trial, Client(), Link(), Clock(), facts, Floor(Nvs()), lambda parts: DOES == "well" or not new,
        lambda: ["meter"], str, restart, lambda n: 0, lambda line: None,
    )  # fmt: skip
    updates.take("desired", json.dumps(job["desired"]).encode(), True)
    try:
        asyncio.run(updates.judge(Beat()) if trial.active else updates.run(Beat()))
    except Reset:
        pass
    ended = "last" in trial.state and not trial.active
    return "done" if ended and trial.state["active"] == slot else "reset"


def lives(flash):
    """Live until the update has ended: the last word and what runs then."""
    reset = "power-on"
    for _ in range(MOST_LIVES):
        how = live(reset)
        if how == "done":
            slot, build = start()
            last = json.loads(read("/state.json"))["last"]
            return last["phase"], build
        reset = "watchdog" if how == "crash" else "hard"
    raise AssertionError("it does not end")


def on(image, cut_at=None, share=0):
    """(what became of it, the flash): mounts a flash and lives on it until the end or the cut."""
    flash = Flash(image)
    vfs.mount(vfs.VfsLfs2(flash), "/")
    flash.cut_at, flash.share = None if cut_at is None else flash.operations + cut_at, share
    try:
        return lives(flash), flash
    except PowerCut:
        return None, flash
    finally:
        flash.cut_at = None
        vfs.umount("/")


def put(slot, app):
    for path, body in app["content"].items():
        with slot_files.create("/%s/%s" % (slot, path)) as file:
            file.write(binascii.a2b_base64(body))
    with open("/%s/manifest.json" % slot, "w") as file:
        file.write(slot_files.manifest_text(app["build"], "1.0", app["files"]))


began = Flash()
vfs.VfsLfs2.mkfs(began)
vfs.mount(vfs.VfsLfs2(began), "/")
put("a", job["old"])
put("b", job["older"])
slot_files.replace("/state.json", '{"active":"a"}')
slot_files.replace("/keys.json", json.dumps(job["keys"]))
vfs.umount("/")
END = ("confirmed", job["build"]) if DOES == "well" else ("reverted", job["old"]["build"])
end, whole = on(began.image)
wrong, cuts, number = [], 0, 0
if end != END:
    wrong.append("without a cut it ends %r" % (end,))
for share in SHARES:
    for at in range(whole.operations):
        number += 1
        if number % int(STRIDE):
            continue
        image, again = began.image, [at] + ([at * 7 % whole.operations] if number % 2 else [])
        try:
            for cut in again:
                end, flash = on(image, cut, share)
                image, cuts = flash.image, cuts + 1
            end, _ = on(image)
            if end != END:
                wrong.append("operation %d at %d %%: it ends %r" % (at, share, end))
        except Exception as error:
            wrong.append("operation %d at %d %%: %r" % (at, share, error))
print(json.dumps({"operations": whole.operations, "cuts": cuts, "wrong": wrong}))
