"""Builds the sensing objects that a configuration names, and says which part feeds which of them."""

from .air.fitted_parts import every_ms
from .air.windows import Air
from .energy.meter import Energy
from .light import Light
from .parking.bay import ParkingBay
from .presence import Presence
from .tilt import Pole


def build(config, clock, counters, parts):
    """(sensing objects by section, [(part, every_ms, take, miss)]): what is read, how often, and for whom."""
    built, readings = {}, []
    if "energy" in config:
        options = config["energy"]
        part = parts[options["part"]]
        built["energy"] = meter = Energy(options, clock, counters, part)
        readings.append((part, options.get("every_ms", 1000), meter.take, meter.miss))
    for options in config.get("parking", ()):
        bay = ParkingBay(options, clock, counters)
        built["parking " + options["bay"]] = bay
        watching = [parts[name] for name in options.get("parts") or (options["part"],)]
        # range finders first: a magnetometer has to know whether it is alone
        watching.sort(key=lambda part: "d_mm" not in part.QUANTITIES)
        for part in watching:
            readings.append((part, options.get("every_ms", 1000)) + bay.of(part.QUANTITIES))
    if "air" in config:
        options = dict(config["air"])
        options["serials"] = {row["id"]: row.get("serial") for row in config.get("parts", ())}
        built["air"] = window = Air(options, clock, parts, counters)
        for name in options["parts"]:
            take, miss = window.of(name)
            readings.append((parts[name], every_ms(parts[name], window.every_ms), take, miss))
    if "light" in config or "lamp" in config:
        options = config.get("light", {})
        built["light"] = light = Light(options, clock)
    if "light" in config:
        readings.append((parts[options["part"]], options.get("every_ms", 5000), light.take, light.miss))
    if "pole" in config:
        options = config["pole"]
        built["pole"] = pole = Pole(options, counters)
        readings.append((parts[options["part"]], options.get("every_ms", 10000), pole.take, pole.miss))
    if "presence" in config.get("lamp", {}):
        options = config["lamp"]["presence"]
        bays = [built["parking " + name] for name in options.get("bays", ())]
        built["presence"] = presence = Presence(options, clock, bays)
        for name in options.get("parts", ()):
            _read_for(readings, parts[name], options.get("every_ms", 500), presence.of(name))
    return built, readings


def _read_for(readings, part, every_ms, whose):
    """Read a part for one object more; one that is read already is read once, at the faster pace."""
    for index, (other, pace_ms, take, miss) in enumerate(readings):
        if other is part:
            readings[index] = part, min(pace_ms, every_ms), _both(take, whose[0]), _both(miss, whose[1])
            return
    readings.append((part, every_ms) + whose)


def _both(first, second):
    def call(argument):
        first(argument)
        second(argument)

    return call
