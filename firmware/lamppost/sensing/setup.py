"""Builds the sensing objects that a configuration names, and says which part feeds which of them."""

from .air.fitted_parts import every_ms
from .air.windows import Air
from .energy.meter import Energy
from .light import Light
from .parking.bay import ParkingBay
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
    return built, readings
