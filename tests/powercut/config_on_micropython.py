"""Cuts the power at every flash operation of a pushed configuration, under MicroPython, and starts what is left.

Arguments: the folder of the firmware, `good` or `bad` (whether the pushed configuration connects), and the stride: 1
cuts at each operation, n at each n-th. Every second cut is followed by another one. Prints a JSON line: how many cuts,
where the node ended, and what was wrong.
"""

import builtins
import json
import sys

import vfs

sys.path.insert(0, sys.argv[1])
sys.path.insert(0, __file__.rsplit("/", 1)[0])
from cut_flash import SHARES, Flash, PowerCut  # noqa: E402
from lamppost.ops import config_store  # noqa: E402
from lamppost.ops.config_trial import Trial  # noqa: E402

GOOD = sys.argv[2] == "good"
STRIDE = int(sys.argv[3])
ID = "push-1"
OLD, NEW = (
    json.dumps({
        "v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": ssid, "password": "secret of " + ssid},
        "mqtt": {"host": "broker.lan"},
        "parts": [{"id": f"p{n}", "part": "sht4x", "bus": "i2c"} for n in range(count)],
    }).encode()
    for ssid, count in (("old", 14), ("new", 16))
)  # fmt: skip


def quiet(text):
    pass


def mount(flash):
    vfs.mount(vfs.VfsLfs2(flash), "/")


def life(trouble):
    """From one start to the next: True when the node has come to the end of the push."""
    trial = Trial(quiet)
    trial.start(True)
    runs = config_store.load()
    name = runs[0]["wifi"]["ssid"]
    if json.dumps(runs[0]) not in (json.dumps(json.loads(OLD)), json.dumps(json.loads(NEW))) or runs[2]:
        trouble.append(f"a configuration that nobody wrote, or none: {name}, {runs[2]}")
    if name == "new" and not trial.on and trial.phase != "stable":
        trouble.append("the new one runs without a trial: " + trial.phase)
    if name == "new" and trial.phase == "stable" and not GOOD:
        trouble.append("confirmed, and it does not connect")
    if name == "old" and (trial.on or trial.phase == "stable"):
        trouble.append("the old one runs, and the record says " + trial.phase)
    if trial.on:
        trial.spend("nowifi")
        if GOOD:
            trial.confirm()
        else:
            while not trial.spent:
                trial.spend("nowifi")
            trial.revert("nowifi")
        return False
    if trial.digest != ID:  # the broker delivers it at each connection
        trial.begin(NEW, ID, ID, "", 1, [], [])
        return False
    return True


def run(flash, trouble):
    """Live until the push has ended; False when the power went before."""
    mount(flash)
    try:
        for _ in range(12):
            if life(trouble):
                return True
        trouble.append("the push does not end")
        return True
    except PowerCut:
        return False
    finally:
        vfs.umount("/")


def after_cut(image, again_at):
    """Go on from what the flash holds, with one more cut at that operation: (what is wrong, where it ended)."""
    trouble = []
    flash = Flash(image)
    flash.cut_at, flash.share = again_at, 50
    try:
        ended = run(flash, trouble)
        if not ended:
            flash = Flash(flash.image)
            run(flash, trouble)
        mount(flash)
        end = config_store.load()[0]["wifi"]["ssid"] + " " + Trial(quiet).phase
        vfs.umount("/")
    except Exception as error:
        return [f"a start fails: {error!r}"], "nowhere"
    if end != ("new stable" if GOOD else "old reverted"):
        trouble.append("ends with " + end)
    return trouble, end


vfs.umount("/")
began = Flash()
vfs.VfsLfs2.mkfs(began)
mount(began)
config_store.write("config.json", OLD)
config_store.write("config.old", OLD)
vfs.umount("/")
whole = Flash(began.image)
trouble = []
assert run(whole, trouble) and not trouble, trouble
wrong, ends, cuts, number = [], {}, 0, 0
for share in SHARES:
    for at in range(whole.operations):
        number += 1
        if number % STRIDE:
            continue
        flash = Flash(began.image)
        flash.cut_at, flash.share = at, share
        trouble = []
        run(flash, trouble)
        cuts += 1
        more, end = after_cut(flash.image, at * 7 % whole.operations if number % 2 else None)
        for words in trouble + more:
            wrong.append(f"operation {at} at {share} %: {words}")
        ends[end] = ends.get(end, 0) + 1
builtins.print(json.dumps({"operations": whole.operations, "cuts": cuts, "wrong": wrong, "ended": ends}))
