"""The body of tele/air for a window that has ended; loaded for it, where windows are not short."""

import json
import struct

from micropython import const

from ...core.borrow import give_back, once
from ...core.payload import body as encoded
from ...core.payload import number
from ...core.quality import ESTIMATED, FLAT, HUMID, SATURATED, UNCALIBRATED, VALID, WARMING

WITH = ("sensing.air.history",)

_ENOUGH = const(75)  # % of the expected readings, as the air quality directive asks of a mean
_FLAT_PM_S = const(7200)  # particles that have not moved for so long are not measured any more,
_CLOSE_PM_S = const(43200)  # nor those that have hardly moved for so long
_FLAT_S = const(21600)
_KAPPA = const(40)  # hundredths


def body(air, seconds, end_s):
    """air -- the Air whose window of so many seconds ended at end_s. One after another, what it needs is loaded."""
    ran = air.ran and {part: _worn(air, part) // 3600 for part in air.ran}
    from .history import remembering

    now_s = air.clock.uptime_s()
    options = air.options
    kappa = round(100 * options.get("kappa", _KAPPA / 100)) if options.get("humidity") else None
    rh = None
    for trace in air.traces:
        if trace.name == "rh":
            rh = _mean(trace)
    values, quality, raw, ids = [], {}, {}, {}
    capture = 0
    pasts, past = {}, None
    for trace in air.traces:
        name, mean = trace.name, _mean(trace)
        expected = max(1, seconds * 1000 // (trace.every_ms or air.every_ms))
        letter = _letter(trace, expected, rh, now_s)
        value = mean
        if mean is not None:
            if kappa is not None and name.startswith("pm"):
                if rh is None:
                    letter = ESTIMATED if letter == VALID else letter
                else:
                    value = dried(value, rh, kappa)
            if trace.calibration:
                offset, slope, ids[name] = trace.calibration
                value = (value * slope + 5000) // 10000 + offset
            if trace.calibration or kappa is not None and name.startswith("pm"):
                raw[name] = mean
        values.append((name, value))
        quality[name] = letter
        capture += 100 * min(expected, trace.count) // expected
        if trace.past:
            usable = value if letter in (VALID, ESTIMATED, SATURATED) else None
            past = pasts[name] = remembering(trace.past)
            past.add(usable, trace.count, seconds, end_s, air.window.length_s)
            trace.past = past.known()
    values.append(("window_s", seconds))
    values.append(("capture", capture // (len(air.traces) or 1)))
    members = [_index(air, pasts)]
    remembering = past = pasts = None
    give_back(*WITH)
    if kappa is not None:
        members.append('"humidity":"%s"' % options["humidity"])
    if raw:
        members.append('"raw":{%s}' % ",".join(['"%s":%s' % (name, number(name, raw[name])) for name in raw]))
    if ids:
        members.append('"calibration":%s' % json.dumps(ids))
    if ran:
        members.append('"hours":%s' % json.dumps(ran))
    return encoded(values, quality, ",".join(members))


def dried(tenths, rh, kappa):
    """A mass without the water that the particles have drawn: crilley-2018, divided by 1 + kappa/1.65 * aw / (1 - aw).

    rh -- tenths of %; kappa -- hundredths. Source: Crilley and others, Atmos. Meas. Tech. 11, 709 (2018), equation 3.
    """
    dry = 165 * max(0, 1000 - rh)
    wet = dry + kappa * rh
    return (2 * tenths * dry + wet) // (2 * wet)


def _mean(trace):
    """The rounded mean of the window, None without a reading."""
    return (2 * trace.total + trace.count) // (2 * trace.count) if trace.count else None


def _letter(trace, expected, rh, now_s):
    """The letter of the mean; the gravest reason wins."""
    if not trace.count:
        return trace.letter
    if trace.topped:
        return SATURATED
    particles = trace.name.startswith("pm")
    if now_s - trace.moved_s >= (_FLAT_PM_S if particles else _FLAT_S):
        return FLAT
    if particles and now_s - trace.left_s >= _CLOSE_PM_S:
        return FLAT
    if trace.rh_max is not None and rh is not None and rh > trace.rh_max:
        return HUMID
    if trace.calibration is False:
        return UNCALIBRATED
    if 100 * trace.count < _ENOUGH * expected:
        return WARMING if trace.letter == WARMING else ESTIMATED
    return VALID


def _index(air, past):
    """The `aqi` member: partial unless the index has all that its publisher asks for."""
    module, table = air.index
    worst, used, whole = once(module, "index", table, past)
    of = ",".join(['"%s"' % name for name in used])
    index = "null" if worst is None else worst
    return '"aqi":{"table":"%s","index":%s,"of":[%s],"partial":%s}' % (table, index, of, "false" if whole else "true")


def _worn(air, part):
    """Seconds that a part has worked; remembered over cuts."""
    ran = air.ran[part]
    ran[0] += ran[1] // 1000
    ran[1] %= 1000
    if air.counters:
        air.counters.keep("hours " + part, struct.pack("<I", ran[0]))
    return ran[0]
