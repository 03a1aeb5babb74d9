"""A NOR flash chip as a file: erasing sets a sector to 0xFF, programming only clears bits."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

SECTOR = 4096


class FlashFile:
    """The flash of one virtual lamppost, used by the ROM loader and by the tests; the node opens the same file.

    path -- the file; it is made blank (all 0xFF) with `size` bytes when it does not exist.
    Raises ValueError when it exists with another size.
    """

    def __init__(self, path: Path, size: int):
        self.path = Path(path)
        self.size = size
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(b"\xff" * size)
        elif self.path.stat().st_size != size:
            raise ValueError(f"{self.path} has {self.path.stat().st_size} bytes, the chip has {size}")
        self._fd = os.open(self.path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))

    def close(self) -> None:
        os.close(self._fd)

    def holds(self, offset: int, size: int) -> bool:
        """True if offset..offset+size lies on the chip."""
        return offset >= 0 and size >= 0 and offset + size <= self.size

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._fd, size, offset)

    def program(self, offset: int, data: bytes) -> None:
        """Clear bits; a bit that is already 0 stays 0, as on the chip."""
        old = self.read(offset, len(data))
        if old.count(0xFF) != len(old):
            both = int.from_bytes(old, "little") & int.from_bytes(data, "little")
            data = both.to_bytes(len(old), "little")
        os.pwrite(self._fd, data, offset)

    def erase(self, offset: int, size: int) -> None:
        """Erase the sectors that offset..offset+size touches."""
        first = offset // SECTOR * SECTOR
        end = -(-(offset + size) // SECTOR) * SECTOR
        os.pwrite(self._fd, b"\xff" * (min(end, self.size) - first), first)

    def md5(self, offset: int, size: int) -> hashlib._Hash:
        return hashlib.md5(self.read(offset, size))

    def load(self, data: bytes, offset: int = 0) -> None:
        """Put `data` there at once (erase and program), as a programmer on the bench would."""
        self.erase(offset, len(data))
        self.program(offset, data)
