"""What a bay is like when it is empty, kept over a cut; loaded for a start, and when there is news."""

import struct


def magnetometer(alone, kept):
    """What judges the field; kept -- as recalled() has it."""
    if alone:
        from .magnetometer_only import Lone

        return Lone(kept)
    from .magnetometer import Field

    return Field(kept)


def remember(bay):
    """Keep what is known of the empty bay over a cut: distance, field, what vehicles bend it by, and what passes."""
    base = bay.eyes[0].base if bay.eyes else None
    empty_mm = base.mm if base and base.known > 1 else 0
    field = bay.field and bay.field.kept()
    if empty_mm or field:
        bay.notes.keep(bay.name, note(empty_mm, field))


def note(empty_mm, field):
    """Distance or 0, and [x, y, z, usual] or [x, y, z, usual, line, top] or None, in steps: news cost flash."""
    values = [min(max((value + 10) // 20, -32768), 32767) for value in (field or (0, 0, 0, 0))[:4]]
    data = struct.pack("<HB4h", empty_mm // 20 * 20, bool(field), *values)
    if field and field[4:]:
        data += struct.pack("<4b", *[(value + 2) // 4 for value in field[4]], min(field[5] // 50, 127))
    return data


def recalled(data):
    """(distance, field) of a note, each None where it says nothing."""
    empty_mm, felt, x, y, z, usual = struct.unpack("<HB4h", data[:11])
    field = [20 * x, 20 * y, 20 * z, 20 * usual] if felt else None
    if field and len(data) > 11:
        x, y, z, top = struct.unpack("<4b", data[11:])
        field += [[x, y, z], 50 * top + 50]
    return empty_mm or None, field
