"""NOR flash under LittleFS whose power goes at a given operation, for the sweeps that run in MicroPython."""

BLOCK = 4096
BLOCKS = 320
SHARES = (0, 50, 97, 100)  # percent of an operation that is done when the power goes


_ERASED = b"\xff" * BLOCK


class PowerCut(BaseException):
    """No `except Exception` may see it."""


class Flash:
    """NOR flash for VfsLfs2: blocks are shared with the image until they are written to."""

    def __init__(self, image=None, blocks=BLOCKS):
        self.image = list(image) if image else [b"\xff" * BLOCK] * blocks
        self.operations = 0
        self.cut_at = None
        self.share = 0

    def readblocks(self, block, buf, offset=0):
        buf[:] = self.image[block][offset : offset + len(buf)]

    def _change(self, block, offset, data):
        held = bytearray(self.image[block])
        count = len(data)
        if self.operations == self.cut_at:
            count = count * self.share // 100
        held[offset : offset + count] = data[:count]
        self.image[block] = bytes(held)
        self.operations += 1
        if self.cut_at is not None and self.operations > self.cut_at:
            raise PowerCut

    def writeblocks(self, block, buf, offset=0):
        old = self.image[block][offset : offset + len(buf)]
        blank = old == _ERASED[: len(old)]
        self._change(block, offset, bytes(buf) if blank else bytes([old[i] & buf[i] for i in range(len(old))]))

    def ioctl(self, code, block):
        if code == 6:
            self._change(block, 0, b"\xff" * BLOCK)
        return {4: len(self.image), 5: BLOCK}.get(code, 0)
