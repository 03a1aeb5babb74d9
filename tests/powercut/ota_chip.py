"""A chip in RAM for the sweeps in MicroPython: two slots for MicroPython, otadata, a file system, NVS, its boot loader.

It uses the virtual lamppost's otadata and esp32.Partition, so what is cut here is what is simulated there. The power
may go in each program and erase, those of the boot loader too.
"""

import binascii
import sys

from cut_flash import BLOCK, BLOCKS, Flash

_SLOT = 12  # blocks
_OTADATA, _OTA_0, _VFS = 0, 2, 2 + 2 * _SLOT
_NVS = _VFS + BLOCKS
_ENTRY = 64  # bytes in NVS


class Window:
    """A part of a flash as a block device."""

    def __init__(self, flash, first, count):
        self._flash, self._first, self._count = flash, first, count

    def readblocks(self, block, buf, offset=0):
        self._flash.readblocks(self._first + block, buf, offset)

    def writeblocks(self, block, buf, offset=0):
        self._flash.writeblocks(self._first + block, buf, offset)

    def ioctl(self, code, block):
        return self._count if code == 4 else self._flash.ioctl(code, self._first + block)


class Nvs:
    """esp32.NVS in one block: entries are appended, each with its CRC, and the last whole one of a name counts."""

    def __init__(self, block):
        self._block = block
        self._pending = []

    def _entries(self):
        """(offset, name and value) of each place that was written to; None instead of a torn one."""
        for at in range(0, BLOCK, _ENTRY):
            entry = bytearray(_ENTRY)
            self._block.readblocks(0, entry, at)
            if entry == b"\xff" * _ENTRY:
                return
            text = bytes(entry[5 : 5 + entry[0]])
            whole = binascii.crc32(text).to_bytes(4, "little") == entry[1:5]
            yield at, text if whole else None

    def get_blob(self, key, buffer):
        found = [text for _, text in self._entries() if text and text.startswith(key.encode() + b"=")]
        if not found:
            raise OSError(-0x1102)
        value = found[-1][len(key) + 1 :]
        buffer[: len(value)] = value
        return len(value)

    def set_blob(self, key, value):
        self._pending.append(key.encode() + b"=" + value)

    def commit(self):
        while self._pending:
            text = self._pending.pop(0)
            entry = bytes([len(text)]) + binascii.crc32(text).to_bytes(4, "little") + text
            used = [at for at, _ in self._entries()]
            place = used[-1] + _ENTRY if used else 0
            self._block.writeblocks(0, entry + b"\xff" * (_ENTRY - len(entry)), place)


class _Bytes:
    """A flash by byte addresses, as chip_modules/_ota.py uses it."""

    def __init__(self, flash):
        self._flash = flash

    def read(self, at, buf):
        buf, done = memoryview(buf), 0
        while done < len(buf):
            block, offset = divmod(at + done, BLOCK)
            count = min(BLOCK - offset, len(buf) - done)
            self._flash.readblocks(block, buf[done : done + count], offset)
            done += count

    def erase(self, at):
        self._flash.ioctl(6, at // BLOCK)

    def program(self, at, data):
        self._flash.writeblocks(at // BLOCK, data, at % BLOCK)


class Machine:
    """The chip's module: a reset ends a life."""

    def __init__(self, reset):
        self.reset = reset

    class RTC:
        def memory(self, data=None):
            return b""


class Chip:
    """modules -- folder with _ota.py and _partition.py; reset() -- of machine; rollback -- of boot loader and image"""

    def __init__(self, modules, reset, rollback=True):
        sys.path.insert(0, modules)
        import _ota
        import _partition

        sys.path.remove(modules)
        self._ota, self.Partition = _ota, _partition.Partition
        self._rollback = rollback
        size = _SLOT * BLOCK
        self.Partition.rows = (
            (1, 0, _OTADATA * BLOCK, 2 * BLOCK, "otadata", False),
            (0, 0x10, _OTA_0 * BLOCK, size, "ota_0", False),
            (0, 0x11, _OTA_0 * BLOCK + size, size, "ota_1", False),
        )
        self.Partition.rollback = rollback
        sys.modules["machine"] = Machine(reset)
        sys.modules["esp32"] = self

    def insert(self, flash):
        """Put a flash into the chip; returns the device of its file system."""
        self.flash = flash
        self.Partition.flash = _Bytes(flash)
        self.nvs = Nvs(Window(flash, _NVS, 1))
        return Window(flash, _VFS, BLOCKS)

    def blank(self, image):
        """A new flash with that image in the first slot."""
        flash = Flash(blocks=_NVS + 1)
        for at in range(0, len(image), BLOCK):
            flash.image[_OTA_0 + at // BLOCK] = image[at : at + BLOCK] + b"\xff" * (BLOCK - len(image[at : at + BLOCK]))
        return flash

    def boot(self):
        """What the boot loader does: the label of the slot that runs then. AssertionError: no image starts."""
        flash = self.Partition.flash
        data = self._ota.OtaData(flash, _OTADATA * BLOCK, 2)
        first, blank = data.choose(self._rollback, False)
        for slot in self._ota.order(first, 2):
            if slot >= 0 and self._ota.whole(flash, (_OTA_0 + slot * _SLOT) * BLOCK, _SLOT * BLOCK):
                if blank:
                    data.started(slot)
                self.Partition.running = "ota_" + str(slot)
                return self.Partition.running
        raise AssertionError("no MicroPython starts")

    def image(self, label, size):
        """The first bytes of a slot."""
        buf = bytearray(size)
        self.Partition(label).readblocks(0, buf)
        return bytes(buf)
