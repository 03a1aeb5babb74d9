"""Simulates boot ROM and boot loader: chooses the app of a flash, or gives their error message."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from ..boards import partitions
from ..image.simulated import NO_ROLLBACK
from .chip import Silicon
from .chip_modules import _ota
from .flash_file import SECTOR, FlashFile

POWER_ON, RESET, WATCHDOG, DEEP_SLEEP, SOFT = 1, 2, 3, 4, 5  # as machine.reset_cause() says
BROWN_OUT = 6  # machine.reset_cause() says POWER_ON, as the port does
_REASONS = {
    POWER_ON: (0x1, "POWERON_RESET"),
    RESET: (0xC, "SW_CPU_RESET"),
    WATCHDOG: (0x8, "TG1WDT_SYS_RESET"),
    DEEP_SLEEP: (0x5, "DEEPSLEEP_RESET"),
    BROWN_OUT: (0xC, "SW_CPU_RESET"),  # the detector's interrupt says its line, and restarts by software
}
_VERSION = re.compile(rb"v\d+\.\d+[-.\w]* on \d{4}-\d\d-\d\d")
_LOADER_MAX = 0x7000
BROWN_OUT_TEXT = b"\r\nBrownout detector was triggered\r\n\r\n"


@dataclass(frozen=True)
class Boot:
    """text -- what is printed on the way; app -- the partition that runs, None when nothing does.
    fatal -- said again and again, as the ROM resets itself.
    version -- of MicroPython, as the image names it; rollback -- whether the image was built with the app rollback
    """

    text: str
    app: str | None = None
    fatal: str = ""
    version: str = ""
    rollback: bool = True


class _Flash:
    """A flash file as chip_modules/_ota.py uses flash."""

    def __init__(self, file: FlashFile):
        self._file = file
        self.program = file.program

    def read(self, at: int, buf: bytearray | memoryview) -> None:
        buf[:] = self._file.read(at, len(buf))

    def erase(self, at: int) -> None:
        self._file.erase(at, SECTOR)


def greeting(silicon: Silicon, cause: int) -> str:
    number, reason = _REASONS[cause]
    return silicon.banner.format(rst=number, cause=reason, boot=0x13, mode="SPI_FAST_FLASH_BOOT")


def reason(cause: int) -> int:
    """The value of the reset state register."""
    return _REASONS[cause][0]


def download_greeting(silicon: Silicon) -> str:
    mode = "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2)"
    return silicon.banner.format(rst=1, cause="POWERON_RESET", boot=0x3, mode=mode) + "waiting for download\r\n"


def boot(silicon: Silicon, flash: FlashFile, cause: int) -> Boot:
    """Read the flash as the ROM and the boot loader do."""
    text = greeting(silicon, cause)
    head = flash.read(silicon.chip.offset, 24)
    if head[0] != 0xE9:
        return Boot(text, fatal=f"invalid header: 0x{int.from_bytes(head[:4], 'little'):08x}\r\n")
    if not _for_chip(head, silicon):
        return Boot(text, fatal="E (31) boot: image is for another chip\r\n")
    try:
        rows = partitions.decode(flash.read(partitions.TABLE_OFFSET, partitions.TABLE_SIZE))
    except ValueError as error:
        return Boot(text, fatal=f"E (33) flash_parts: {error}\r\nE (33) boot: Failed to verify partition table\r\n")
    stated = (1 << 20) << (head[3] >> 4)  # the boot loader believes its own header, not the chip
    if stated > flash.size:
        return Boot(text, fatal=f"E (52) spi_flash: Detected size({flash.size >> 10}k) smaller than the size in the "
                                f"binary image header({stated >> 10}k). Probe failed.\r\n")  # fmt: skip
    for number, row in enumerate(rows):
        if row.end > stated:
            return Boot(text, fatal=f"E (33) flash_parts: partition {number} invalid - offset 0x{row.offset:x} "
                                    f"size 0x{row.size:x} exceeds flash chip size 0x{stated:x}\r\n"
                                    "E (33) boot: Failed to verify partition table\r\n")  # fmt: skip
    return _start(rows, silicon, flash, text)


def _start(rows: list[partitions.Partition], silicon: Silicon, file: FlashFile, text: str) -> Boot:
    """As ESP-IDF's boot loader: otadata names the slot to try first; an image that is not whole is passed over."""
    flash = _Flash(file)
    slots = sorted((row for row in rows if row.ota), key=lambda row: row.subtype)
    factory = [row for row in rows if row.app and not row.ota]
    data = [row for row in rows if (row.type, row.subtype) == (1, 0)]
    first, blank, otadata = _ota.FACTORY, False, None
    if data and slots:
        otadata = _ota.OtaData(flash, data[0].offset, len(slots))
        loader = file.read(silicon.chip.offset, _LOADER_MAX)
        first, blank = otadata.choose(NO_ROLLBACK not in loader, bool(factory))
    for number in _ota.order(first, len(slots)):
        row = slots[number] if number >= 0 else factory[0] if factory else None
        if row is None:
            continue
        size = _ota.whole(flash, row.offset, row.size)
        if size and _for_chip(file.read(row.offset, 24), silicon):
            if blank and otadata and number >= 0:
                otadata.started(number)
            app = file.read(row.offset, size)
            found = _VERSION.search(app)
            return Boot(text, row.name, "", found[0].decode() if found else "", NO_ROLLBACK not in app)
        which = f"OTA app partition slot {number}" if number >= 0 else "Factory app partition"
        text += f"E (40) boot: {which} is not bootable\r\n"
    return Boot(text, fatal="E (41) boot: No bootable app partitions in the partition table\r\n")


def _for_chip(header: bytes, silicon: Silicon) -> bool:
    return header[0] == 0xE9 and struct.unpack_from("<H", header, 12)[0] == silicon.chip.image_id
