"""Checks `lamp` of a configuration beyond its schema; the tool at the cable and the node use the same rules."""

from ..core.faults import SettingsFault
from ..core.zone import Zone
from . import programme_rules

OUTPUTS = ("relay", "0-10v", "1-10v", "dali")


def faults(doc, pins, buses=None):
    """[(path, cause)] of what is wrong with the section `lamp` of a configuration; [] without one.

    doc -- the configuration, which may have any form: a pushed one was not necessarily checked by its schema
    pins, buses -- of the board, or None where the board is not known
    """
    lamp = doc.get("lamp")
    if lamp is None:
        return []
    try:
        found = _of_luminaire(lamp) + _of_output(lamp, pins) + _of_dali(lamp, buses)
        found += _of_light_output(lamp.get("light_output", {})) + _of_sensors(lamp, doc)
        if "location" not in doc:
            found.append((("location",), "is missing; the lamp needs it for sunset and sunrise"))
        zone = _of_zone(lamp.get("zone", "UTC0"))
        return found + zone + [(("lamp",) + path, cause) for path, cause in programme_rules.problems(lamp)]
    except (TypeError, KeyError, ValueError, AttributeError, IndexError):
        return [(("lamp",), "has an unknown form; `lamplighter configure --dry-run` says what is wrong")]


def standby(lamp):
    """ "off": level 0 cuts the supply of the gear; "on": the gear keeps it."""
    return lamp.get("standby", "on" if lamp["output"] == "dali" else "off")


def _of_luminaire(lamp):
    found = []
    least, most = lamp.get("min_level", 10), lamp.get("max_level", 100)
    for key, value, low, high in (
        ("min_level", least, 1, 100), ("max_level", most, 1, 100),
        ("fail_safe_level", lamp.get("fail_safe_level", 100), 1, 100),
        ("default_level", lamp.get("default_level", 100), 0, 100),
        ("ramp_s", lamp.get("ramp_s", 1.5), 0, 30), ("cool_down_s", lamp.get("cool_down_s", 10), 0, 60),
        ("spread_s", lamp.get("spread_s", 0), 0, 60), ("warm_up_s", lamp.get("warm_up_s", 60), 0, 1800),
        ("nominal_v", lamp.get("nominal_v", 230), 100, 277),
    ):  # fmt: skip
        if isinstance(value, bool) or not low <= value <= high:
            found.append((("lamp", key), "is not %d to %d" % (low, high)))
    if least > most:
        found.append((("lamp", "min_level"), "%d is above max_level, %d: no level is left" % (least, most)))
    for key, unit in (("calibration", "mV"), ("watts", "W")):
        if key in lamp:
            found += _rising(("lamp", key), lamp[key], unit)
    return found


def _of_output(lamp, pins):
    found = []
    output = lamp["output"]
    if output not in OUTPUTS:
        return [(("lamp", "output"), "is not one of " + ", ".join(OUTPUTS))]
    analogue = output in ("0-10v", "1-10v")
    if "calibration" in lamp:
        points = lamp["calibration"]
        if not analogue:
            found.append((("lamp", "calibration"), "has no effect with the output %s; leave it out" % output))
        elif points and points[-1][0] < lamp.get("max_level", 100):
            found.append((("lamp", "calibration"), "ends below max_level; measure up to it"))
    if output == "1-10v" and standby(lamp) == "on":
        found.append((("lamp", "standby"), "1-10 V cannot switch off; leave it out: the relay cuts the supply"))
    if output == "relay" and standby(lamp) == "on":
        found.append((("lamp", "standby"), "a relay cuts the supply; leave it out"))
    if pins is not None:
        if analogue and "lamp_pwm" not in pins:
            found.append((("lamp", "output"), "this board has no pin lamp_pwm"))
        if standby(lamp) == "off" and "lamp_relay" not in pins:
            found.append((("lamp", "output"), "this board has no pin lamp_relay"))
    return found


def _of_dali(lamp, buses):
    here = ("lamp", "dali")
    if lamp["output"] != "dali":
        return [(here, "has no effect with the output %s; leave it out" % lamp["output"])] if "dali" in lamp else []
    name = lamp.get("dali", {}).get("bus", "dali")
    if buses is None:
        return []
    fitting = sorted([one for one in buses if buses[one]["kind"] in ("dali", "uart")])
    if name in fitting:
        return []
    return [(here + ("bus",), "this board has no bus %s for DALI; use %s" % (name, " or ".join(fitting) or "another"))]


def _of_light_output(light):
    found = []
    here = ("lamp", "light_output")
    hours = light.get("constant", ())
    if hours and light.get("constant_by") == "driver":
        found.append((here + ("constant",), "the driver corrects already; keep one of the two"))
    if [row[0] for row in hours] != sorted({row[0] for row in hours}):
        found.append((here + ("constant",), "the hours do not rise from point to point"))
    if "maintenance" in light and not programme_rules.is_date(light["maintenance"]["cleaned"], True):
        found.append((here + ("maintenance", "cleaned"), "%r is no date" % light["maintenance"]["cleaned"]))
    return found


def _of_sensors(lamp, doc):
    """What programmes need beside the clock: a light sensor for `when`, somebody who sees presence for `presence`."""
    found = []
    name = programme_rules.uses(lamp, "sensor")
    if name and "light" not in doc:
        found.append((("light",), "is missing; programme %s needs a light sensor for its period while dark" % name))
    name = programme_rules.uses(lamp, "presence")
    if name and "presence" not in lamp:
        found.append((("lamp", "presence"), "is missing; programme %s has presence periods" % name))
    bays = [row["bay"] for row in doc.get("parking", ())]
    for bay in lamp.get("presence", {}).get("bays", ()):
        if bay not in bays:
            found.append((("lamp", "presence", "bays"), "there is no bay %s in `parking`" % bay))
    return found


def _of_zone(text):
    try:
        Zone(text)
    except SettingsFault as fault:
        return [(("lamp", "zone"), fault.detail)]
    return []


def _rising(path, points, unit):
    levels, values = [row[0] for row in points], [row[1] for row in points]
    if len(points) != 5:
        return [(path, "has %d points instead of five" % len(points))]
    if levels != sorted(set(levels)) or values != sorted(set(values)):
        return [(path, "light and %s do not rise from point to point" % unit)]
    return []
