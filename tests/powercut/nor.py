"""NOR flash in RAM with the three methods of esp32.Partition: programming only clears bits, and the power may go.

Runs under CPython and MicroPython.
"""

from array import array


class PowerCut(BaseException):
    """The power is gone in the middle of an operation. No `except Exception` may see it."""


class NotErased(Exception):
    """A program tried to set a bit: NOR flash cannot, so the caller is wrong."""


class Nor:
    """`blocks` blocks of `size` bytes, all erased.

    Blocks that are not written to are shared with `image`, so that a sweep can make one of these for every cut.
    cut -- None, or a function (operation, block, offset, bytes or None, old block) -> None to let it pass, or the
        block as it is left behind; then PowerCut is raised.
    worn -- None, or a function (block, offset, bytes) -> what of a program worn flash takes: bytes, None for nothing
    """

    def __init__(self, blocks=16, size=4096, image=None, cut=None):
        self.size = size
        erased = b"\xff" * size
        # bytes until it is written to, a bytearray from then on
        self.image: list = [erased] * blocks if image is None else [bytes(block) for block in image]
        self.cut = cut
        self.worn = None
        self.programmed = 0  # bytes
        self.programs = 0
        self.read = 0  # bytes
        self.erases = array("I", [0] * len(self.image))
        self.log = []  # every operation, as (block, offset, bytes) or (block, None, None)
        self.logging = False

    def snapshot(self):
        return [bytes(block) for block in self.image]

    def own(self, block):
        """The block as something that may be written to."""
        held = self.image[block]
        if not isinstance(held, bytearray):
            held = self.image[block] = bytearray(held)
        return held

    def readblocks(self, block, buf, offset=0):
        block += offset // self.size
        offset %= self.size
        self.read += len(buf)
        if offset + len(buf) <= self.size:
            buf[:] = self.image[block][offset : offset + len(buf)]
        else:
            raise ValueError("read over a block's end")

    def writeblocks(self, block, buf, offset=None):
        if offset is None or offset + len(buf) > self.size:
            raise ValueError("the journal programs inside one block, at an offset")
        held = self.own(block)
        data = bytes(buf)
        if self.worn is not None:
            data = self.worn(block, offset, data)
            if data is None:
                return
        for i in range(len(data)):
            if data[i] & ~held[offset + i]:
                raise NotErased(f"block {block} offset {offset + i}")
        if self.logging:
            self.log.append((block, offset, data))
        if self.cut is not None:
            left = self.cut(block, offset, data, held)
            if left is not None:
                self.image[block] = left
                raise PowerCut
        held[offset : offset + len(data)] = data
        self.programmed += len(data)
        self.programs += 1

    def ioctl(self, code, block):
        if code == 4:
            return len(self.image)
        if code == 5:
            return self.size
        if code == 6:
            if self.logging:
                self.log.append((block, None, None))
            if self.cut is not None:
                left = self.cut(block, None, None, self.image[block])
                if left is not None:
                    self.image[block] = left
                    raise PowerCut
            self.image[block] = b"\xff" * self.size
            self.erases[block] += 1
            return 0
        return None
