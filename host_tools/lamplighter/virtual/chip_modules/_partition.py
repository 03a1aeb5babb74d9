# esp32.Partition over a flash and its partition table; the chip's module and the sweep of power cuts set them.

import _ota

_SECTOR = 4096
_APP, _OTA_0 = 0, 0x10
_INVALID_ARG, _NOT_FOUND, _FAIL = -258, -261, -1
_VALIDATE_FAILED = -5379


def _refused(number, name):
    return OSError(number, name)


class Partition:
    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    flash = None  # read(at, buf), erase(at), program(at, data)
    rows = ()  # of the table: (type, subtype, offset, size, label, encrypted)
    running = None  # label of the app partition that runs
    rollback = True  # whether the running image was built with it
    touched = staticmethod(lambda: None)  # called at each access to blocks

    def __init__(self, label, block_size=_SECTOR):
        if label == self.RUNNING:
            label = Partition.running
        elif label == self.BOOT:
            label = _boot_label()
        found = [row for row in Partition.rows if row[4] == label]
        found.sort(key=lambda row: row[0] != _APP)  # a label is looked up among app partitions first
        if not found:
            raise OSError(2)
        self._row = found[0]
        self._block = block_size

    @classmethod
    def find(cls, type=TYPE_APP, subtype=0xFF, label=None, block_size=_SECTOR):
        return [
            cls(row[4], block_size)
            for row in Partition.rows
            if row[0] == type and subtype in (0xFF, row[1]) and label in (None, row[4])
        ]

    def info(self):
        return self._row

    def readblocks(self, block, buf, offset=0):
        self.touched()
        Partition.flash.read(self._at(block, offset, len(buf)), buf)

    def writeblocks(self, block, buf, offset=None):
        self.touched()
        at = self._at(block, offset or 0, len(buf))
        if offset is None:
            for start in range(at, at + len(buf), _SECTOR):
                Partition.flash.erase(start)
        Partition.flash.program(at, buf)

    def _at(self, block, offset, size):
        at = block * self._block + offset
        if at < 0 or at + size > self._row[3]:
            raise _refused(_INVALID_ARG, "ESP_ERR_INVALID_ARG")
        return self._row[2] + at

    def ioctl(self, cmd, arg=0):
        if cmd == 4:
            return self._row[3] // self._block
        if cmd == 5:
            return self._block
        if cmd == 6:
            at = self._at(arg, 0, self._block)
            for start in range(at, at + self._block, _SECTOR):
                Partition.flash.erase(start)
        return 0 if cmd in (1, 2, 3, 6) else None

    def set_boot(self):
        """The image is verified whole before otadata is touched."""
        kind, subtype, offset, size = self._row[:4]
        if kind != _APP:
            raise _refused(_INVALID_ARG, "ESP_ERR_INVALID_ARG")
        if not _ota.whole(Partition.flash, offset, size):
            raise _refused(_VALIDATE_FAILED, "ESP_ERR_OTA_VALIDATE_FAILED")
        data = _otadata()
        if data is None:
            raise _refused(_NOT_FOUND, "ESP_ERR_NOT_FOUND")
        if subtype < _OTA_0:  # the factory partition starts when otadata is blank
            row = _otadata_row()
            Partition.flash.erase(row[2])
            Partition.flash.erase(row[2] + _SECTOR)
        else:
            data.switch(subtype - _OTA_0, Partition.rollback)

    def get_next_update(self):
        slots = _slots()
        if not slots:
            raise OSError(2)
        at = slots.index(self._row) if self._row in slots else -1
        return Partition(slots[(at + 1) % len(slots)][4])

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        data = _otadata()
        if data is None or not Partition.rollback:
            raise _refused(_NOT_FOUND, "ESP_ERR_NOT_FOUND")
        if not data.mark_valid():
            raise _refused(_FAIL, "ESP_FAIL")


def _slots():
    found = [row for row in Partition.rows if row[0] == _APP and row[1] & 0xF0 == _OTA_0]
    return sorted(found, key=lambda row: row[1])


def _otadata_row():
    found = [row for row in Partition.rows if row[:2] == (1, 0)]
    return found[0] if found else None


def _otadata():
    row = _otadata_row()
    return _ota.OtaData(Partition.flash, row[2], len(_slots())) if row and _slots() else None


def _boot_label():
    """What starts next: the slot that otadata names, else the factory partition, else the first slot."""
    data = _otadata()
    slot = data.slot() if data else None
    if slot is not None:
        return _slots()[slot][4]
    apps = sorted([row for row in Partition.rows if row[0] == _APP], key=lambda row: row[1])
    return apps[0][4] if apps else None
