"""The real journal on flash that is RAM, with NOR's rule that programming only clears bits."""

from io import BytesIO

from lamppost.journal.flash import Flash
from lamppost.journal.outbox import Outbox


class Partition:
    """What esp32.Partition offers to the journal; reading allocates nothing, as there."""

    def __init__(self, blocks=64, block_size=4096):
        self._size = block_size
        self._blocks = blocks
        self._flash = BytesIO(b"\xff" * (blocks * block_size))

    def ioctl(self, code, argument):
        if code == 4:
            return self._blocks
        if code == 5:
            return self._size
        if code == 6:
            self._flash.seek(argument * self._size)
            self._flash.write(b"\xff" * self._size)
        return 0

    def readblocks(self, block, buf, offset=0):
        self._flash.seek(block * self._size + offset)
        self._flash.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        if len(buf) == 1 and buf[0] == 0:
            data = buf  # clearing a byte: whatever was there
        else:
            data = bytearray(len(buf))
            self.readblocks(block, data, offset)
            for i in range(len(buf)):
                data[i] &= buf[i]
        self._flash.seek(block * self._size + offset)
        self._flash.write(data)


def outbox(boot=1, partition=None):
    """A fresh outbox that has begun its boot, as the link gets it."""
    box = Outbox(Flash(partition or Partition()))
    box.begin(boot)
    return box
