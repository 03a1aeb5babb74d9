"""The message of a parking bay, its note of what the empty bay is like, and its start; loaded when there is news."""

import struct

from ..core.calendar import rfc3339
from ..core.codec import body
from ..core.quality import UNAVAILABLE, VALID, of_fault
from .distance import WEAK
from .verdict import COVERED, FREE, UNKNOWN


def message(bay, clock):
    """The body of tele/parking: what its senses gave last, and what the state rests on; what was learned is kept."""
    if bay.notes:
        remember(bay)
    sure = confidence(bay)
    values, quality = [("confidence", sure)], {"confidence": UNAVAILABLE if sure is None else VALID}
    lost = of_fault(bay.fault) if bay.fault else UNAVAILABLE
    eye = seeing(bay)
    if eye:
        values += [("d_mm", eye.d_mm), ("strength", eye.strength)]
        quality["d_mm"] = lost if eye.d_mm is None else VALID
        quality["strength"] = lost if eye.strength is None else VALID
    if bay.field:
        dev = bay.field.dev
        values.append(("mag_nt", None if dev is None else 10 * dev))
        quality["mag_nt"] = lost if dev is None else VALID
    since = "null" if clock.offset_s is None else '"%s"' % rfc3339(bay.since_ms // 1000 + clock.offset_s)
    rest = '"state":"%s","since":%s,"evidence":"%s"' % (bay.state, since, evidence(bay))
    return body(values, quality, rest)


def magnetometer(alone, kept):
    """What judges the field; kept -- as recalled() has it."""
    if alone:
        from .lone import Lone

        return Lone(kept)
    from .field import Field

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


def seeing(bay):
    """The range finder that the message is about: the one that saw something nearest."""
    best = None
    for eye in bay.eyes:
        if best is None or eye.d_mm is not None and (best.d_mm is None or eye.d_mm < best.d_mm):
            best = eye
    return best


def confidence(bay):
    """%: how far the senses are from meaning something else, how sure the empty bay is known, how many were good."""
    if bay.state == UNKNOWN:
        return None
    free = bay.state == FREE
    sure = 50
    eye = seeing(bay)
    if eye and eye.d_mm is not None and eye.base.known:
        step = eye.base.step
        nearer = eye.base.mm - eye.d_mm
        far = step - nearer if free else nearer - step // 2
        if nearer > -step:  # farther than the ground is free, but for a reason that nobody knows
            sure = 60 + 40 * min(max(far, 0), step) // step
        if eye.strength is not None and eye.strength < 2 * WEAK:
            sure -= 15
        if eye.base.known == 1:
            sure = min(sure, 60)
    field = bay.field
    if field and field.dev is not None:
        felt = field.felt(free)
        sure = (sure + felt) // 2 if bay.eyes and eye.d_mm is not None else felt
    return sure * (192 + bay.taken) // 256


def evidence(bay):
    """Words for what the state rests on."""
    eye = seeing(bay)
    found = []
    if eye and eye.kind == COVERED:
        found.append("lens covered")
    elif eye and eye.d_mm is not None:
        words = ("empty distance not learned", "distance, empty bay guessed", "distance", "distance")
        found.append(words[eye.base.known])
    if bay.field and bay.field.dev is not None:
        found.append("magnetic field" if bay.field.sure else "magnetic field, empty bay guessed")
    if bay.alive:
        found.append("radar sees somebody")
    if not found:
        found.append(bay.fault or "no reading")
    return " and ".join(found)
