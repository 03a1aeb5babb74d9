"""Sensirion's words on I2C: commands of 16 bits, and values of 16 bits that each carry a CRC-8.

Source: Sensirion, datasheets SCD4x v1.7, 3.1 and 3.12, and SPS30 V1.0 D1, 6.1 and 6.2.
"""

from ..core.faults import SensorFault


def crc8(data):
    """CRC-8 of `data`: polynomial 0x31, begun with 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x131) if crc & 0x80 else crc << 1
    return crc


def command(code, *values):
    """The bytes that send a command, with its values."""
    out = bytearray((code >> 8, code & 0xFF))
    for value in values:
        word = bytes((value >> 8, value & 0xFF))
        out += word
        out.append(crc8(word))
    return bytes(out)


def values(data, count):
    """The `count` values in an answer, wherever it stands among the bytes. Raises SensorFault silent or garbled."""
    if not data:
        raise SensorFault("silent")
    size = 3 * count
    for start in range(len(data) - size + 1):
        if all(crc8(data[at : at + 2]) == data[at + 2] for at in range(start, start + size, 3)):
            return [data[at] << 8 | data[at + 1] for at in range(start, start + size, 3)]
    raise SensorFault("garbled", "no %d whole values in %d bytes" % (count, len(data)))
