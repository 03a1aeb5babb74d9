"""Simulates boot ROM and boot loader: chooses the app of a flash, or gives their error message."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from ..boards import partitions
from .chip import Silicon
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
BROWN_OUT_TEXT = b"\r\nBrownout detector was triggered\r\n\r\n"


@dataclass(frozen=True)
class Boot:
    """text -- what is printed on the way; app -- the partition that runs, None when nothing does.
    fatal -- said again and again, as the ROM resets itself."""

    text: str
    app: str | None = None
    fatal: str = ""


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
    for row in _candidates(rows, flash):
        if _for_chip(flash.read(row.offset, 24), silicon):
            return Boot(text, app=row.name)
    return Boot(text, fatal="E (41) boot: No bootable app partitions in the partition table\r\n")


def _for_chip(header: bytes, silicon: Silicon) -> bool:
    return header[0] == 0xE9 and struct.unpack_from("<H", header, 12)[0] == silicon.chip.image_id


def _candidates(rows: list[partitions.Partition], flash: FlashFile) -> list[partitions.Partition]:
    """App partitions in the order in which the boot loader tries them: otadata names the first."""
    slots = [row for row in rows if row.ota]
    factory = [row for row in rows if row.app and not row.ota]
    chosen = [_sequence(flash.read(row.offset + at, 32))
              for row in rows if (row.type, row.subtype) == (1, 0) for at in (0, SECTOR)]  # fmt: skip
    newest = max(chosen, default=0)
    if not newest or not slots:
        return factory + slots
    at = (newest - 1) % len(slots)
    return slots[at:] + slots[:at] + factory


def _sequence(entry: bytes) -> int:
    """The sequence number of an otadata entry, 0 when its CRC is wrong."""
    number, crc = struct.unpack_from("<I", entry)[0], struct.unpack_from("<I", entry, 28)[0]
    return number if number != 0xFFFFFFFF and zlib.crc32(entry[:4], 0xFFFFFFFF) == crc else 0
