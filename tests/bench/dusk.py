"""`make dusk`: a whole street gets its power in one second, and the broker is restarted while it comes back.

Thousands of simulated lampposts (lamplighter.fleet: the firmware's own session, sender and turns) connect over TCP
to a Mosquitto of our own on loopback, with a night's records in each journal. Once without spread, once with it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

sys.path.insert(0, str(HERE.parent / "interop"))

from brokers import Mosquitto  # noqa: E402  # pyright: ignore[reportMissingImports]
from lamplighter.fleet import open_file_limit  # noqa: E402
from lamplighter.fleet.figures import milliseconds, peak  # noqa: E402
from lamplighter.fleet.simulated_street import SITE, SimulatedStreet  # noqa: E402

# what docs/reference/dusk.md and docs/integrate/brokers.md advise; `make dusk` runs on exactly these
SETTINGS = """
persistence true
autosave_on_changes true
autosave_interval {autosave}
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 0
set_tcp_nodelay true
"""
AUTOSAVE = 1000  # changes until what the broker keeps is written to disk
EVERY = 50  # the subscriber checks each so many messages against the contract
PATIENCE_S = 120  # beyond the windows, until all must be drained
REPORT = ROOT / "build" / "dusk.json"


class Broker(Mosquitto):
    """With the settings of a city, and what it cost."""

    def __init__(self, folder: Path, autosave: int = AUTOSAVE) -> None:
        super().__init__(folder)
        lines = [f"listener {self.port} {self.host}", "allow_anonymous true", f"persistence_location {folder}/"]
        if os.geteuid() == 0:
            lines.append("user root")
        self.config.write_text("\n".join(lines) + SETTINGS.format(autosave=autosave))
        self.cpu_s = 0.0
        self.memory_mb: float | None = None

    def _end(self, how: int) -> None:
        if self.process is None:
            return
        self._look_at_memory(self.process.pid)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.process.send_signal(how)
        self.process.wait(60)
        self.process = None
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_s += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def _look_at_memory(self, pid: int) -> None:
        status = Path(f"/proc/{pid}/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            self.memory_mb = max(self.memory_mb or 0, round(int(line.split()[1]) / 1024, 1))


@dataclass
class Evening:
    """What happens. restart_s -- when the broker goes away for outage_s, None: it stays; kill -- without a goodbye."""

    nodes: int
    spread_s: int = 60
    drain_spread_s: int = 60
    backlog: int = 96
    every_s: int = 15
    restart_s: float | None = None
    outage_s: float = 3.0
    kill: bool = False
    autosave: int = AUTOSAVE


class Reader:
    """The subscriber, a process of its own (dusk_reader.py)."""

    def __init__(self, port: int) -> None:
        asked = {"port": port, "topic": f"lamppost/v1/{SITE}/#", "every": EVERY}
        self._process = subprocess.Popen(
            [sys.executable, HERE / "dusk_reader.py", json.dumps(asked)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    async def said(self) -> dict:
        assert self._process.stdout
        line = await asyncio.to_thread(self._process.stdout.readline)
        if not line:
            raise RuntimeError("the subscriber of the dusk has ended")
        return json.loads(line)

    async def counts(self, ledger: Path) -> dict:
        assert self._process.stdin
        self._process.stdin.write(f"{ledger}\n")
        self._process.stdin.flush()
        return await self.said()

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait(10)
        self._process.stdout.close()


async def dusk(evening: Evening, folder: Path) -> dict:
    """One evening, and its figures."""
    broker = Broker(folder, evening.autosave)
    broker.start()
    try:
        reader = Reader(broker.port)
        try:
            await reader.said()
            return await _watched(evening, broker, reader, folder)
        finally:
            reader.close()
    finally:
        broker.stop()


async def _watched(evening: Evening, broker: Broker, reader: Reader, folder: Path) -> dict:
    spread = {"spread_s": evening.spread_s, "drain_spread_s": evening.drain_spread_s}
    mqtt = {"host": broker.host, "port": broker.port, **spread}
    city = SimulatedStreet(evening.nodes, mqtt, evening.backlog, evening.every_s)
    figures = city.figures
    busy = time.process_time()
    try:
        await city.power_on()
        restart = await _restart(evening, broker, city) if evening.restart_s is not None else None
        give_up = figures.age + evening.spread_s + evening.drain_spread_s + PATIENCE_S
        while (city.waiting or city.up < evening.nodes) and figures.age < give_up:
            await asyncio.sleep(0.05)
        drained = None if city.waiting else round(figures.age, 1)
        await city.stop_measuring()
        while city.waiting and figures.age < give_up:
            await asyncio.sleep(0.05)
        busy = time.process_time() - busy
        ledger = folder / "ledger.json"
        ledger.write_text(json.dumps(city.ledger()))
        counts = await reader.counts(ledger)
    finally:
        await city.power_off()
        broker.stop()
    first = [took for at, took in figures.connack if restart is None or at < restart["gone_s"]]
    return {
        **asdict(evening),
        "drained_s": drained,
        "connections_peak": peak(figures.attempts, 0, restart["gone_s"] - 1 if restart else float("inf")),
        "connack_p50_ms": milliseconds(first, 0.5),
        "connack_p99_ms": milliseconds(first, 0.99),
        "puback_p50_ms": milliseconds(figures.puback, 0.5),
        "puback_p99_ms": milliseconds(figures.puback, 0.99),
        "acknowledged": city.acknowledged,
        "faults": dict(figures.faults),
        "restart": restart,
        "broker_cpu_s": round(broker.cpu_s, 2),
        "broker_memory_mb": broker.memory_mb,
        "simulator_cpu_s": round(busy, 2),
        **counts,
    }


async def _restart(evening: Evening, broker: Broker, city: SimulatedStreet) -> dict:
    """Take the broker away and bring it back; what came of it is in the figures of all that follows."""
    figures = city.figures
    assert evening.restart_s is not None
    await asyncio.sleep(evening.restart_s)
    up, waiting = city.up, city.waiting
    gone = figures.age
    await asyncio.to_thread(broker.kill if evening.kill else broker.stop)
    await asyncio.sleep(evening.outage_s)
    await asyncio.to_thread(broker.start)
    back = figures.age
    while city.up < up and figures.age < back + PATIENCE_S:
        await asyncio.sleep(0.05)
    return {
        "gone_s": round(gone, 1),
        "back_s": round(back, 1),
        "sessions_lost": up,
        "waiting": waiting,
        "as_many_again_s": round(figures.age, 1),
        "attempts_peak": peak(figures.attempts, int(gone)),
        "accepted_peak": peak(figures.sessions, int(back)),
        "connack_p99_ms": milliseconds([took for at, took in figures.connack if at >= back], 0.99),
    }


ROWS = {
    "connections begun in one second, most": "connections_peak",
    "CONNACK p50, ms": "connack_p50_ms",
    "CONNACK p99, ms": "connack_p99_ms",
    "PUBACK p50, ms": "puback_p50_ms",
    "PUBACK p99, ms": "puback_p99_ms",
    "all connected and drained after, s": "drained_s",
    "broker's processor time, s": "broker_cpu_s",
    "broker's memory, MB": "broker_memory_mb",
    "records acknowledged": "acknowledged",
    "messages at the subscriber": "messages",
    "numbers missing": "missing",
    "gaps": "gaps",
    "duplicates by key": "duplicates",
    "checked against the contract": "checked",
    "of them invalid": "invalid",
}


def table(told: dict[str, dict]) -> str:
    names = list(told)
    lines = [f"{'':40}" + "".join(f"{name:>24}" for name in names)]
    lines += [f"{row:40}" + "".join(f"{told[name][key]!s:>24}" for name in names) for row, key in ROWS.items()]
    for name in names:
        if restart := told[name]["restart"]:
            lines.append(
                f"{name}: broker away from {restart['gone_s']} s to {restart['back_s']} s with "
                f"{restart['sessions_lost']} sessions, {restart['waiting']} records waiting; then at most "
                f"{restart['attempts_peak']} attempts and {restart['accepted_peak']} sessions in one second, CONNACK "
                f"p99 {restart['connack_p99_ms']} ms; as many sessions as before at {restart['as_many_again_s']} s"
            )
    return "\n".join(lines)


def sound(told: dict) -> bool:
    """Everything drained, nothing missing, nothing invalid."""
    wrong = ("missing", "gaps", "awaited", "unreadable", "invalid")
    return told["drained_s"] is not None and not any(told[key] for key in wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--backlog", type=int, default=96, help="records in each journal")
    parser.add_argument("--spread", type=int, default=60, help="mqtt.spread_s and mqtt.drain_spread_s")
    parser.add_argument("--autosave", type=int, default=AUTOSAVE, help="Mosquitto's autosave_interval, in changes")
    parser.add_argument("--kill", action="store_true", help="the broker is killed (-9) instead of stopped")
    options = parser.parse_args()
    limit = open_file_limit.allow(options.nodes)
    print(f"{options.nodes} simulated lampposts, {options.backlog} records in each journal; {limit} open files allowed")
    common = {"nodes": options.nodes, "backlog": options.backlog, "autosave": options.autosave}
    evenings = {
        "all at once": Evening(**common, spread_s=0, drain_spread_s=0),
        f"spread over {options.spread} s": Evening(
            **common, spread_s=options.spread, drain_spread_s=options.spread, restart_s=options.spread * 0.7,
            kill=options.kill,
        ),
    }  # fmt: skip
    told = {}
    for name, evening in evenings.items():
        print(f"{name} ...", flush=True)
        with tempfile.TemporaryDirectory(prefix="lamplighter-dusk-") as folder:
            told[name] = asyncio.run(dusk(evening, Path(folder)))
    print(table(told))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(told, indent=1))
    for one in told.values():
        for line in one["complaints"]:
            print(line)
    counted = ("messages", "gaps", "missing", "invalid", "checked", "duplicates")
    total = {key: sum(one[key] for one in told.values()) for key in counted}
    print(
        f"dusk: {options.nodes} nodes, {total['messages']} messages, {total['gaps']} gaps, {total['missing']} missing, "
        f"{total['invalid']} invalid of {total['checked']} checked, {total['duplicates']} duplicates by key"
    )
    return 0 if all(sound(one) for one in told.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
