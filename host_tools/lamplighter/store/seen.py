"""Which numbers the database has: runs of numbers by boot, loaded when a boot is first met, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from ..telemetry.sequence import Runs

Boot = tuple[str, str, int]  # site, node, b
BOOTS = 50_000  # kept in memory: 10,000 lampposts with five nights each


class Seen:
    """load -- gives the runs (boot, first, last) that the database holds of the boots it is asked for."""

    def __init__(self, load: Callable[[list[Boot]], Iterable[tuple[Boot, int, int]]], most: int = BOOTS) -> None:
        self._load, self._most = load, most
        self._boots: OrderedDict[Boot, Runs] = OrderedDict()

    def prepare(self, boots: Iterable[Boot]) -> None:
        """Have these boots in memory; others give way, those first that were asked for longest ago."""
        wanted = set(boots)
        for boot in wanted & self._boots.keys():
            self._boots.move_to_end(boot)
        missing = wanted - self._boots.keys()
        for boot in missing:
            self._boots[boot] = Runs()
        if missing:
            for boot, first, last in self._load(sorted(missing)):
                self._boots[boot].add_run(first, last)
        while len(self._boots) > max(self._most, len(wanted)):
            self._boots.popitem(last=False)

    def has(self, boot: Boot, s: int) -> bool:
        return s in self._boots[boot]

    def add(self, boot: Boot, s: int) -> None:
        self._boots[boot].add(s)

    def forget(self) -> None:
        """Ask the database anew: a commit failed, and what was added may not be there."""
        self._boots.clear()
