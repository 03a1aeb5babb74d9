"""The ROM loader of an ESP32 and the flasher stub, byte for byte enough for an unmodified esptool."""

from __future__ import annotations

import functools
import operator
import struct
import zlib
from dataclasses import dataclass

from .chip import Silicon
from .flash_file import SECTOR, FlashFile

SYNC_FRAME = b"\xc0\x00\x08\x24\x00"  # how every SYNC request begins on the line

FLASH_BEGIN, FLASH_DATA, FLASH_END = 0x02, 0x03, 0x04
MEM_BEGIN, MEM_END, MEM_DATA, SYNC = 0x05, 0x06, 0x07, 0x08
WRITE_REG, READ_REG, SPI_SET_PARAMS, SPI_ATTACH = 0x09, 0x0A, 0x0B, 0x0D
READ_FLASH_SLOW, CHANGE_BAUD = 0x0E, 0x0F
DEFL_BEGIN, DEFL_DATA, DEFL_END, FLASH_MD5, SECURITY_INFO = 0x10, 0x11, 0x12, 0x13, 0x14
ERASE_FLASH, ERASE_REGION, READ_FLASH, RUN_USER_CODE = 0xD0, 0xD1, 0xD2, 0xD3

INVALID_MESSAGE, FAILED_TO_ACT, BAD_CHECKSUM = 0x05, 0x06, 0x07  # reasons in the second status byte
SPI_RDID = 0x9F


class Refusal(Exception):
    """A command that the loader answers with an error; `reason` is its second status byte."""

    def __init__(self, reason: int):
        super().__init__(hex(reason))
        self.reason = reason


@dataclass
class Read:
    """A READ_FLASH under way; all in bytes of flash."""

    start: int
    end: int
    block: int  # bytes of one data frame
    window: int  # how much may be sent ahead of what the host has acknowledged
    next: int
    acknowledged: int


def slip(frame: bytes) -> bytes:
    return b"\xc0" + frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class Rom:
    """One stay in the loader: bytes from the host in, bytes to the host out.

    silicon, flash, mac -- what the loader is a loader of; mac is 6 bytes.
    After feed(), `leave` is True when the host asked to run the application, `baud` is the line's speed.
    """

    def __init__(self, silicon: Silicon, flash: FlashFile, mac: bytes):
        self._silicon = silicon
        self._flash = flash
        self._registers = silicon.registers(mac)
        self._frame: bytearray | None = None  # None: between frames
        self._stub = False
        self._read: Read | None = None  # a READ_FLASH under way
        self._write: list[int] | None = None  # [next address, end, erased up to]: a FLASH or DEFL download
        self._block = 0
        self._inflate = zlib.decompressobj()
        self.baud = 115200
        self.leave = False

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the host; returns what the loader says to them."""
        out = bytearray()
        for number, part in enumerate(data.split(b"\xc0")):
            if number:  # before it was the end of a frame, or the beginning of one
                if self._frame:
                    frame = bytes(self._frame).replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
                    out += self._packet(frame)
                    self._frame = None
                else:
                    self._frame = bytearray()
            if self._frame is not None:  # else it is noise between frames
                self._frame += part
        return bytes(out)

    def _packet(self, frame: bytes) -> bytes:
        if self._read is not None:
            return self._continue_reading(frame)
        if len(frame) < 8 or frame[0] != 0:
            return b""
        op, size, checksum = struct.unpack("<xBHI", frame[:8])
        data = frame[8:]
        if len(data) != size:
            return b""
        try:
            value, answer = self._act(op, data, checksum)
        except Refusal as no:
            return self._reply(op, 0, b"", bytes((1, no.reason)))
        except struct.error:
            return self._reply(op, 0, b"", bytes((1, INVALID_MESSAGE)))
        reply = self._reply(op, value, answer, b"\0\0")
        if op == SYNC:
            return reply * 8
        if op == MEM_END and self._stub:
            # the answer to MEM_END is still the ROM's, with four status bytes; then the stub says hello
            return slip(struct.pack("<BBHI", 1, op, 4, 0) + bytes(4)) + slip(b"OHAI")
        if op == READ_FLASH:
            return reply + self._send_window()
        return b"" if op == RUN_USER_CODE else reply

    def _reply(self, op: int, value: int, data: bytes, status: bytes) -> bytes:
        body = data + status + (b"" if self._stub else b"\0\0")
        return slip(struct.pack("<BBHI", 1, op, len(body), value) + body)

    def _act(self, op: int, data: bytes, checksum: int) -> tuple[int, bytes]:
        """Do one command; returns (value, data) of its answer."""
        if op == SYNC:
            return (0 if self._stub else 0x20120707), b""  # zero would mean that the stub already runs
        if op == READ_REG:
            return self._register(*struct.unpack("<I", data)), b""
        if op == WRITE_REG:
            for at in range(0, len(data), 16):
                self._set_register(*struct.unpack("<III", data[at : at + 12]))
        elif op == MEM_DATA:
            self._checked(data, checksum)
        elif op == MEM_END:
            stay, entry = struct.unpack("<II", data)
            self._stub = not stay and entry != 0
        elif op in (FLASH_BEGIN, DEFL_BEGIN):
            size, _blocks, self._block, offset = struct.unpack("<IIII", data[:16])
            self._begin(offset, size)
        elif op == FLASH_DATA:
            self._store(self._checked(data, checksum))
        elif op == DEFL_DATA:
            try:
                self._store(self._inflate.decompress(self._checked(data, checksum)))
            except zlib.error:
                raise Refusal(FAILED_TO_ACT) from None
        elif op in (FLASH_END, DEFL_END):
            self._write = None
            self.leave = struct.unpack("<I", data)[0] == 0
        elif op == RUN_USER_CODE and self._stub:
            self.leave = True
        elif op == CHANGE_BAUD:
            self.baud = struct.unpack("<I", data[:4])[0]
        elif op == FLASH_MD5:
            offset, size = self._region(data)
            digest = self._flash.md5(offset, size)
            return 0, digest.digest() if self._stub else digest.hexdigest().encode()
        elif op == READ_FLASH_SLOW and not self._stub:
            offset, size = self._region(data)
            return 0, self._flash.read(offset, size).ljust(64, b"\0")
        elif op == SECURITY_INFO and self._silicon.magic is None:
            return 0, struct.pack("<IB7BII", 0, 0, *bytes(7), self._silicon.chip.image_id, 0)
        elif op == ERASE_FLASH and self._stub:
            self._flash.erase(0, self._flash.size)
        elif op == ERASE_REGION and self._stub:
            offset, size = self._region(data)
            if offset % SECTOR or size % SECTOR:
                raise Refusal(FAILED_TO_ACT)
            self._flash.erase(offset, size)
        elif op == READ_FLASH and self._stub:
            offset, size = self._region(data)
            block, window = struct.unpack("<II", data[8:16])
            self._read = Read(offset, offset + size, block, block * window, offset, offset)
        elif op not in (MEM_BEGIN, SPI_SET_PARAMS, SPI_ATTACH):
            raise Refusal(INVALID_MESSAGE)
        return 0, b""

    def _region(self, data: bytes) -> tuple[int, int]:
        offset, size = struct.unpack("<II", data[:8])
        if not self._flash.holds(offset, size):
            raise Refusal(FAILED_TO_ACT)
        return offset, size

    @staticmethod
    def _checked(data: bytes, checksum: int) -> bytes:
        """The payload of a data command; refused when length or checksum (XOR from 0xEF) are wrong."""
        size = struct.unpack("<I", data[:4])[0]
        payload = data[16:]
        total = functools.reduce(operator.xor, payload, 0xEF)
        if len(payload) != size or total != checksum & 0xFF:
            raise Refusal(BAD_CHECKSUM)
        return payload

    def _begin(self, offset: int, size: int) -> None:
        if not self._flash.holds(offset, size):
            raise Refusal(FAILED_TO_ACT)
        self._inflate = zlib.decompressobj()
        end = offset + size
        if self._stub:
            erased = offset  # the stub erases as it goes
        else:
            self._flash.erase(offset, size)  # the ROM erases all of it up front
            erased = -(-end // SECTOR) * SECTOR
        self._write = [offset, end, erased]

    def _store(self, data: bytes) -> None:
        if self._write is None:
            raise Refusal(FAILED_TO_ACT)
        at, end, erased = self._write
        data = data[: max(0, end - at)] if self._stub else data[: max(0, self._flash.size - at)]
        until = -(-(at + len(data)) // SECTOR) * SECTOR
        if until > erased:
            self._flash.erase(erased, until - erased)
            self._write[2] = until
        self._flash.program(at, data)
        self._write[0] = at + len(data)

    def _send_window(self) -> bytes:
        """Data frames of the read under way until the window of unacknowledged blocks is full."""
        read, out = self._read, bytearray()
        assert read is not None
        while read.next < read.end and read.next - read.acknowledged < read.window:
            size = min(read.block, read.end - read.next)
            out += slip(self._flash.read(read.next, size))
            read.next += size
        return bytes(out)

    def _continue_reading(self, frame: bytes) -> bytes:
        """Take the host's count of received bytes; after the last one comes the digest of all."""
        read = self._read
        assert read is not None
        if len(frame) != 4:
            self._read = None  # the host gave up and sends a command
            return self._packet(frame)
        read.acknowledged = read.start + struct.unpack("<I", frame)[0]
        if read.acknowledged < read.end:
            return self._send_window()
        self._read = None
        return slip(self._flash.md5(read.start, read.end - read.start).digest())

    def _register(self, address: int) -> int:
        if address == self._silicon.uart_clkdiv:
            return 40_000_000 // self.baud  # from which esptool reckons the crystal: 40 MHz
        return self._registers.get(address, 0)

    def _set_register(self, address: int, value: int, mask: int) -> None:
        kept = self._registers.get(address, 0)
        self._registers[address] = kept & ~mask | value & mask
        if address == self._silicon.spi and value & 1 << 18:  # the SPI controller's "user command": done at once
            self._registers[address] = 0
            command = self._registers.get(self._silicon.spi + self._silicon.usr2, 0) & 0xFF
            self._registers[self._silicon.spi + self._silicon.w0] = self._flash_id() if command == SPI_RDID else 0

    def _flash_id(self) -> int:
        """JEDEC id as the SPI controller holds it: maker 0xC8, type 0x40, log2 of the size."""
        return (self._flash.size.bit_length() - 1) << 16 | 0x40C8
