"""The message of a parking bay, with its confidence and the evidence for its state."""

from ...core.calendar import rfc3339
from ...core.payload import body
from ...core.quality import UNAVAILABLE, VALID, of_fault
from .empty_distance import UNSURE
from .fusion import COVERED, FREE, UNKNOWN
from .range_finder import WEAK


def message(bay, clock):
    """(topic suffix, body, stamp) of tele/parking: state, confidence, evidence, and the last readings."""
    sure = confidence(bay)
    values, quality = [("confidence", sure)], {"confidence": UNAVAILABLE if sure is None else VALID}
    lost = of_fault(bay.fault) if bay.fault else UNAVAILABLE
    finder = nearest(bay)
    if finder:
        values += [("d_mm", finder.d_mm), ("strength", finder.strength)]
        quality["d_mm"] = lost if finder.d_mm is None else VALID
        quality["strength"] = lost if finder.strength is None else VALID
    if bay.magnetometer:
        dev = bay.magnetometer.dev
        values.append(("mag_nt", None if dev is None else 10 * dev))
        quality["mag_nt"] = lost if dev is None else VALID
    known = clock.offset_s is not None
    since = '"%s"' % rfc3339(bay.since_ms // 1000 + clock.offset_s) if known else "null"
    rest = '"state":"%s","since":%s,"evidence":"%s"' % (bay.state, since, evidence(bay))
    return bay.topic, body(values, quality, rest), clock.stamp()


def nearest(bay):
    """The range finder that the message is about: the one with the nearest distance; None without a range finder."""
    best = None
    for finder in bay.range_finders:
        if best is None or finder.d_mm is not None and (best.d_mm is None or finder.d_mm < best.d_mm):
            best = finder
    return best


def confidence(bay):
    """%: how far the senses are from meaning something else, how sure the empty bay is known, how many were good."""
    if bay.state == UNKNOWN:
        return None
    free = bay.state == FREE
    sure = 50
    finder = nearest(bay)
    if finder and finder.d_mm is not None and finder.empty.known:
        step = finder.empty.step
        nearer = finder.empty.mm - finder.d_mm
        far = step - nearer if free else nearer - step // 2
        if nearer > -step:  # farther than the ground is free, but for a reason that nobody knows
            sure = 60 + 40 * min(max(far, 0), step) // step
        if finder.strength is not None and finder.strength < 2 * WEAK:
            sure -= 15
        if finder.empty.known == UNSURE:
            sure = min(sure, 60)
    field = bay.magnetometer
    if field and field.dev is not None:
        felt = field.felt(free)
        sure = (sure + felt) // 2 if bay.range_finders and finder.d_mm is not None else felt
    return sure * (192 + bay.taken) // 256


def evidence(bay):
    """Words for what the state rests on, or for why it is unknown."""
    finder, magnetometer = nearest(bay), bay.magnetometer
    found = []
    if finder and finder.kind == COVERED:
        found.append("lens covered")
    elif finder and finder.d_mm is not None:
        words = ("empty distance not learned", "distance, empty bay not confirmed", "distance", "distance")
        found.append(words[finder.empty.known])
    elif finder and bay.fault == "signal" and not finder.empty.seen:
        found.append("no echo yet")
    if magnetometer and magnetometer.dev is not None:
        found.append("magnetic field")
    elif magnetometer and magnetometer.level and not bay.fault:
        found.append("empty field not learned")
    if bay.presence:
        found.append("radar sees somebody")
    if not found:
        found.append(bay.fault or "without a reading")
    return " and ".join(found)
