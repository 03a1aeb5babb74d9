"""A city comes back at dusk: 10,000 lampposts send 96 records each, which three stores take into one PostgreSQL.

python tests/bench/store_dusk.py [--lamps 10000] [--records 96] [--stores 3]

The lampposts are one publisher that sends as fast as Mosquitto takes it: no node's own pace or connection is in this.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from store import Broker, StoreRun, cpu_s, memory_mb, place  # noqa: E402
from store_feed import Feed, messages  # noqa: E402
from store_processes import StoreProcess  # noqa: E402


def dusk(lamps: int, records: int, stores: int) -> dict[str, Any]:
    with place("postgresql") as (folder, url, cluster), contextlib.ExitStack() as ends:
        assert cluster
        broker = Broker(folder)
        ends.callback(broker.close)
        runs = []
        for _ in range(stores):
            runs.append(StoreRun(broker.port, url, "--share", str(stores)))
            ends.callback(runs[-1].close)
        total = lamps * records
        began = time.monotonic()
        feed = Feed(broker.port, messages(lamps, total), lambda: total, total)
        feed.start()
        published = None
        while (done := sum(run.committed for run in runs)) < total:
            assert all(run.process.poll() is None for run in runs), "a store ended"
            if published is None and not feed.is_alive():
                published = time.monotonic() - began
            print(f"{time.monotonic() - began:5.0f} s: {done} of {total}", file=sys.stderr, end="\r", flush=True)
            time.sleep(1)
        seconds = time.monotonic() - began
        code, found = StoreProcess(broker.port, url).check()
        return {
            "records": total,
            "seconds": seconds,
            "published_after": published,
            "stored": found["records"],
            "gaps": len(found["gaps"]),
            "duplicates": found["duplicates"],
            "complete": code == 0,
            "by_store": [run.committed for run in runs],
            "memory_mb": [round(memory_mb(run.process.pid)) for run in runs],
            "cpu_s": [round(cpu_s(run.process.pid)) for run in runs],
            "broker_cpu_s": round(cpu_s(broker.process.pid)),
            "database_cpu_s": round(cpu_s(cluster.pid or 0)),
            "load_average": os.getloadavg()[0],
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lamps", type=int, default=10_000)
    parser.add_argument("--records", type=int, default=96)
    parser.add_argument("--stores", type=int, default=3)
    chosen = parser.parse_args()
    print(json.dumps(dusk(chosen.lamps, chosen.records, chosen.stores), indent=1))
