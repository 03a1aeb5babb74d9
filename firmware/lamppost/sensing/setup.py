"""What is sensed with which parts, as the configuration says; given back once the node has started.

So nothing that stays may hold a function of this file.
"""

WITH = ("sensing.air.setup",)


def build(config, clock, counters, parts):
    """(sensing objects by section, [(part, every_ms, take, miss)]): what is read, how often, and for whom.

    Only what the configuration names is imported.
    """
    built, readings = {}, []
    if "energy" in config:
        from .energy.meter import Energy

        options = config["energy"]
        part = parts[options["part"]]
        built["energy"] = meter = Energy(options, clock, counters, part)
        readings.append((part, options.get("every_ms", 1000), meter.take, meter.miss))
    for options in config.get("parking", ()):
        from .parking.bay import Parking

        bay = Parking(options, clock, counters)
        built["parking " + options["bay"]] = bay
        watching = [parts[name] for name in options.get("parts") or (options["part"],)]
        # range finders first: a magnetometer has to know whether it is alone
        watching.sort(key=lambda part: "d_mm" not in part.QUANTITIES)
        for part in watching:
            readings.append((part, options.get("every_ms", 1000)) + bay.of(part.QUANTITIES))
    if "air" in config:
        from .air.setup import every_ms
        from .air.windows import Air

        options = dict(config["air"])
        options["serials"] = {row["id"]: row.get("serial") for row in config.get("parts", ())}
        built["air"] = window = Air(options, clock, parts, counters)
        for name in options["parts"]:
            take, miss = window.of(name)
            readings.append((parts[name], every_ms(parts[name], window.every_ms), take, miss))
    if "part" in config.get("light", ()):
        from .light import Light

        options = config["light"]
        built["light"] = light = Light(options, clock)
        readings.append((parts[options["part"]], options.get("every_ms", 5000), light.take, light.miss))
    if "pole" in config:
        from .tilt import Pole

        options = config["pole"]
        built["pole"] = pole = Pole(options, counters)
        readings.append((parts[options["part"]], options.get("every_ms", 10000), pole.take, pole.miss))
    return built, readings
