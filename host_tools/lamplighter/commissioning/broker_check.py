"""Checks that a lamppost's telemetry arrives at its broker, over TLS and with its own certificate."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from ..contract import ROOT
from ..pki.city import City
from ..problems import BrokerRefused, ContractBroken, NotAtBroker
from ..roster.roster_file import Row
from ..telemetry.state import Seen, Telemetry
from ..telemetry.subscriber import Incoming, Subscriber

MORE_S = 3.0  # after what must be seen: readings come a little later than the first event


def address(row: Row, where: tuple[str, int] | None) -> tuple[str, int]:
    """The broker's address for this computer: the given one, or the lamppost's."""
    mqtt = row.document()["mqtt"]
    return where or (mqtt["host"], mqtt["port"])


class BrokerCheck:
    """`with BrokerCheck(name, host, port, ...) as check: check.wait(config, seconds)`; name -- SITE/NODE.

    It connects as the lamppost does, so that a certificate or an access list that would keep the lamppost out is
    found here. The laptop has its own client id: the lamppost's connection stays.
    Raises BrokerUnreachable or BrokerNotFound where nobody answers, BrokerRefused where somebody says no.
    """

    def __init__(
        self, name: str, host: str, port: int, secured: bool, city: City | None, user: str | None, password: str | None
    ) -> None:
        self.host, self.port, self.secured = host, port, secured
        access: dict[str, Any] = {"user": user, "password": password}
        if secured and city:
            access = {"tls": city.folder / "ca.pem", "identity": city.files("node", name)}
        self._subscriber = Subscriber(host, port, [f"{ROOT}/{name}/#"], timeout=6, **access)
        self._telemetry = Telemetry()
        self._name = name
        self._at_work = False
        self.seen: list[Seen] = []

    @classmethod
    def of_row(cls, row: Row, city: City | None, where: tuple[str, int] | None) -> BrokerCheck:
        """As the roster has it; where -- the broker's address for this laptop, if it is another."""
        mqtt = row.document()["mqtt"]
        user, password = mqtt.get("user"), _plain(mqtt.get("password"))
        return cls(row.name, *address(row, where), row.secured, city, user, password)

    def __enter__(self) -> BrokerCheck:
        self._subscriber.__enter__()
        return self

    def __exit__(self, *trouble: Any) -> None:
        self._subscriber.__exit__(*trouble)

    def kept(self, within: float = 1.0) -> dict[str, dict[str, Any]]:
        """The retained messages of the lamppost, by topic after SITE/NODE."""
        self._listen(within, lambda: False)
        return {one.place.suffix: one.message for one in self.seen if one.retained and one.place and not one.errors}

    def wait(self, config: str | None, seconds: float, at_work: bool = False) -> dict[str, Any]:
        """The proof for the record that the lamppost works: it is online, runs this configuration (None: any), and
        has sent a record from its journal. Raises NotAtBroker, ContractBroken.

        at_work -- it was not just started: its earlier, retained messages count too
        """
        self._at_work = at_work
        if not self._listen(seconds, lambda: self._proven(config)):
            raise NotAtBroker(self._lacking(config, seconds))
        self._listen(MORE_S, lambda: any(self._is_reading(one) and not one.retained for one in self.seen))
        wrong = [f"{one.topic}: {'; '.join(one.errors)}" for one in self.seen if one.errors]
        if wrong:
            raise ContractBroken(f"{len(wrong)} messages of the lamppost violate the contract.", details=wrong[:10])
        proof = self._numbered()
        assert proof and proof.place
        alarms = sorted({code for node in self._telemetry.nodes.values() for code in node.alarms})
        return {
            "host": self.host, "port": self.port, "tls": self.secured, "b": proof.message["b"], "s": proof.message["s"],
            "topics": sorted({one.place.suffix for one in self.seen if one.place and not one.retained}),
            "alarms": alarms,
        }  # fmt: skip

    def _listen(self, seconds: float, enough: Callable[[], bool]) -> bool:
        end = time.monotonic() + seconds
        while not enough():
            left = end - time.monotonic()
            if left <= 0:
                return False
            arrived = self._subscriber.next(min(left, 0.25))
            if isinstance(arrived, Incoming):
                self.seen.append(self._telemetry.take(arrived.topic, arrived.payload, arrived.retained))
        return True

    def _proven(self, config: str | None) -> bool:
        return bool(self._numbered()) and self._online() and config in (None, self._config())

    def _numbered(self) -> Seen | None:
        """A record of this start as it came out of the journal: a reading where there is one."""
        counted = [one for one in self.seen if one.verdict and one.message and not one.errors]
        boot = self._last("state").get("b")
        fresh = [one for one in counted if self._at_work or (not one.retained and one.message["b"] == boot)]
        return next((one for one in fresh if self._is_reading(one)), next(iter(fresh), None))

    @staticmethod
    def _is_reading(one: Seen) -> bool:
        return bool(one.place and one.place.suffix.startswith("tele/"))

    def _last(self, suffix: str) -> dict[str, Any]:
        found = [one.message for one in self.seen if one.place and one.place.suffix == suffix and one.message]
        return found[-1] if found else {}

    def _online(self) -> bool:
        return self._last("state").get("state") == "online"

    def _config(self) -> str:
        return self._last("info").get("config", "")

    def _lacking(self, config: str | None, seconds: float) -> str:
        if not self.seen:
            return f"No message of {self._name} arrived at {self.host}:{self.port} within {seconds:.0f} s."
        if not self._online():
            return f"{self._name} is not online at {self.host}:{self.port} after {seconds:.0f} s."
        if config not in (None, self._config()):
            return f"{self._name} runs configuration {self._config() or 'unknown'} at the broker, not {config}."
        return f"{self._name} is online, but sent no record within {seconds:.0f} s."


def _plain(secret: Any) -> str | None:
    """A password, also one that the environment holds."""
    import os

    return os.environ.get(secret["$env"]) if isinstance(secret, dict) else secret


@contextlib.contextmanager
def explained():
    """A broker that says no to this certificate says it to the lamppost too."""
    try:
        yield
    except BrokerRefused as trouble:
        if type(trouble) is BrokerRefused:
            trouble.remedy += " It must trust this city's CA: `lamplighter identity export`."
        raise
