"""Brings another MicroPython image into the slot of the flash from which the node does not run.

A release names images by the machine that they are for (sys.implementation._machine): size, version, SHA-256, and the
SHA-256 of a list with a short hash of each block of 4096 bytes. The blocks in the slot that have the right hash are the
map of what is there already, so a download goes on where a power cut interrupted it and nothing needs to be noted.
"""

import asyncio
import hashlib
from binascii import hexlify

from micropython import const

from ...core.faults import UpdateFault

BLOCK = const(4096)
_HASH = const(8)  # bytes of a block's SHA-256 in the list
_CHIP = const(12)  # where an image's header has the number of its chip
_MAX_BLOCKS = const(2048)


class BaseImage:
    """The two slots for MicroPython.

    partition -- esp32.Partition; implementation -- of sys; rollback -- whether the boot loader goes back by itself from
        an image that does not reach boot.py; None: not known
    """

    def __init__(self, partition, implementation, rollback=None):
        self._partition = partition
        self._implementation = implementation
        self.rollback = rollback
        self._slot = partition(partition.RUNNING)
        self.running = self._slot.info()[4]

    def _other(self):
        try:
            other = self._slot.get_next_update()
        except OSError:
            other = self._slot
        if other.info()[4] == self.running:
            raise UpdateFault("slots", "the flash has no second slot for MicroPython")
        return other

    @property
    def other(self):
        """The label of the slot that does not run. UpdateFault: slots."""
        return self._other().info()[4]

    def facts(self):
        """What `info` says of it."""
        version = ".".join([str(number) for number in self._implementation.version[:3]])
        machine = self._implementation._machine
        return {"micropython": version, "machine": machine, "slot": self.running, "rollback": self.rollback}

    def start(self, label):
        """Start that slot at the next reset; the chip verifies its image first. Raises OSError for a damaged one."""
        self._partition(label).set_boot()

    def offered(self, release):
        """What the release says of the image for this machine; None if it has none. UpdateFault: desired."""
        try:
            found = release.get("base", {}).get(self._implementation._machine)
            if found is None:
                return None
            texts = [found[name] for name in ("sha256", "blocks", "version")]
            if [text for text in texts if not isinstance(text, str)] or not 0 < found["size"] <= _MAX_BLOCKS * BLOCK:
                raise ValueError
            return found
        except (AttributeError, KeyError, TypeError, ValueError):
            raise UpdateFault("desired", "the release is not written as this firmware knows it")

    async def wanted(self, release):
        """What the release says of the image to install; None if there is none, or if it runs already.

        Raises UpdateFault: desired, slots, full, loader.
        """
        found = self.offered(release)
        if found is None or await self._sha256(self._slot, found["size"]) == found["sha256"]:
            return None
        room = self._other().info()[3]
        if found["size"] > room:
            raise UpdateFault("full", "MicroPython has %d bytes, its slot %d" % (found["size"], room))
        if self.rollback is False and release.get("without_rollback") is not True:
            raise UpdateFault("loader", "the boot loader cannot go back from an image that does not start")
        return found

    async def fill(self, found, fetch, progress):
        """Fetch the blocks that the slot lacks.

        fetch(name, most, is_right, start=, size=) -- a coroutine: the bytes of a file, or of a range of it, for which
            is_right(bytes) holds
        progress(done, total) -- bytes
        """
        size, slot = found["size"], self._other()

        def right_list(data):
            return hexlify(hashlib.sha256(data).digest()).decode() == found["blocks"]

        hashes = await fetch("files/" + found["blocks"][:16], _HASH * _MAX_BLOCKS, right_list)
        count = (size + BLOCK - 1) // BLOCK
        if len(hashes) != count * _HASH:
            raise UpdateFault("desired", "the list of blocks does not fit the image")
        block, lacking, done = bytearray(BLOCK), [], 0
        for number in range(count):
            length = min(BLOCK, size - number * BLOCK)
            slot.readblocks(number, block)
            if _short(memoryview(block)[:length]) == hashes[number * _HASH : (number + 1) * _HASH]:
                done += length
            else:
                lacking.append(number)
            await asyncio.sleep_ms(0)
        progress(done, size)
        for number in lacking:
            length = min(BLOCK, size - number * BLOCK)
            wanted = hashes[number * _HASH : (number + 1) * _HASH]

            def is_right(data, wanted=wanted):
                return _short(data) == wanted

            data = await fetch("files/" + found["sha256"][:16], size, is_right, start=number * BLOCK, size=length)
            slot.writeblocks(number, data + b"\xff" * (BLOCK - length))
            done += length
            progress(done, size)

    async def verify(self, found):
        """Read the slot back. UpdateFault: spoilt, board."""
        slot, head = self._other(), bytearray(16)
        if await self._sha256(slot, found["size"]) != found["sha256"]:
            raise UpdateFault("spoilt", "the slot does not hold what was written to it")
        slot.readblocks(0, head)
        chip = bytes(head[_CHIP : _CHIP + 2])
        self._slot.readblocks(0, head)
        if chip != bytes(head[_CHIP : _CHIP + 2]):
            raise UpdateFault("board", "the MicroPython image is for another chip")

    async def _sha256(self, slot, size):
        """Of the first bytes of a slot, in hex; "" if it is smaller."""
        if size > slot.info()[3]:
            return ""
        sha, block = hashlib.sha256(), bytearray(BLOCK)
        for number in range((size + BLOCK - 1) // BLOCK):
            slot.readblocks(number, block)
            sha.update(memoryview(block)[: min(BLOCK, size - number * BLOCK)])
            await asyncio.sleep_ms(0)
        return hexlify(sha.digest()).decode()


def _short(data):
    return hashlib.sha256(data).digest()[:_HASH]
