"""Combines the sensors of a bay: the state that they indicate, and how long they must indicate it."""

from micropython import const

FREE, OCCUPIED, BLOCKED, UNKNOWN = "free", "occupied", "blocked", "unknown"
# opinion of one sensor; DARK: there is no echo where the ground gave one; None: no opinion
AWAY, BETWEEN, NEAR, COVERED, DARK = const(-1), const(0), const(1), const(2), const(3)

_OBJECT_MS = const(1800000)  # no vehicle, but it stands before the sensor for so long: nobody can park there
_LENS_MS = const(60000)
_FOG_MS = const(1200000)  # fog echoes too
_PASSING_MS = const(90000)  # people, trams and lorries have passed by then,
_PASSERS_MS = const(180000)  # and where a radar sees somebody it takes longer
_SWAYS_MS = const(20000)  # somebody while a tram passes
_CANCELLED_MS = const(70000)  # a lorry or a tram may take away for so long what a vehicle adds


def weigh(distance, still, steady, field, calm, somebody, watched):
    """(state or None: no opinion, milliseconds that the opinion must hold).

    distance, field -- AWAY ... DARK or None of the range finder and of the magnetometer
    still, calm -- True if what they see does not move; None: see there
    steady -- True if what the range finder sees hardly moves: half as sure as still
    somebody -- True if the radar sees somebody
    watched -- True if the bay has a range finder: a magnetometer beside it does not decide alone at once

    Two sensors that contradict each other change nothing within a minute.
    """
    if distance == AWAY:
        # an empty place that is seen outweighs iron that is felt: trams and lorries are felt from afar
        return FREE, 4000 if field == AWAY else _CANCELLED_MS if field == NEAR else 6000
    if distance == NEAR:
        if field == NEAR:
            return OCCUPIED, 5000 if steady else _SWAYS_MS
        if field == AWAY:
            return BLOCKED, _OBJECT_MS  # people, trolleys and leaves have no iron to speak of
        if still is None:
            return OCCUPIED, _FOG_MS
        if somebody:
            return OCCUPIED, 8000 if still and field is None else _PASSERS_MS
        return OCCUPIED, 8000 if still and field is None else _PASSING_MS
    if distance == BETWEEN:
        return None, 0
    if field == NEAR:
        if distance is None and watched:
            return OCCUPIED, _PASSING_MS
        return OCCUPIED, 5000 if distance == DARK else 6000 if calm else _PASSING_MS
    if distance == DARK and field is None:
        return OCCUPIED, 8000 if still else _PASSING_MS  # a dark car gives no echo
    if field == AWAY:
        if distance == DARK:
            return FREE, _PASSING_MS
        return FREE, 6000 if calm else _CANCELLED_MS if calm is None else 15000
    if distance == COVERED and field is None:
        return BLOCKED, _LENS_MS
    return None, 0
