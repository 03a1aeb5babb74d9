"""Cuts the power at every flash operation of an update over the air, under MicroPython, and lives on each time.

Arguments: the firmware's folder, boot.py, the folder of the simulated chip's modules, a JSON file with the old app, the
web server's files and the MicroPython images, how the new one does (APPS in air_cuts.py), the stride: 1 cuts at
each operation, n at each n-th; and the same for the operations that replace /keys.json and raise the floor in NVS, 0:
no more of them than of others. A life goes from a start to the next: boot loader, boot.py; download, verify, switch;
first start, trial, confirmation; or the way back. After every second cut the life after it is cut too. Prints a JSON
line: cuts, and what was wrong.
"""

import asyncio
import binascii
import json
import os
import sys

import vfs

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from cut_flash import SHARES, Flash, PowerCut  # noqa: E402
from ota_chip import Chip  # noqa: E402

FIRMWARE, BOOT, MODULES, JOB, DOES = sys.argv[1:6]
STRIDE, NEAR = int(sys.argv[6]), int(sys.argv[7])
MOST_LIVES = 30
DAWNS = 10
ENOUGH = 3  # faults that prove the procedure wrong
WELL = ("well", "dawns")
LONG_MIN = 200  # more minutes than any trial has


def read(path):
    with open(path, "rb") as file:
        return file.read()


sys.path.insert(0, FIRMWARE)
from lamppost.core.faults import FetchFault  # noqa: E402
from lamppost.ops import updates as module  # noqa: E402
from lamppost.ops.update import key_set, slot_files, state  # noqa: E402
from lamppost.ops.update.base import BaseImage  # noqa: E402
from lamppost.ops.update.floor import Floor  # noqa: E402
from lamppost.ops.update.release import is_older  # noqa: E402
from lamppost.ops.update.trial import AppTrial  # noqa: E402

sys.path.remove(FIRMWARE)
text = read(BOOT).decode()
boot = {"sys": sys, "os": os, "json": json, "print": lambda *words: None}
exec(text[text.index("def active") : text.index("def keep_maintenance")], boot)  # noqa: S102
base_image_text = read(FIRMWARE + "/base_image.py").decode()
job = json.loads(read(JOB))
images = {name: binascii.a2b_base64(body) for name, body in job["images"].items()}
BASE = "new" in images  # whether the release brings MicroPython too
server = {path: binascii.a2b_base64(body) for path, body in job["server"].items()}


class Reset(Exception):
    """The chip starts anew."""


def reset():
    raise Reset


chip = Chip(MODULES, reset, job["rollback"])
vfs.umount("/")


class Script:
    """A module whose text was read before the chip's file system was mounted."""

    def __init__(self, text):
        self._names = {"print": lambda *words: None}
        exec(text, self._names)  # noqa: S102

    def __getattr__(self, name):
        return self._names[name]


class Implementation:
    _machine = job["machine"]
    version = (1, 28, 0)


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
    """(image, slot, build) of what starts. Raises AssertionError when a slot is mixed, or fits the image not."""
    label = chip.boot()
    image = "new" if BASE and chip.image(label, len(images["new"])) == images["new"] else "old"
    assert image == "new" or chip.image(label, len(images["old"])) == images["old"], "the MicroPython is mixed"
    if image == "new" and DOES == "dead":
        return image, None, None
    boot["base_image"] = base_image = Script(base_image_text)  # each start imports it anew
    base_image.confirm()
    base_image.go_back()
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
            build = manifest["build"]
    if BASE and job["build"] != job["old"]["build"]:
        assert (image == "new") == (build == job["build"]), "app and MicroPython do not belong together"
    check_trust()
    return image, slot, build


def check_trust():
    """The keys and the floor are old or new, never torn, and never older than they were."""
    keys, serial = key_set.load()
    assert dict(keys, serial=serial) in (job["keys"], job["new_keys"]), "the keys are torn"
    floor = Floor(chip.nvs).highest(state.load("a").get("floor", "0"))
    assert serial >= trust[0] and not is_older(floor, trust[1]), "a key that was revoked or a floor that was lower"
    assert floor == "0" or DOES in WELL, "a floor that nothing confirmed has brought"
    trust[:] = serial, floor


async def restart(reason, last=None):
    if last:
        last()
    raise Reset


trust = [0, "0"]  # serial of the keys and floor at the last start of this run
dawns = []  # that are still to come in this run


def live(cause):
    """One life: returns "cut", "reset" or "done"."""
    try:
        image, slot, build = start()
        if slot is None:
            return "crash"
        new = image == "new" if BASE else build == job["build"]
        if new and DOES == "failing":
            boot["base_image"].go_back("crashed", "")  # as main.py does; then it starts the other slot
            slot, new = slot_files.other(slot), False
            build = job["old"]["build"]
    except Reset:
        return "reset"
    slots = BaseImage(chip.Partition, Implementation, boot["base_image"].rollback)
    if new and DOES == "crashing":
        trial = AppTrial(slot, cause, state, slots)
        if trial.active and not trial.crashed:
            return "crash"
    if new and DOES == "dawns" and dawns:
        AppTrial(slot, cause, state, slots)
        dawns.pop()
        return "dawn"
    trial = AppTrial(slot, cause, state, slots)
    facts = {"slot": slot, "build": build, "board": "lamppost-esp32", "location": None, "micropython": (1, 28, 0),
             "mpy": 6}  # fmt: skip
    updates = module.Updates(
        trial, slots, Client(), Link(), Clock(), facts, Floor(chip.nvs), lambda parts: DOES in WELL or not new,
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
    cause = "power-on"
    for _ in range(MOST_LIVES):
        how = live(cause)
        if how == "done":
            image, _, build = start()
            last = json.loads(read("/state.json"))["last"]
            return last["phase"], image, build, trust[0], Floor(chip.nvs).highest("0")
        cause = {"crash": "watchdog", "dawn": "power-on"}.get(how, "hard")
    raise AssertionError("it does not end")


def on(image, cut_at=None, share=0):
    """(what became of it, the flash): mounts a flash and lives on it until the end or the cut."""
    flash = Flash(image)
    dawns[:] = [None] * DAWNS
    if image is began.image:
        trust[:] = 0, "0"
    vfs.mount(vfs.VfsLfs2(chip.insert(flash)), "/")
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


began = chip.blank(images["old"])
files = chip.insert(began)
vfs.VfsLfs2.mkfs(files)
vfs.mount(vfs.VfsLfs2(files), "/")
put("a", job["old"])
put("b", job["older"])
slot_files.replace("/state.json", '{"active":"a"}')
slot_files.replace("/keys.json", json.dumps(job["keys"]))
vfs.umount("/")
# the new keys stay also when the app is taken back
SERIAL = job["new_keys"]["serial"]
OLD = "reverted", "old", job["old"]["build"], SERIAL, "0"
END = ("confirmed", "new" if BASE else "old", job["build"], SERIAL, job["floor"]) if DOES in WELL else OLD
near = set()  # the operations on /keys.json and NVS


def noting(function):
    def noted(*arguments):
        first = chip.flash.operations
        function(*arguments)
        near.update(range(first, chip.flash.operations))

    return noted


usual = key_set.replace, Floor.raise_to
key_set.replace, Floor.raise_to = noting(usual[0]), noting(usual[1])
end, whole = on(began.image)
key_set.replace, Floor.raise_to = usual
wrong, cuts, number = [], 0, 0
if end != END:
    wrong = ["without a cut it ends %r" % (end,)] * ENOUGH
for share in SHARES:
    for at in range(whole.operations):
        number += 1
        besides = NEAR and at in near and at % NEAR == 0
        if (number % STRIDE and not besides) or len(wrong) >= ENOUGH:
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
print(json.dumps({"operations": whole.operations, "cuts": cuts, "near": len(near), "wrong": wrong}))
