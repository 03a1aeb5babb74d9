"""How fast `lamplighter store` takes records from NATS JetStream and from Kafka, and what CPU time each costs it.

python tests/bench/store_sources.py [--records N]. The records are there before the store starts. The broker of Kafka's
protocol is the one of the tests, which keeps everything in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from kafka_broker import KafkaBroker, find_kafka  # noqa: E402
from nats_server import NatsServer, find_nats  # noqa: E402
from store import StoreRun, cpu_s  # noqa: E402
from store_feed import messages  # noqa: E402

LAMPS = 1000
STREAM = "LAMPPOST"


async def fill_nats(server: NatsServer, records: int) -> None:
    import nats

    client = await nats.connect(server.source)
    stream = client.jetstream()
    await stream.add_stream(name=STREAM, subjects=["lamppost.v1.>"])
    for topic, payload in messages(LAMPS, records):
        await stream.publish_async(topic.replace("/", "."), payload)
    await stream.publish_async_completed()
    await client.close()


async def fill_kafka(broker: KafkaBroker, records: int) -> None:
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(bootstrap_servers=broker.where, acks="all", linger_ms=5)
    await producer.start()
    for topic, payload in messages(LAMPS, records):
        key = "/".join(topic.split("/")[2:4]).encode()
        await producer.send(broker.topic, payload, key, headers=[("topic", topic.encode())])
    await producer.flush()
    await producer.stop()


def take(source: str, folder: Path, records: int) -> str:
    """What the store needed for the second half of the records: the first one has its start in it."""
    store = StoreRun(source, str(folder / "lamps.duckdb"))
    try:
        while store.committed < records / 2:
            time.sleep(0.05)
        first, began, cpu = store.committed, time.monotonic(), cpu_s(store.process.pid)
        while store.committed < records:
            assert store.process.poll() is None, "the store ended"
            time.sleep(0.05)
        done, took = records - first, time.monotonic() - began
        spent = (cpu_s(store.process.pid) - cpu) / done * 1e6
    finally:
        store.close()
    return f"{done / took:8,.0f} records/s, {spent:5.0f} us of CPU a record"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=100_000)
    records = parser.parse_args().records
    print(f"{records:,} records into DuckDB; load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as place:
        for name, found, make, fill in (
            ("NATS", find_nats(), NatsServer, fill_nats), ("Kafka", find_kafka(), KafkaBroker, fill_kafka),
        ):  # fmt: skip
            if not found:
                print(f"{name}: its server is not installed")
                continue
            folder = Path(place) / name
            server = make(folder)
            server.start()
            try:
                asyncio.run(fill(server, records))
                source = f"{server.source}/{STREAM}" if name == "NATS" else server.source
                print(f"{name:6}", take(source, folder, records), flush=True)
            finally:
                server.stop()


if __name__ == "__main__":
    main()
