# The parts of the scenario on their buses: who hears which pin, what they say back, and how they are steered.

import json

from _world import world


class Fitting:
    """One part with its bus row of the board."""

    def __init__(self, row, folder):
        self.id = row["id"]
        self.bus = world.facts["buses"][row["bus"]]
        options = row["options"]
        options["bus"] = self.bus["kind"]  # for parts that can be set to several
        path = "%s/%s.part" % (folder, self.id)
        open(path, "ab").close()  # to have one; "a+b" itself would write at the end whatever the position
        self._kept = open(path, "r+b", 0)
        said = self._kept.read()
        kept = json.loads(said) if said else {}
        if "state" in kept:
            options["state"] = kept["state"]
        self.twin = __import__("parts." + row["part"], None, None, ("Twin",)).Twin(options)
        if kept.get("running") and kept["supply"] == world.facts["supply"]:
            self.twin.resume(kept["running"])  # only the chip was reset
        self._said = said

    def remember(self):
        """Keep what the part itself keeps over a power cut or a reset of the chip, whenever it may have changed."""
        running = self.twin.running() if hasattr(self.twin, "running") else None
        kept = {"state": self.twin.state(), "running": running, "supply": world.facts["supply"]}
        said = json.dumps(kept).encode()
        if said != self._said:
            self._said = said
            self._kept.seek(0)
            self._kept.write(said + b" " * 16)


fittings = []
luminaire = [None]  # the luminaire at the lamp's pins, where the scenario has one


def start():
    for row in world.facts["parts"]:
        fittings.append(Fitting(row, world.facts["folder"]))
    options = world.facts.get("luminaire")
    if options:
        made = __import__("parts.luminaire", None, None, ("Luminaire",)).Luminaire
        luminaire[0] = made(options, lambda permille, watts: metered(options["meter"], permille, watts))
        luminaire[0].tell()
    world.handlers["set"] = _set
    world.handlers["fault"] = _fault
    for message in world.facts["steering"]:
        world.handlers[message[0]](*message[1:])
    _Plan(world.facts["plan"]).read()


class _Plan:
    """The events of the scenario, one per line: [index, microseconds, message or None, ends the run].

    Only the next one is held: a long scenario takes no more of the heap than a short one.
    """

    def __init__(self, path):
        self._file = open(path)

    def read(self):
        line = self._file.readline()
        if line:
            self._row = json.loads(line)
            world.at(world.us() + self._row[1] - world.world_us(), self._happen)

    def _happen(self):
        index, _, message, ends = self._row
        if message is not None:
            world.handlers[message[0]](*message[1:])
        if ends:
            world.end("event %d" % index)
        world.say("event %d %d" % (index, world.world_us()))
        self.read()


def metered(meter, permille, watts):
    """The luminaire's light or power changed: the meter sees it."""
    _set(meter, {"watts": watts})
    world.say("light %d" % permille)


def _set(part, values):
    if part == "luminaire" and luminaire[0]:
        luminaire[0].set(**values)
    for fitting in fittings:
        if fitting.id == part:
            fitting.twin.set(**values)


def _fault(part, kind, options):
    if part == "luminaire" and luminaire[0]:
        luminaire[0].fault(kind, **options)
    for fitting in fittings:
        if fitting.id == part:
            fitting.twin.fault(kind, **options)


def on_uart(tx, rx):
    """(parts that hear pin tx, parts that are heard on pin rx)."""
    lines = [f for f in fittings if f.bus["kind"] in ("uart", "rs485")]
    return [f for f in lines if f.bus["tx"] == tx], [f for f in lines if f.bus["rx"] == rx]


def on_dali(tx, rx):
    return [f for f in fittings if f.bus["kind"] == "dali" and (f.bus["tx"], f.bus["rx"]) == (tx, rx)]


def on_i2c(scl, sda):
    return [f for f in fittings if f.bus["kind"] == "i2c" and (f.bus["scl"], f.bus["sda"]) == (scl, sda)]
