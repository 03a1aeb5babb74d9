"""The node's side of an update over the air, under MicroPython, with its real HTTP client and a file system in RAM.

Arguments: the firmware's folder, that of the simulated chip's modules, and a JSON file: the running app and
MicroPython, the keys, what ota/desired says, the node's board, floor, NVS, CA and blocks of flash, why a restart is
held up, and the phases that end the run. Prints a JSON line: what ota/status said, what the idle slot, the keys and NVS
hold, and what the chip would start. It ends with the restart into the new app, or with one of those phases.
"""

import asyncio
import binascii
import json
import os
import select
import socket
import sys
import time

import vfs

FIRMWARE, MODULES, JOB = sys.argv[1:4]

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/powercut")
sys.path.insert(0, FIRMWARE)
from cut_flash import Flash  # noqa: E402
from lamppost.link import http  # noqa: E402
from lamppost.link.tls import Tls  # noqa: E402
from lamppost.ops import updates as module  # noqa: E402
from lamppost.ops.update import slot_files, state  # noqa: E402
from lamppost.ops.update.base import BaseImage  # noqa: E402
from lamppost.ops.update.floor import Floor  # noqa: E402
from lamppost.ops.update.trial import AppTrial  # noqa: E402
from ota_chip import Chip  # noqa: E402

with open(JOB) as file:
    job = json.load(file)
PACE = job["pace"]  # time-outs pass so much faster
chip = Chip(MODULES, None, job["rollback"])
chip.insert(chip.blank(binascii.a2b_base64(job["image"])))
chip.Partition.rows = [row for row in chip.Partition.rows if row[4] not in job["without"]]
chip.boot()
vfs.umount("/")


class Ended(Exception):
    pass


class Link:
    up = True
    connections = 1

    def __init__(self):
        self.said = []

    def publish_now(self, suffix, body, qos, retain):
        told = json.loads("{" + body.decode())
        self.said.append([told["phase"], told["word"], told["sentence"], told["done"], told["total"]])
        if told["phase"] in job["ends"]:
            raise Ended
        for asked in job["then"].pop(told["phase"], ()):
            node.take("desired", asked.encode(), True)
        return True


class Nvs:
    """job["nvs"] is what it holds."""

    def get_blob(self, key, buffer):
        if key not in job["nvs"]:
            raise OSError(-4354)
        data = job["nvs"][key].encode()
        buffer[: len(data)] = data
        return len(data)

    def set_blob(self, key, value):
        job["nvs"][key] = value.decode()

    def commit(self):
        pass


class Clock:
    offset_s = 0 if job["time"] else None

    def uptime_ms(self):
        return time.ticks_ms() * PACE

    def uptime_s(self):
        return 99999

    def utc_s(self):
        return None


class Beat:
    def alive(self):
        pass


async def restart(reason, last):
    last()
    raise Ended


class Implementation:
    _machine = job["machine"]
    version = (1, 28, 0)


usual_sleep_ms = asyncio.sleep_ms


def sleep_ms(milliseconds):
    """So much faster too, where the node waits for a time that does not come."""
    return usual_sleep_ms(milliseconds if job["time"] else milliseconds // PACE)


asyncio.sleep_ms = sleep_ms
flash = Flash(blocks=job["blocks"])
vfs.VfsLfs2.mkfs(flash)
vfs.mount(vfs.VfsLfs2(flash), "/")
for path, body in job["old"]["content"].items():
    with slot_files.create("/a/" + path) as file:
        file.write(binascii.a2b_base64(body))
with open("/a/manifest.json", "w") as file:
    file.write(slot_files.manifest_text(job["old"]["build"], "1.0", job["old"]["files"]))
slot_files.replace("/state.json", json.dumps({"active": "a", "floor": job["floor"]}))
slot_files.replace("/keys.json", json.dumps(job["keys"]))
link = Link()
facts = {"slot": "a", "build": job["old"]["build"], "board": job["board"], "location": None,
         "micropython": (1, 28, 0), "mpy": 6}  # fmt: skip
images = BaseImage(chip.Partition, Implementation, None if job["rollback"] else False)
tls = None
if job["ca"]:
    with open("/ca.der", "wb") as file:
        file.write(binascii.a2b_base64(job["ca"]))

    def tls(host):
        return Tls({"ca": "/ca.der"}, host, Clock())


client = http.Client(socket, select, lambda: time.ticks_ms() * PACE, time.ticks_diff, tls)
node = module.Updates(
    AppTrial("a", "power-on", state, images), images, client, link, Clock(), facts, Floor(Nvs()), lambda parts: True,
    list, lambda: job["held"], restart, lambda n: 0, lambda line: None,
)  # fmt: skip
node.take("desired", job["desired"].encode(), True)
try:
    asyncio.run(node.run(Beat()))
except Ended:
    pass
with open("/state.json") as file:
    kept = json.load(file)
with open("/keys.json") as file:
    keys = json.load(file)
idle = os.listdir("/b") if "b" in os.listdir("/") else []
print(json.dumps({
    "said": link.said, "state": kept, "keys": keys, "nvs": job["nvs"], "idle": idle,
    "boots": chip.Partition(chip.Partition.BOOT).info()[4],
}))  # fmt: skip
