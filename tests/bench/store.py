"""How fast `lamplighter store` takes records from the broker, beside what the database itself can load.

python tests/bench/store.py [--records N] [--to duckdb|postgresql|clickhouse] ; `make bench` runs it with the default.
With more records than that it also prints the store's memory on the way, and its slope.

Each database is fed through a Mosquitto of its own, which always has records waiting. Then the database loads the same
rows in bulk from its own file format, and a pipe from mosquitto_sub to psql takes the same messages unread. Of
ClickHouse it is the engine alone (chdb-core), without its server.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from brokers import free_port  # noqa: E402
from clickhouse_process import ClickHouseProcess, has_clickhouse  # noqa: E402
from lamplighter.pki.trial_broker import find_mosquitto  # noqa: E402
from postgres_cluster import PostgresCluster, find_postgres  # noqa: E402
from store_feed import Feed, messages  # noqa: E402

RECORDS = 200_000
LAMPS = 1000
AHEAD = 50_000  # records that wait at the broker
WARM = 0.2  # of the records are stored before the clock starts
READINGS = 40  # of the store's memory
_TICK = os.sysconf("SC_CLK_TCK")


class Broker:
    """Mosquitto as brokers.md advises for a large site: nothing dropped, saved at an interval, not at each change."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        lines = (
            f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence true",
            f"persistence_location {folder}/", "autosave_interval 1800", "max_queued_messages 0",
            "max_inflight_messages 0", *(["user root"] if os.geteuid() == 0 else []),
        )  # fmt: skip
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        program = find_mosquitto()
        assert program, "Mosquitto is missing: apt-get install mosquitto"
        with (folder / "mosquitto.log").open("wb") as log:
            self.process = subprocess.Popen([program, "-c", folder / "mosquitto.conf"], stdout=log, stderr=log)
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            assert time.monotonic() < end, "Mosquitto did not come up"
            time.sleep(0.05)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class StoreRun:
    """`lamplighter store` as a user runs it; committed, and (time, records) of each line."""

    def __init__(self, source: int | str, url: str, *more: str) -> None:
        """source -- an MQTT broker's port, or as --from takes it"""
        named = ["--from", source] if isinstance(source, str) else ["--host", "127.0.0.1", "--port", str(source)]
        command = [sys.executable, "-m", "lamplighter", "store", *named]
        self.process = subprocess.Popen(
            [*command, "--to", url, "--json", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr and self.process.stdout
        while not (line := self.process.stderr.readline()).startswith("Storing"):
            assert line, "the store did not start"
        self.committed = 0
        self.counts: dict[str, int] = {}
        said = self.process.stderr
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: [None for _ in said], daemon=True).start()  # it must never wait for a reader

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.counts = json.loads(line)
            self.committed = self.counts["records"]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def cpu_s(pid: int) -> float:
    """Of a process and its children so far."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return 0.0
    return sum(int(word) for word in words[11:15]) / _TICK + sum(cpu_s(int(child)) for child in children)


def memory_mb(pid: int) -> float:
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(rows["VmRSS"].split()[0]) / 1024


@contextlib.contextmanager
def place(kind: str) -> Iterator[tuple[Path, str, PostgresCluster | ClickHouseProcess | None]]:
    """(folder, URL, server) of an empty database with the durability that its makers ship."""
    folder = Path(tempfile.mkdtemp(prefix="lamplighter-store-bench-"))
    server = None
    try:
        if kind == "duckdb":
            yield folder, str(folder / "lamps.duckdb"), None
        else:
            settings = {"max_wal_size": "'8GB'", "shared_buffers": "'512MB'"}
            server = ClickHouseProcess() if kind == "clickhouse" else PostgresCluster(durable=True, settings=settings)
            server.start()
            yield folder, server.url(), server
    finally:
        if server:
            server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def run(kind: str, records: int, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    with place(kind) as (folder, url, server):
        broker = Broker(folder)
        store = StoreRun(broker.port, url)
        try:
            feed = Feed(broker.port, messages(LAMPS, records), lambda: store.committed, AHEAD)
            feed.start()
            pids = {"store": store.process.pid, "broker": broker.process.pid}
            if server and server.pid:
                pids["database"] = server.pid
            _until(lambda: store.committed >= WARM * records, store)
            began, first = time.monotonic(), store.committed
            cpu = {name: cpu_s(pid) for name, pid in pids.items()}
            memory = [(store.committed, memory_mb(pids["store"]))]
            while store.committed < records:
                _until(lambda: store.committed >= min(records, memory[-1][0] + records // READINGS), store)
                memory.append((store.committed, memory_mb(pids["store"])))
                took = time.monotonic() - began
                say(f"{kind} {took:5.0f} s: {store.committed:9,} of {records:,} records, store {memory[-1][1]:.1f} MB")
            seconds, done = time.monotonic() - began, store.committed - first
            spent = {name: (cpu_s(pid) - cpu[name]) / done * 1e6 for name, pid in pids.items()}
        finally:
            store.close()
            broker.close()
        return {
            "per_s": done / seconds,
            "cpu_us_per_record": spent,
            "memory_mb": [round(mb, 1) for _, mb in memory],
            "memory_mb_per_million": slope(memory) if records > RECORDS else None,
            "load_average": os.getloadavg()[0],
            "records": records,
            "bulk_per_s": _BULK[kind](folder, url, records),
        }


def slope(memory: list[tuple[int, float]]) -> float:
    """MB a million records of (records, MB), from the middle of the readings on."""
    late = memory[len(memory) // 2 :]
    return statistics.linear_regression([count / 1e6 for count, _ in late], [mb for _, mb in late]).slope


def _until(holds: Callable[[], bool], store: StoreRun) -> None:
    while not holds():
        assert store.process.poll() is None, "the store ended"
        time.sleep(0.05)


def bulk_duckdb(folder: Path, _url: str, records: int) -> float:
    """Records a second that DuckDB loads from its own copy of the table, in Parquet."""
    import duckdb

    with duckdb.connect(str(folder / "lamps.duckdb")) as connection:
        connection.execute(f"COPY record TO '{folder}/record.parquet'")
        connection.execute("CREATE TABLE again AS FROM record LIMIT 0")
        began = time.monotonic()
        connection.execute(f"COPY again FROM '{folder}/record.parquet'")
        connection.execute("CHECKPOINT")
        return records / (time.monotonic() - began)


def bulk_postgres(_folder: Path, url: str, records: int) -> float:
    """Records a second that COPY loads into tables with the same indexes."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection, tempfile.TemporaryFile() as file:
        parts = {}
        for table in ("record", "seen"):
            start = file.tell()
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                for piece in copy:
                    file.write(piece)
            parts[table] = start, file.tell()
            connection.execute(f"CREATE TABLE again_{table} (LIKE {table} INCLUDING ALL)")
        began = time.monotonic()
        with connection.transaction():
            for table, (start, end) in parts.items():
                file.seek(start)
                with connection.cursor().copy(f"COPY again_{table} FROM STDIN") as copy:
                    while (left := end - file.tell()) > 0:
                        copy.write(file.read(min(left, 1 << 17)))
        return records / (time.monotonic() - began)


def bulk_clickhouse(folder: Path, url: str, records: int) -> float:
    """Records a second that ClickHouse loads from its own copy of the table, in Parquet."""
    import clickhouse_connect

    client = clickhouse_connect.get_client(dsn=url, autogenerate_session_id=False)
    file = folder / "record.parquet"
    client.command(f"INSERT INTO FUNCTION file('{file}', 'Parquet') SELECT * FROM record")
    client.command("CREATE TABLE again AS record_copy")
    began = time.monotonic()
    client.command(f"INSERT INTO again SELECT * FROM file('{file}', 'Parquet')")
    return records / (time.monotonic() - began)


_BULK = {"duckdb": bulk_duckdb, "postgresql": bulk_postgres, "clickhouse": bulk_clickhouse}
_HERE = {"duckdb": lambda: True, "postgresql": find_postgres, "clickhouse": has_clickhouse}


def pipe(records: int) -> dict[str, float]:
    """mosquitto_sub | psql: no check, no key, and what is in the pipe is lost with it."""
    with place("postgresql") as (folder, url, cluster):
        assert isinstance(cluster, PostgresCluster)
        broker = Broker(folder)
        cluster.execute("CREATE TABLE raw (topic text, body text)")
        words = ["-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", "lamppost/v1/#", "-C", str(records)]
        with subprocess.Popen(["mosquitto_sub", *words, "-F", "%t\t%p"], stdout=subprocess.PIPE) as sub:
            copy = subprocess.Popen(["psql", "-q", url, "-c", "COPY raw FROM STDIN"], stdin=sub.stdout)
            time.sleep(1)  # until it has subscribed; the clock starts at the first message
            began = time.monotonic()
            feed = Feed(broker.port, messages(LAMPS, records), lambda: records, AHEAD)
            feed.start()
            copy.wait()
            seconds = time.monotonic() - began
        broker.close()
        return {"per_s": records / seconds}


def measure(records: int = RECORDS, kinds: tuple[str, ...] = tuple(_BULK)) -> dict[str, Any]:
    say = (lambda line: print(line, file=sys.stderr, flush=True)) if records > RECORDS else (lambda _: None)
    figures: dict[str, Any] = {kind: run(kind, records, say) for kind in kinds if _HERE[kind]()}
    if "postgresql" in figures:
        figures["mosquitto_sub | psql"] = pipe(min(records, RECORDS))
    return figures


def table(figures: dict[str, Any]) -> str:
    lines = ["store, broker to commit, one worker:"]
    for name, row in figures.items():
        line = f"  {name:21} {row['per_s']:9,.0f} records/s"
        if "bulk_per_s" in row:
            cpu = ", ".join(f"{who} {us:.0f}" for who, us in row["cpu_us_per_record"].items())
            line += (
                f"; {row['per_s'] / row['bulk_per_s']:.2f} of its own bulk load ({row['bulk_per_s']:,.0f}/s); "
                f"us of CPU a record: {cpu}; memory {row['memory_mb'][0]:.0f} to {row['memory_mb'][-1]:.0f} MB; "
                f"load {row['load_average']:.1f}"
            )
            if row["records"] > RECORDS:
                line += f"; slope in the second half {row['memory_mb_per_million']:+.2f} MB a million records"
        lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--to", choices=tuple(_BULK), action="append")
    chosen = parser.parse_args()
    print(table(measure(chosen.records, tuple(chosen.to or _BULK))))
