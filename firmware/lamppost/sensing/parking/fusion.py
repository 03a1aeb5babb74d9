"""What the senses of a bay say together: the state that they ask for, and how long they must keep asking."""

from micropython import const

FREE, OCCUPIED, BLOCKED, UNKNOWN = "free", "occupied", "blocked", "unknown"
# what one sense says; DARK: there is no echo where the ground gave one; None: nothing
AWAY, BETWEEN, NEAR, COVERED, DARK = const(-1), const(0), const(1), const(2), const(3)

_OBJECT_MS = const(1800000)  # no vehicle, but it stands before the sensor for so long: nobody can park there
_LENS_MS = const(60000)
_FOG_MS = const(1200000)  # fog echoes too
_PASSING_MS = const(90000)  # what moves all the time is somebody,
_CANCELLED_MS = const(70000)  # a lorry or a tram may take away for so long what a vehicle adds
_PASSERS_MS = const(180000)  # and a radar that sees somebody says so


def of(eye, still, field, calm, alive):
    """(state or None: no opinion, milliseconds that the opinion must hold).

    eye, field -- AWAY ... DARK or None of the range finder and of the magnetometer
    still, calm -- True if what they see does not move; None: see there
    alive -- True if the radar sees somebody
    """
    if eye == AWAY:
        # an empty place that is seen outweighs iron that is felt: trams and lorries are felt from afar
        return FREE, 4000 if field == AWAY else 20000 if field == NEAR else 6000
    if eye == NEAR:
        if field == NEAR:
            return OCCUPIED, 5000
        if field == AWAY:
            return BLOCKED, _OBJECT_MS  # people, trolleys and leaves have no iron to speak of
        if still is None:
            return OCCUPIED, _FOG_MS
        return OCCUPIED, 8000 if still else _PASSERS_MS if alive else _PASSING_MS
    if eye == BETWEEN:
        return None, 0
    if field == NEAR:
        return OCCUPIED, 5000 if eye == DARK else 6000 if calm else _PASSING_MS
    if eye == DARK and field is None:
        return OCCUPIED, 8000 if still else _PASSING_MS  # a dark car gives no echo
    if field == AWAY:
        return FREE, 6000 if calm else _CANCELLED_MS if calm is None else 15000
    if eye == COVERED and field is None:
        return BLOCKED, _LENS_MS
    return None, 0
