"""The notes of an empty bay that are kept over a power cut: its distance, its field, and the transients there."""

import struct


def pack(empty_mm, field):
    """Distance or 0, and [x, y, z, usual] or [x, y, z, usual, line, top] or None, rounded: each change costs flash."""
    values = [min(max((value + 10) // 20, -32768), 32767) for value in (field or (0, 0, 0, 0))[:4]]
    data = struct.pack("<HB4h", empty_mm // 20 * 20, bool(field), *values)
    if field and field[4:]:
        data += struct.pack("<4b", *[(value + 2) // 4 for value in field[4]], min(field[5] // 50, 127))
    return data


def unpack(data):
    """(distance, field) of packed notes, each None where they hold none."""
    empty_mm, felt, x, y, z, usual = struct.unpack("<HB4h", data[:11])
    field = [20 * x, 20 * y, 20 * z, 20 * usual] if felt else None
    if field and len(data) > 11:
        x, y, z, top = struct.unpack("<4b", data[11:])
        field += [[x, y, z], 50 * top + 50]
    return empty_mm or None, field
