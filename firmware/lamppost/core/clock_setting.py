"""Somebody trustworthy tells the time: the clock is set, and its oscillator measured; loaded for it."""

from micropython import const

from .clock import NTP

_SURE_PPM = const(5)  # the uncertainty that a measurement must have come down to
_MOST_PPM = const(200)  # no crystal is so wrong: the time itself stepped


def set_utc(clock, seconds, ms, tq, tu_ms):
    """See Clock.set_utc."""
    offset_ms = ms - clock._ms
    clock.offset_s = seconds - clock._seconds
    if offset_ms < 0:
        clock.offset_s -= 1
        offset_ms += 1000
    clock._offset_ms = offset_ms
    clock._set_tq = tq
    clock._set_tu = tu_ms
    clock.set_at_s = clock._seconds
    clock._slip = 0
    if tq >= NTP:
        _measure(clock, (clock._seconds, clock._ms, seconds, ms, tu_ms))


def _measure(clock, now):
    """Compare the oscillator with the time servers over the base line, once that is long enough."""
    base = clock._base
    if base is None:
        clock._base = now
        return
    passed = now[2] - base[2]
    gained_ms = (now[0] - base[0] - passed) * 1000 + now[1] - base[1] - now[3] + base[3]
    unsure_ms = now[4] + base[4]
    if passed <= 0 or (abs(gained_ms) - unsure_ms) * 1000 > passed * _MOST_PPM:
        clock._base = now  # a step
    elif unsure_ms * 1000 <= passed * _SURE_PPM:
        measured = gained_ms * 1000000 // passed
        known = clock.drift_ppb
        clock.drift_ppb = measured if known is None else known + (measured - known) // 4
        clock._base = now
