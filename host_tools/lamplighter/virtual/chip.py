"""The differences between ESP32 chips on the serial line: ids, registers, fuses, boot loader offset."""

from __future__ import annotations

from dataclasses import dataclass

from ..boards.chips import CHIPS, Chip


@dataclass(frozen=True)
class Silicon:
    """One kind of chip as its ROM shows it; register addresses of its technical reference manual."""

    chip: Chip
    magic: int | None  # CHIP_DETECT_MAGIC; None: the ROM answers GET_SECURITY_INFO instead
    uart_date: int
    uart_clkdiv: int
    spi: int
    usr: int
    usr2: int
    w0: int
    mac_low: int
    mac_high: int
    fuses: tuple[tuple[int, int], ...]  # other registers that esptool reads: chip revision and package
    banner: str

    def registers(self, mac: bytes) -> dict[int, int]:
        """The registers that do not change, by address; all others read as zero."""
        found = dict(self.fuses)
        if self.magic is not None:
            found[0x40001000] = self.magic
        found[self.mac_low] = int.from_bytes(mac[2:6], "big")
        found[self.mac_high] = int.from_bytes(mac[0:2], "big")
        return found


SILICON = {
    silicon.chip.name: silicon
    for silicon in (
        Silicon(  # fmt: skip
            CHIPS["esp32"], 0x00F01D83,
            0x60000078, 0x3FF40014, 0x3FF42000, 0x1C, 0x24, 0x80, 0x3FF5A004, 0x3FF5A008,
            # package D0WD, revision 3.1: bits spread over two fuse words and the APB date
            ((0x3FF5A00C, 1 << 9 | 1 << 15), (0x3FF5A014, 1 << 20 | 1 << 24), (0x3FF6607C, 1 << 31)),
            "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x{rst:x} ({cause}),boot:0x{boot:x} ({mode})\r\n",
        ),
        Silicon(  # fmt: skip
            CHIPS["esp32s3"], None,
            0x60000080, 0x60000014, 0x60002000, 0x18, 0x20, 0x58, 0x60007044, 0x60007048,
            ((0x60007050, 2 << 18),),  # revision 0.2
            "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\n"
            "rst:0x{rst:x} ({cause}),boot:0x{boot:x} ({mode})\r\n",
        ),
    )
}
