"""Kills store, broker and database at random moments under load, and counts what is lost or there twice.

python tests/interop/store_crashes.py [--kills 200] [--source mqtt|nats|nats-cluster|kafka] [--rate 200]
`make crashes` runs it.

Each arrangement gets an equal part of the kills. A killed process is started again at once, and nothing waits for it:
the next kill may meet it while it starts. At the end everything published must be in the database once. The broker is
killed when it has saved what it acknowledged to the lampposts (see Street.saved), at any moment of its deliveries to
the store. Without that, Mosquitto loses what a store had received and not yet committed when both are killed within
that second. A NATS server is killed at any moment; the three of a cluster in turn, each away for up to three seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from brokers import Mosquitto
from clickhouse_process import ClickHouseProcess
from kafka_broker import KafkaBroker
from nats_cluster import NatsCluster
from nats_server import NatsServer
from postgres_cluster import PostgresCluster
from store_processes import SITES, StoreProcess, Street
from tool_process import ToolProcess

LAMPS = 20
PAUSE_S = 0.05, 1.2  # between two kills
AWAY_S = 0, 3  # a server of a cluster
SETTLE_S = 60  # without a new record: what is missing now does not come any more
# Mosquitto (2.0.11) does not keep shared subscriptions over its own restart: what arrives before the first store has
# subscribed again is acknowledged and dropped. So the broker of stores that share is left alone.
ARRANGEMENTS = {
    "DuckDB, one store": ("store", "broker"),
    "PostgreSQL, one store": ("store", "broker", "database"),
    "PostgreSQL, three by site": ("store", "broker", "database"),
    "PostgreSQL, three that share": ("store", "database"),
    "ClickHouse, one store": ("store", "broker", "database"),
    "ClickHouse, three by site": ("store", "broker", "database"),
}
OF_NATS = {
    "DuckDB, one store, NATS": ("store", "broker"),
    "PostgreSQL, three stores, NATS": ("store", "broker", "database"),
}
OF_CLUSTER = {
    "DuckDB, one store, three NATS": ("store", "broker"),
    "PostgreSQL, three stores, three NATS": ("store", "broker", "database"),
}
# the broker of Kafka's protocol keeps everything in memory, so it is left alone
OF_KAFKA = {
    "DuckDB, one store, Kafka": ("store", "bridge", "broker"),
    "PostgreSQL, three stores, Kafka": ("store", "bridge", "broker", "database"),
}
SOURCES = {"mqtt": ARRANGEMENTS, "nats": OF_NATS, "nats-cluster": OF_CLUSTER, "kafka": OF_KAFKA}
VICTIMS = ARRANGEMENTS | OF_NATS | OF_CLUSTER | OF_KAFKA


class Arrangement:
    """Broker, database, stores and the bridge to Kafka of one row of the table."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix="lamplighter-crashes-"))
        self.broker = _broker(name)(self.folder / "broker")
        self.broker.start()
        self.server = _server(name)
        self.kafka = KafkaBroker(self.folder / "kafka") if name in OF_KAFKA else None
        self.tools: list[ToolProcess] = []
        if isinstance(self.broker, Mosquitto):
            source = self.broker.port
            self.ports = [source]
        else:
            self.ports, source = self.broker.mqtt_ports, self.broker.source
        if self.kafka:
            self.kafka.start()
            source = self.kafka.source
            at = "--host", "127.0.0.1", "--port", str(self.ports[0])
            self._start(ToolProcess("bridge", "kafka", *at, "--to", self.kafka.where), "Forwarding")
        url = str(self.folder / "lamps.duckdb")
        if self.server:
            self.server.start()
            url = self.server.url()
        options: list[tuple[str, ...]] = [()]
        if name.endswith("by site"):
            options = [("--site", site) for site in SITES]
        elif name.endswith("that share"):
            options = [("--share", "3")] * 3
        elif "three stores" in name:
            options = [()] * 3
        self.stores = [StoreProcess(source, url, *more) for more in options]
        for store in self.stores:
            self._start(store, "Storing")
        self.kills: Counter[str] = Counter()

    def kill(self, victim: str, chance: random.Random, street: Street) -> None:
        self.kills[victim] += 1
        if victim == "broker":
            with street.saved() if isinstance(self.broker, Mosquitto) else contextlib.nullcontext():
                self.broker.kill()
            if isinstance(self.broker, NatsCluster):
                time.sleep(chance.uniform(*AWAY_S))
            self.broker.start()
        elif victim == "database":
            assert self.server
            self.server.kill()
            self.server.start()
        else:
            self.revive()
            others = [tool for tool in self.tools if tool not in self.stores]
            chance.choice(self.stores if victim == "store" else others).process.kill()

    def revive(self) -> None:
        """As systemd does, where one was killed, or found no broker when it started."""
        for tool in self.tools:
            if tool.ended():
                tool.start()
                self._drain(tool)

    def close(self) -> None:
        for tool in self.tools:
            if not tool.ended():
                tool.process.kill()
            tool.process.wait()
        if self.kafka:
            self.kafka.stop()
        self.broker.stop()
        if self.server:
            self.server.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, tool: ToolProcess, word: str) -> None:
        """Wait until it says the word."""
        self.tools.append(tool)
        tool.start()
        tool.says(word)
        self._drain(tool)

    @staticmethod
    def _drain(tool: ToolProcess) -> None:
        """Read what it says, so that it never waits for a reader."""
        stream = tool.process.stderr
        threading.Thread(target=lambda: [None for _ in stream], daemon=True).start()


def _broker(name: str) -> type[Mosquitto | NatsServer | NatsCluster]:
    if name in OF_CLUSTER:
        return NatsCluster
    return NatsServer if name in OF_NATS else Mosquitto


def _server(name: str) -> PostgresCluster | ClickHouseProcess | None:
    """Of the database, where it has one."""
    if name.startswith("PostgreSQL"):
        return PostgresCluster()
    return ClickHouseProcess() if name.startswith("ClickHouse") else None


def crash(name: str, kills: int, seed: int, pause_s: float) -> dict[str, Any]:
    """One row: what was killed, published, lost and doubled."""
    chance = random.Random(seed)
    place = Arrangement(name)
    try:
        street = Street(place.ports, LAMPS, 10**9, pause_s)
        street.start()
        began = time.monotonic()
        victims = VICTIMS[name]
        for _ in range(kills):
            time.sleep(chance.uniform(*PAUSE_S))
            assert street.is_alive(), "the street ended before the kills"
            place.kill(chance.choice(victims), chance, street)
            place.revive()
        street.stopped.set()
        street.join(SETTLE_S)
        assert not street.is_alive(), "the broker does not take what the street has"
        published = street.published
        took = time.monotonic() - began
        count, changed = 0, time.monotonic()
        while (found := _count(place)) < published and time.monotonic() - changed < SETTLE_S:
            if found != count:
                count, changed = found, time.monotonic()
            place.revive()
            time.sleep(0.5)
        settled = time.monotonic() - began - took
        code, found = place.stores[0].check()
        rows = place.stores[0].rows("SELECT node, s, imp_mwh FROM telemetry ORDER BY node, b, s")
    finally:
        place.close()
    distinct = {(node, s) for node, s, _ in rows}
    return {
        "name": name,
        "kills": dict(place.kills),
        "published": published,
        "lost": published - len(distinct),
        "double": len(rows) - len(distinct),
        # a start has no register; then it counts up by one a record, as it was published
        "out of order": sum(1 for _, s, register in rows if register != (s - 1 if s else None)),
        "check": code,
        "gaps": len(found["gaps"]),
        "seconds": took,
        "settled": settled,
        "seed": seed,
    }


def _count(place: Arrangement) -> int:
    with contextlib.suppress(Exception):  # a database that is still starting
        return place.stores[0].rows("SELECT count(*) FROM seen")[0][0]
    return 0


def table(rows: list[dict[str, Any]]) -> str:
    names = ("kills of store", "of bridge", "of broker", "of database", "records", "lost", "double", "out of order")
    names += ("complete",)
    lines = [f"{'':38}" + "".join(f"{name:>15}" for name in names)]
    for row in rows:
        cells = [row["kills"].get(victim, 0) for victim in ("store", "bridge", "broker", "database")]
        cells += [row["published"], row["lost"], row["double"], row["out of order"], "no" if row["check"] else "yes"]
        lines.append(f"{row['name']:38}" + "".join(f"{cell:>15}" for cell in cells) + f"   seed {row['seed']}")
    return "\n".join(lines)


def well(row: dict[str, Any]) -> bool:
    return not (row["lost"] or row["double"] or row["out of order"] or row["check"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", metavar="WORDS", help="the arrangements whose names begin so")
    parser.add_argument("--kills", type=int, default=200, help="in all")
    parser.add_argument("--rate", type=float, default=200, help="records a second")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--source", choices=SOURCES, default="mqtt")
    chosen = parser.parse_args()
    rows = []
    names = [name for name in SOURCES[chosen.source] if name.startswith(chosen.only)]
    for number, name in enumerate(names):
        share = chosen.kills // len(names) + (number < chosen.kills % len(names))
        rows.append(crash(name, share, chosen.seed + number, LAMPS / chosen.rate))
        print(f"{name}: {rows[-1]}", file=sys.stderr, flush=True)
    print(table(rows))
    return 0 if all(map(well, rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
