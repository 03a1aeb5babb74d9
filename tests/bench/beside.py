"""The lamppost's link beside chumicro-mqtt from PyPI at its best window, in turns, on one Mosquitto."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import mqtt  # noqa: E402
import peers  # noqa: E402

NODE = Path(__file__).with_name("peers_node.py")
WINDOWS = (1, 4, 16, 32)
OURS = 16
ROUNDS = 3


def _chumicro(port: int, window: int, folder: Path) -> dict:
    chosen = mqtt.cores()
    done = subprocess.run(
        [mqtt.MICROPYTHON, "-X", "heapsize=64M", NODE, str(port), str(window), str(mqtt.COUNT), folder],
        capture_output=True, text=True, timeout=120,
        preexec_fn=(lambda: os.sched_setaffinity(0, chosen[1])) if chosen else None,
    )  # fmt: skip
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"chumicro-mqtt, window {window}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure() -> dict:
    """{"ours": {...}, "chumicro": {window: {...}}, "best": window, "ratio":}; chumicro is None without a network."""
    folder = peers.chumicro()
    if folder is None:
        return {"chumicro": None}
    with tempfile.TemporaryDirectory() as place:
        broker = mqtt.Mosquitto(Path(place))
        broker.start()
        try:
            chosen = mqtt.cores()
            if chosen and broker.process:
                os.sched_setaffinity(broker.process.pid, chosen[0])
            ours, theirs = [], {window: [] for window in WINDOWS}
            for _ in range(ROUNDS):
                ours.append(mqtt.once("ours", broker.port, OURS, mqtt.COUNT))
                for window in WINDOWS:
                    theirs[window].append(_chumicro(broker.port, window, folder))
        finally:
            broker.stop()
    figures = {window: _median(runs) for window, runs in theirs.items()}
    best = max(figures, key=lambda window: figures[window]["per_s"])
    ratio = statistics.median(a["per_s"] / b["per_s"] for a, b in zip(ours, theirs[best], strict=True))
    return {"ours": _median(ours), "chumicro": figures, "best": best, "ratio": ratio}


def _median(runs: list[dict]) -> dict:
    return {name: statistics.median(run[name] for run in runs) for name in ("per_s", "allocated")}


def table(figures: dict) -> str:
    if not figures["chumicro"]:
        return "chumicro-mqtt is not measured: it could not be fetched (no network)."
    rows = ["QoS 1, 220 bytes, until PUBACK                   msg/s   bytes allocated per publish"]
    ours = figures["ours"]
    named = {f"lamppost, from the journal, window {OURS}": ours}
    named |= {f"chumicro-mqtt, window {window}": row for window, row in figures["chumicro"].items()}
    rows += [f"  {name:<43}{row['per_s']:8,.0f}   {row['allocated']:27.0f}" for name, row in named.items()]
    rows.append(f"  lamppost is {figures['ratio']:.2f} times chumicro-mqtt at its best window, {figures['best']}")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table(measure()))
