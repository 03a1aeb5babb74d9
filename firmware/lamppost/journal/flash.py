"""A raw flash partition as the journal sees it: read, program (only clears bits), erase, by block."""

from micropython import const

_BLOCKS = const(4)  # MicroPython's block device: ioctl codes
_BLOCK_SIZE = const(5)
_ERASE = const(6)
_COUNTERS = const(8)  # blocks of the counters: twenty years of a checkpoint each 10 s at 100,000 cycles


class Flash:
    """Blocks `first` .. `first + blocks - 1` of an esp32.Partition (or anything with its three methods).

    Programming at an offset does not erase: writeblocks(n, buf, offset) on the ESP32 only clears bits, at any
    offset and length. Raises OSError where the driver does.
    """

    def __init__(self, partition, first=0, blocks=None):
        self._partition = partition
        self._first = first
        self._readblocks = partition.readblocks
        self._writeblocks = partition.writeblocks
        self.block_size = partition.ioctl(_BLOCK_SIZE, 0)
        self.blocks = partition.ioctl(_BLOCKS, 0) - first if blocks is None else blocks

    def region(self, first, blocks=None):
        """`blocks` blocks from `first` on (None: all the rest) as a flash of their own."""
        return Flash(self._partition, self._first + first, self.blocks - first if blocks is None else blocks)

    def read(self, block, offset, buf):
        self._readblocks(self._first + block, buf, offset)

    def program(self, block, offset, buf):
        self._writeblocks(self._first + block, buf, offset)

    def erase(self, block):
        self._partition.ioctl(_ERASE, self._first + block)


def regions(partition):
    """The `journal` partition split for its two users: (counters, outbox)."""
    flash = Flash(partition)
    return flash.region(0, _COUNTERS), flash.region(_COUNTERS)
