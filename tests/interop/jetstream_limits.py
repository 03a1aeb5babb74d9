"""How many records a NATS server acknowledges when its store is full, and how many of them it keeps.

python tests/interop/jetstream_limits.py [--records 4000]. A lamppost publishes by MQTT while no store runs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from lamplighter.store.sources import origin
from lamplighter.store.sources.jetstream import GATEWAY
from nats_server import NatsServer
from publisher import Lamp
from store_processes import Link

SIZE = 400_000
QUIET_S = 3  # without another acknowledgement: none comes
CASES = {
    f"max_file: {SIZE} of the server": (f", max_file: {SIZE}", {}),
    f"max_bytes: {SIZE}, discard: new": ("", {"max_bytes": SIZE, "discard": "new"}),
    f"max_bytes: {SIZE}, discard: old": ("", {"max_bytes": SIZE, "discard": "old"}),
}


async def limit(server: NatsServer, limits: dict[str, Any]) -> int:
    """Set them on the gateway's stream; the number of messages in it."""
    import nats

    client = await nats.connect(server.source)
    try:
        stream = client.jetstream()
        found = await stream.stream_info(GATEWAY)
        if limits:
            await stream.update_stream(found.config, **limits)
        return found.state.messages
    finally:
        await client.close()


def measure(folder: Path, records: int, limits: str, of_stream: dict[str, Any]) -> tuple[int, int]:
    """(acknowledged, in the stream)"""
    server = NatsServer(folder, limits=limits)
    server.start()
    try:
        # the stream, and a consumer that keeps what comes
        source = origin.source(origin.parse(server.source), "store", print, None, None, False, None)
        with contextlib.closing(source):
            source.start()
        asyncio.run(limit(server, of_stream))
        link, lamp = Link("street", server.mqtt_port), Lamp()
        link.client.loop_start()
        for _ in range(records):
            link.publish(*lamp.energy())
        seen, since = -1, time.monotonic()
        while link.acknowledged < records and time.monotonic() - since < QUIET_S:
            if link.acknowledged != seen:
                seen, since = link.acknowledged, time.monotonic()
            time.sleep(0.05)
        acknowledged = link.acknowledged
        link.client.loop_stop()
        return acknowledged, asyncio.run(limit(server, {}))
    finally:
        server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=4000)
    records = parser.parse_args().records
    print(f"{'':36}{'published':>12}{'acknowledged':>14}{'in the stream':>15}")
    for name, limits in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            acknowledged, kept = measure(Path(folder), records, *limits)
        print(f"{name:36}{records:12}{acknowledged:14}{kept:15}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
