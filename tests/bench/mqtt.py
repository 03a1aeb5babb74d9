"""QoS 1 from the journal to PUBACK beside a bare socket loop and umqtt.simple, in turns, on one Mosquitto."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MICROPYTHON = Path(sys.executable).parent / "micropython"
ROUNDS = 5
COUNT = 4000
UMQTT_COUNT = 40  # it waits 40 ms for each

sys.path.insert(0, str(HERE.parent / "interop"))

import peers  # noqa: E402
from brokers import Mosquitto  # noqa: E402


def cores() -> tuple[set[int], set[int]] | None:
    """One for the broker and one for the node, as in the street; None where there are not two to choose.

    On one core both would hand over to each other without ever waiting, and the scheduler's choice of the moment
    would be what is measured.
    """
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return None
    first, second, *_ = sorted(os.sched_getaffinity(0))
    return {first}, {second}


def once(how: str, port: int, window: int, count: int, *more: str) -> dict:
    command = [MICROPYTHON, "-X", "heapsize=64M", HERE / "mqtt_node.py", how, str(port), str(window), str(count), *more]
    chosen = cores()
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=(lambda: os.sched_setaffinity(0, chosen[1])) if chosen else None,
    )
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"{how}, window {window}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure() -> dict:
    """{"window": {1: {...}, 16: {...}}, "umqtt": {...} or None}: medians, and ratios taken round by round."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder))
        broker.start()
        try:
            chosen = cores()
            if chosen and broker.process:
                os.sched_setaffinity(broker.process.pid, chosen[0])
            windows = {window: _window(broker.port, window) for window in (1, 16)}
            return {"window": windows, "umqtt": _umqtt(broker.port)}
        finally:
            broker.stop()


def _window(port: int, window: int) -> dict:
    bare, ours, fives = [], [], []
    for _ in range(ROUNDS):
        bare.append(once("bare", port, window, COUNT))
        ours.append(once("ours", port, window, COUNT))
        fives.append(once("five", port, window, COUNT))
    return {
        "bare_per_s": statistics.median(run["per_s"] for run in bare),
        "per_s": statistics.median(run["per_s"] for run in ours),
        "ratio": statistics.median(mine["per_s"] / limit["per_s"] for mine, limit in zip(ours, bare, strict=True)),
        "bare_allocated": statistics.median(run["allocated"] for run in bare),
        "allocated": statistics.median(run["allocated"] for run in ours),
        "five_per_s": statistics.median(run["per_s"] for run in fives),
        "five_ratio": statistics.median(
            mine["per_s"] / limit["per_s"] for mine, limit in zip(fives, bare, strict=True)
        ),
        "five_allocated": statistics.median(run["allocated"] for run in fives),
    }


def _umqtt(port: int) -> dict | None:
    folder = peers.umqtt()
    return once("umqtt", port, 1, UMQTT_COUNT, str(folder)) if folder else None


def table(figures: dict) -> str:
    rows = ["QoS 1, 220 bytes, from the journal to PUBACK    msg/s   of the bare loop   bytes allocated per publish"]
    for window, row in figures["window"].items():
        rows.append(f"  bare socket loop, window {window:<2}               {row['bare_per_s']:8,.0f}"
                    f"               1.00   {row['bare_allocated']:27.0f}")  # fmt: skip
        rows.append(f"  lamppost, window {window:<2}                       {row['per_s']:8,.0f}"
                    f"   {row['ratio']:16.2f}   {row['allocated']:27.0f}")  # fmt: skip
        rows.append(f"  lamppost, MQTT 5.0, window {window:<2}             {row['five_per_s']:8,.0f}"
                    f"   {row['five_ratio']:16.2f}   {row['five_allocated']:27.0f}")  # fmt: skip
    other = figures["umqtt"]
    if other:
        ratio = other["per_s"] / figures["window"][1]["bare_per_s"]
        rows.append(f"  umqtt.simple as it comes, window 1        {other['per_s']:8,.0f}   {ratio:16.4f}"
                    f"   {other['allocated']:27.0f}")  # fmt: skip
        times = figures["window"][1]["per_s"] / other["per_s"]
        rows.append(f"  lamppost at window 1 is {times:,.0f} times umqtt.simple")
    else:
        rows.append("  umqtt.simple is not measured: it could not be fetched (no network).")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table(measure()))
