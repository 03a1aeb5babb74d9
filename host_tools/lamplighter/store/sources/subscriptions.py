"""The broker sessions that this store reads: one, or its places in a subscription that several stores share.

A broker parks the share of a store that is gone in its session, and other stores do not get it. So each session is a
place that belongs to the database and not to a process: a store reserves places in the database, and takes over a
place that nobody has held for a while. A store that finds no free place waits, and one with several hands one over.

Place 0 has all topics where nothing is shared, else the last state and info of each lamppost, in their order.
Places 1 to n share all numbered messages; their order is restored by (b, s). A store of some sites has one place, whose
number is made of their names.
"""

from __future__ import annotations

import contextlib
import queue
import time
import zlib
from collections.abc import Callable, Sequence

from ...contract import ROOT
from ...problems import Problem
from ...telemetry.subscriber import Connection, Incoming
from ..target import Sink, TargetBusy
from .delivery import Delivery
from .mqtt_session import KeptSession, MqttDelivery

ALL = f"{ROOT}/#"
UNSHARED = (f"{ROOT}/+/+/state", f"{ROOT}/+/+/info")
LOOK_S = 2.0  # from one look for free places to the next
FREE_S = 10.0  # a place that was free for so long has lost its store
Arrived = queue.SimpleQueue[Incoming | Connection | Exception]


class Subscriptions:
    """new -- makes the session of (name, filters, filters to leave, queue); note -- takes a sentence.

    shares -- 0: one store reads everything, or all of the sites
    """

    def __init__(
        self, target: Sink, shares: int, sites: tuple[str, ...],
        new: Callable[[str, list[str], tuple[str, ...], Arrived], KeptSession], note: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._target, self._new, self._note = target, new, note
        self._sites = sorted(set(sites))
        first = _number(self._sites) if sites else 0
        self._places = range(first, first + 1 + shares)
        self._sessions: dict[int, KeptSession] = {}
        self._free_since: dict[int, float] = {}
        self._looked = 0.0
        self._arrived: Arrived = queue.SimpleQueue()
        self.where = ""

    def start(self) -> None:
        """Take the first free place; wait for one as long as it takes. Raises the Problem of a broker."""
        # the share first: a store that only has place 0 does no work
        self._open(free_place(self._target, [*self._places[1:], self._places[0]], self._note))

    def close(self) -> None:
        for session in self._sessions.values():
            session.__exit__()
        self._sessions.clear()

    def next(self, timeout: float) -> Delivery | Connection | None:
        try:
            arrived = self._arrived.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(arrived, Exception):
            raise arrived
        if isinstance(arrived, MqttDelivery) and _for_another_place(arrived):
            arrived.session.acknowledge([arrived])
            return None
        assert isinstance(arrived, MqttDelivery | Connection)
        return arrived

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        of_session: dict[KeptSession, list[MqttDelivery]] = {}
        for one in deliveries:
            assert isinstance(one, MqttDelivery)
            of_session.setdefault(one.session, []).append(one)
        for session, its in of_session.items():
            session.acknowledge(its)

    def look(self) -> None:
        """Take over places that have lost their store; hand one over to a store that waits."""
        if len(self._places) == 1 or time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        with contextlib.suppress(TargetBusy):
            shares = [place for place in self._sessions if place]
            if len(shares) > 1 and self._target.somebody_waits():
                self._hand_over(shares[-1])
                return
            for place in self._places:
                if place not in self._sessions:
                    self._consider(place)

    def _consider(self, place: int) -> None:
        if not self._target.claim(place):
            self._free_since.pop(place, None)
            return
        since = self._free_since.setdefault(place, time.monotonic())
        # place 0 has little to do, and nobody starts with it where others are free
        if time.monotonic() - since < FREE_S and place:
            self._target.release(place)
            return
        try:
            self._open(place)
        except Problem as problem:
            self._target.release(place)
            self._note(f"Place {place} cannot be taken over yet: {problem}")

    def _hand_over(self, place: int) -> None:
        """What it has delivered and is not committed comes again at the other store."""
        self._sessions.pop(place).__exit__()
        self._free_since.pop(place, None)
        self._target.release(place)
        self._note(f"Handed place {place} over.")

    def _open(self, place: int) -> None:
        base = self._target.session
        shared = f"$share/{base}/{ALL}"
        if self._sites:
            session = self._new(f"{base}-{place:08x}", [f"{ROOT}/{site}/#" for site in self._sites], (), self._arrived)
        elif place:
            session = self._new(f"{base}-{place}", [shared], (), self._arrived)
        elif len(self._places) > 1:
            session = self._new(base, list(UNSHARED), (ALL,), self._arrived)
        else:
            session = self._new(base, [ALL], UNSHARED, self._arrived)
        session.__enter__()
        self._sessions[place] = session
        self.where = session.where
        if len(self._places) > 1:
            self._note(f"Took place {place}.")


def free_place(target: Sink, places: list[int], note: Callable[[str], None]) -> int:
    """Reserve the first of these places that is free; wait for one as long as it takes."""
    waiting = False
    while (free := next((place for place in places if target.claim(place)), None)) is None:
        if not waiting:
            target.wait_for_place()
            waiting = True
            note("All places are taken; waiting for one.")
        time.sleep(LOOK_S / 2)
    if waiting:
        target.stop_waiting()
    return free


def _number(sites: list[str]) -> int:
    """The same for the same sites, and above the numbers of shares."""
    return zlib.crc32(" ".join(sites).encode()) % 2**30 + 2**30


def _for_another_place(delivery: MqttDelivery) -> bool:
    """Whether place 0 stores it: a shared subscription has everything."""
    if not delivery.session.filters[0].startswith("$share/"):
        return False
    return delivery.topic.count("/") == 4 and delivery.topic.endswith(("/state", "/info"))
