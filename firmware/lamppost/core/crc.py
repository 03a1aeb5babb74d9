"""Checksums that parts and journal use; every function takes (buffer, start, end) and allocates nothing."""

from binascii import crc32 as _crc32


def modbus(buf, start=0, end=None):
    """CRC-16/Modbus (poly 0xA001 reflected, init 0xFFFF) of buf[start:end]; sent low byte first."""
    crc = 0xFFFF
    for i in range(start, len(buf) if end is None else end):
        crc ^= buf[i]
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def crc32(buf, seed=0):
    """CRC-32 (IEEE) of a whole buffer or memoryview, continued from seed; done in C on the node."""
    return _crc32(buf, seed)
