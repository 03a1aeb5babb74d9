"""Checks a configuration pushed by the broker as far as the node can, and reports all errors at once.

The host checks the whole document by its schema and rules before it pushes it. Here is what the host cannot know of
this node, and what would keep it from starting or connecting; the trial judges the rest.
"""

import os

from ..core.faults import SensorFault
from ..lamp import rules as lamp_rules
from . import config_store

NUMBERS = (  # of `mqtt`, with the limits of the schema
    ("port", 1, 65535), ("keepalive_s", 5, 3600), ("version", 4, 5), ("window", 1, 16), ("spread_s", 0, 3600),
    ("drain_per_s", 1, 1000), ("drain_spread_s", 0, 3600),
)  # fmt: skip
_NAMES_ONE_PART = ("energy", "light", "pole")


def faults(doc, running, board, driver, root="/"):
    """[(key, cause)] of everything that is wrong with `doc`; [] if the node can try it.

    running -- the configuration in use; board -- board.json; driver(id) raises SensorFault where there is none
    """
    found = [(key, "is missing or has the wrong type") for key in config_store.wrong_keys(doc)]
    if not isinstance(doc, dict):
        return found
    if doc.get("v") != 1:
        found.append(("v", "must be 1"))
    for key in ("site", "node"):
        if doc.get(key) != running[key]:
            found.append((key, "must stay %s: a lamppost can be renamed over the cable only" % running[key]))
    if isinstance(doc.get("mqtt"), dict):
        found += _of_mqtt(doc["mqtt"], doc.get("mode"), root)
    parts = doc.get("parts", [])
    if isinstance(parts, list):
        rows = [row for row in parts if isinstance(row, dict)]
        found += _of_parts(rows, board, driver)
        found += _of_references(doc, [row.get("id") for row in rows])
    lamp = lamp_rules.faults(doc, board.get("pins", {}), board.get("buses", {}))
    return found + [(".".join([str(step) for step in path]), cause) for path, cause in lamp]


def _of_mqtt(mqtt, mode, root):
    found = []
    for key, low, high in NUMBERS:
        value = mqtt.get(key, low)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            found.append(("mqtt." + key, "must be a whole number from %d to %d" % (low, high)))
    tls = mqtt.get("tls")
    if tls is not None and not isinstance(tls, dict):
        return found + [("mqtt.tls", "has the wrong type")]
    if tls is not None:
        needed = ("ca", "cert", "key") if "cert" in tls or "key" in tls else ("ca",)
        absent = [key for key in needed if not _file(tls.get(key), root)]
        found += [("mqtt.tls." + key, "names a file that is not on this lamppost") for key in absent]
    if mode == "operation" and not (tls and tls.get("key")):
        found.append(("mode", "operation needs mqtt.tls.key, which locks the console"))
    return found


def _file(path, root):
    if not isinstance(path, str):
        return False
    try:
        os.stat(root + path[1:] if path[:1] == "/" else root + path)
        return True
    except OSError:
        return False


def _of_parts(rows, board, driver):
    found, seen = [], []
    for row in rows:
        name = row.get("id")
        if name in seen:
            found.append(("parts." + str(name), "appears twice"))
        seen.append(name)
        if isinstance(row.get("bus"), str) and row["bus"] not in board.get("buses", {}):
            found.append(("parts.%s.bus" % name, "this board has no bus of that name"))
        try:
            if isinstance(row.get("part"), str):
                driver(row["part"])
        except SensorFault:
            found.append(("parts.%s.part" % name, "this firmware has no driver for it"))
    return found


def _of_references(doc, ids):
    """Sections that name a part which is not in `parts`."""
    named = [(key + ".part", doc[key].get("part")) for key in _NAMES_ONE_PART if isinstance(doc.get(key), dict)]
    air, bays = doc.get("air"), doc.get("parking")
    if isinstance(air, dict):
        named += [("air.parts", name) for name in _listed(air)]
    for bay in bays if isinstance(bays, list) else ():
        if isinstance(bay, dict):
            names = _listed(bay) if "parts" in bay else [bay.get("part")]
            named += [("parking.%s" % bay.get("bay"), name) for name in names]
    lamp = doc.get("lamp")
    presence = lamp.get("presence") if isinstance(lamp, dict) else None
    if isinstance(presence, dict) and "parts" in presence:
        named += [("lamp.presence.parts", name) for name in _listed(presence)]
    return [(key, "names a part that is not among `parts`") for key, name in named if name not in ids]


def _listed(section):
    names = section.get("parts")
    return names if isinstance(names, list) else [None]
