"""The message of a parking bay; loaded when there is news."""

from ...core.calendar import rfc3339
from ...core.payload import body
from ...core.quality import UNAVAILABLE, VALID, of_fault
from .fusion import COVERED, FREE, UNKNOWN
from .range_finder import WEAK


def message(bay, clock):
    """(topic suffix, body, stamp) of tele/parking: what its senses gave last, and what the state rests on."""
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
    known = clock.offset_s is not None
    since = '"%s"' % rfc3339(bay.since_ms // 1000 + clock.offset_s) if known else "null"
    rest = '"state":"%s","since":%s,"evidence":"%s"' % (bay.state, since, evidence(bay))
    return bay.topic, body(values, quality, rest), clock.stamp()


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
        found.append(bay.fault or "without a reading")
    return " and ".join(found)
