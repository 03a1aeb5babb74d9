"""What can befall the way to a broker, one thing after another: killed, frozen, blackholed, slow, refused."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from lamplighter.virtual.lamppost import VirtualLamppost

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from brokers import Mosquitto, Subscriber  # noqa: E402


class Weather:
    """Bad weather over some lampposts and their broker, until clear() is called.

    What is proven is about the nodes, so nothing may get lost behind the broker: the subscriber takes all at QoS 0, and
    after a kill no node reaches the broker before it. Mosquitto writes a message to who is subscribed before it
    acknowledges it, and what it wrote outlives it; what it keeps for who is away, it may lose with its life.
    """

    KINDS = ("killed", "killed", "killed", "frozen", "blackholed", "slow", "refused", "fair")

    def __init__(self, broker: Mosquitto, subscriber: Subscriber, lamps: list[VirtualLamppost], seed: int):
        self.seen: Counter[str] = Counter()
        self.trouble: BaseException | None = None
        self._broker, self._subscriber, self._lamps = broker, subscriber, lamps
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._blow, name="weather", daemon=True)
        self._thread.start()

    def clear(self) -> None:
        """The sun comes out: everything is as it should be when this returns."""
        self._over.set()
        self._thread.join(60)
        if self.trouble is not None:
            raise self.trouble

    def _blow(self) -> None:
        try:
            while not self._over.is_set():
                kind = self._chance.choice(self.KINDS)
                self.seen[kind] += 1
                getattr(self, "_" + kind)()
                self._over.wait(self._chance.uniform(0.1, 0.5))
        except BaseException as error:  # noqa: BLE001 -- told by clear(), in the thread that can act on it
            self.trouble = error

    def _last(self) -> None:
        self._over.wait(self._chance.uniform(0.2, 1.5))

    def _fair(self) -> None:
        self._last()

    def _killed(self) -> None:
        self._broker.kill()
        self._refuse(True)
        self._last()
        end = time.monotonic() + 20
        while not self._subscriber.deaf():
            assert time.monotonic() < end, "the subscriber has not heard of the broker's death"
            time.sleep(0.01)
        self._broker.start()
        assert self._subscriber.listening(20), "the subscriber does not come back"
        self._refuse(False)

    def _refuse(self, on: bool) -> None:
        for lamp in self._lamps:
            lamp.network.refuse(on)

    def _frozen(self) -> None:
        """Half open: the broker's machine answers, the broker does not."""
        process = self._broker.process
        assert process
        process.send_signal(signal.SIGSTOP)
        self._last()
        process.send_signal(signal.SIGCONT)

    def _blackholed(self) -> None:
        for lamp in self._lamps:
            lamp.network.blackhole(True)
        self._last()
        for lamp in self._lamps:
            lamp.network.blackhole(False)

    def _slow(self) -> None:
        for lamp in self._lamps:
            lamp.network.slow(self._chance.uniform(0.01, 0.2))
        self._last()
        for lamp in self._lamps:
            lamp.network.slow(0)

    def _refused(self) -> None:
        self._refuse(True)
        self._last()
        self._refuse(False)
