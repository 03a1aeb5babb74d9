# esp32: partitions of the flash file with NOR rules, and NVS in its partition.

import json
import struct

import _dali
from _partition import Partition
from _world import world

_SECTOR = 4096
_TABLE = 0x8000


class _Flash:
    """The flash file; a program or erase can be cut short by a power cut."""

    def __init__(self):
        self._file = open(world.facts["flash"], "r+b", 0)
        self._old = bytearray(256)
        self.cut_after = None  # bytes that may still be programmed or erased before the power goes
        self.worn = (0, 0)  # from byte to byte: cells that take nothing any more
        self.programmed = 0
        self.erased = 0
        world.handlers["worn"] = self._wear
        world.handlers["cut_after"] = self._cut

    def _cut(self, count):
        self.cut_after = count

    def _wear(self, first, last):
        self.worn = (first, last)

    def read(self, at, buf):
        self._file.seek(at)
        self._file.readinto(buf)

    def _write(self, at, data):
        if self.worn[0] <= at < self.worn[1]:
            return
        if self.cut_after is not None:
            if self.cut_after < len(data):
                self._file.seek(at)
                self._file.write(data[: self.cut_after])
                world.end("cut")
            self.cut_after -= len(data)
        self._file.seek(at)
        self._file.write(data)

    def program(self, at, data):
        """Only clears bits."""
        data = memoryview(data)
        self.programmed += len(data)
        for start in range(0, len(data), 256):
            piece = data[start : start + 256]
            old = memoryview(self._old)[: len(piece)]
            self.read(at + start, old)
            if old != _BLANK[: len(piece)]:
                both = int.from_bytes(old, "little") & int.from_bytes(piece, "little")
                piece = both.to_bytes(len(piece), "little")
            self._write(at + start, piece)

    def erase(self, at):
        self.erased += 1
        for start in range(at, at + _SECTOR, 256):
            self._write(start, _BLANK)


_BLANK = memoryview(b"\xff" * 256)
flash = _Flash()


def _read_table():
    rows = []
    buf = bytearray(32)
    for at in range(_TABLE, _TABLE + 0xC00, 32):
        flash.read(at, buf)
        magic, kind, subtype, offset, size, name = struct.unpack("<HBBII16s", buf)
        if magic != 0x50AA:
            break
        rows.append((kind, subtype, offset, size, name.rstrip(b"\0").decode(), False))
    if rows and not any(row[4] in ("vfs", "ffat") for row in rows):
        end = max(row[2] + row[3] for row in rows)  # the port registers the rest of the flash
        if end < world.facts["flash_size"]:
            rows.append((1, 0x81, end, world.facts["flash_size"] - end, "vfs", False))
    return rows


_table = _read_table()
Partition.flash, Partition.rows = flash, _table
Partition.running, Partition.rollback = world.facts["app"], world.facts["rollback"]
Partition.touched = world.weigh


class NVS:
    """Values of one namespace; kept as one JSON document in the nvs partition."""

    def __init__(self, namespace):
        self._name = namespace
        self._row = [row for row in _table if row[:2] == (1, 2)][0]
        self._all = self._load()
        self._mine = self._all.setdefault(namespace, {})

    def _load(self):
        head = bytearray(8)
        flash.read(self._row[2], head)
        if head[:4] != b"LNVS":
            return {}
        body = bytearray(int.from_bytes(head[4:], "little"))
        flash.read(self._row[2] + 8, body)
        return json.loads(body)

    def _get(self, key, kind):
        if key not in self._mine or not isinstance(self._mine[key], kind):
            raise OSError(-4354, "ESP_ERR_NVS_NOT_FOUND")
        return self._mine[key]

    def set_i32(self, key, value):
        self._mine[key] = value

    def get_i32(self, key):
        return self._get(key, int)

    def set_blob(self, key, value):
        self._mine[key] = value if isinstance(value, str) else bytes(value).hex()

    def get_blob(self, key, buf):
        data = bytes.fromhex(self._get(key, str))
        buf[: len(data)] = data
        return len(data)

    def erase_key(self, key):
        if self._mine.pop(key, None) is None:
            raise OSError(-4354, "ESP_ERR_NVS_NOT_FOUND")

    def commit(self):
        others = self._load()
        others[self._name] = self._mine
        body = json.dumps(others).encode()
        for at in range(self._row[2], self._row[2] + 8 + len(body), _SECTOR):
            flash.erase(at)
        flash.program(self._row[2], b"LNVS" + len(body).to_bytes(4, "little") + body)


class RMT:
    """Sends pulses on a pin. Where a DALI interface is on that pin its bus sees them; elsewhere nobody does."""

    PULSE_MAX = 32767

    def __init__(self, channel=None, *, pin, resolution_hz=10000000, idle_level=False, num_symbols=64, tx_carrier=None):
        self._us = 1000000 / resolution_hz
        self._line = _dali.by_tx.get(pin.id)
        self._done_us = 0
        if self._line is not None:
            self._line.drive(idle_level)

    def write_pulses(self, duration, data=True):
        if isinstance(data, (list, tuple)) or isinstance(duration, int):
            raise NotImplementedError("only lengths and the first level are simulated")
        if not all(0 < length <= self.PULSE_MAX for length in duration):
            raise ValueError("duration")
        self.wait_done(timeout=-1)
        lengths = [int(length * self._us) for length in duration]
        self._done_us = world.us() + sum(lengths)
        if self._line is not None:
            self._line.sent(lengths, bool(data))

    def wait_done(self, *, timeout=0):
        left = self._done_us - world.us()
        if left > 0 and timeout:
            world.sleep_us(left if timeout < 0 else min(left, timeout * 1000))
        return world.us() >= self._done_us

    def active(self, value=None):
        return world.us() < self._done_us

    def deinit(self):
        self._line = None


def raw_temperature():
    return 128


def mcu_temperature():
    return 41


def idf_heap_info(capabilities):
    return [(7288, 0, 0, 0), (15072, 3000, 2944, 2944), (113840, 100300, 98300, 98300)]


HEAP_DATA = 4
HEAP_EXEC = 1
WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True
