"""Nights of one lamppost in fast time, and what its subscriber can prove of them.

It stands under power from dusk to dawn. For some nights the broker is out of reach; on others it is killed and started
again, or the time servers step. Every record must come, every whole quarter of an hour be there once, and the heap be
no smaller at dawn than it was in the evening.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "powercut"))

import readymade  # noqa: E402
from lamplighter.boards import board_file  # noqa: E402
from lamplighter.virtual.lamppost import VirtualLamppost  # noqa: E402
from proof import Proof  # noqa: E402
from weather import Mosquitto, Subscriber  # noqa: E402

WINDOW_S = 900
DUSK = datetime(2026, 6, 1, 18, 0, tzinfo=UTC)
TOPIC = "lamppost/v1/soak/lp-0001"
GROWN = 3072  # bytes that may come and go between two looks at the heap
PATIENCE_S = 120  # real: without any progress of virtual time
SENSING = {  # parts are asked less often than by default: a night in a third of a minute
    "energy": {"part": "meter", "window_s": WINDOW_S, "every_ms": 10000},
    "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 10000}],
    "air": {"parts": ["dust", "climate"], "window_s": 1800, "every_ms": 60000},
}


@dataclass
class Night:
    """From power on to power off; seconds since the scenario began."""

    on: float
    off: float
    kind: str = "plain"
    at: float = 0.0  # when the broker dies or the time servers step
    step_s: int = 0

    def stamps(self) -> set[int]:
        """Ends of the quarters that lie wholly inside, as seconds since the scenario began.

        The time is known a few seconds after power on; nights begin and end far enough from a quarter.
        """
        first = int(self.on + 60) // WINDOW_S + 2
        return {n * WINDOW_S for n in range(first, int(self.off) // WINDOW_S + 1)}


def plan(nights: int, hours: float, outage: tuple[int, int], chance: random.Random) -> list[Night]:
    """The nights, of which outage[0] .. outage[1] - 1 are without a broker."""
    planned = []
    for number in range(nights):
        dusk = number * 86400.0
        night = Night(dusk + chance.uniform(60, 720), dusk + hours * 3600 + chance.uniform(60, 720))
        night.at = chance.uniform(night.on + 600, night.off - 600)
        if outage[0] <= number < outage[1]:
            night.kind = "outage"
        elif number % 3 == 1:
            night.kind = "broker killed"
        elif number % 3 == 2:
            night.kind = "clock steps"
            night.step_s = chance.choice((-3600, -90, -2, 2, 75, 1800))
        planned.append(night)
    planned[0].on = 0.0
    return planned


def scenario(nights: list[Night], folder: Path) -> Path:
    """The nights as a scenario: the power goes at dawn and comes back at dusk, in virtual time to the microsecond."""
    rows = [f"start = {DUSK:%Y-%m-%dT%H:%M:%SZ}\n"]
    for night, following in zip(nights, [*nights[1:], None], strict=True):
        if following:
            dark = following.on - night.off
            rows.append(f'[[events]]\nat_s = {night.off:.3f}\ndo = "power_cut"\nfor_s = {dark:.3f}\n')
    away = [night for night in nights if night.kind == "outage"]
    if away:
        length = away[-1].off + 1 - away[0].on
        rows.append(f'[[events]]\nat_s = {away[0].on:.3f}\ndo = "refuse"\nfor_s = {length:.3f}\n')
    # a car that comes and goes, so that there are changes besides the hours
    for night in nights:
        for at in (night.on + 1500, (night.on + night.off) / 2):
            car = 'part = "bay-1"\nvalues = {mm = 1700}\nfor_s = 900\n'
            rows.append(f'[[events]]\nat_s = {at:.3f}\ndo = "values"\n{car}')
    path = folder / "soak.toml"
    path.write_text("\n".join(rows))
    return path


class Street:
    """One lamppost, its broker and its subscriber."""

    def __init__(self, nights: list[Night], folder: Path):
        self.broker = Mosquitto(folder / "broker")
        self.broker.start()
        self.subscriber = Subscriber(self.broker.port, qos=0)
        board = board_file.load("lamppost-esp32")
        self.lamp = VirtualLamppost(board, workdir=folder / "lamp", scenario=scenario(nights, folder), fast=True)
        self.lamp.network.hosts["broker.lan"] = ("127.0.0.1", self.broker.port)
        self.lamp.flash_image(readymade.flash(board, readymade.configuration(board, "soak", "lp-0001", **SENSING)))
        self.lamp.part("meter").set(watts=1200)
        self.lamp.start()

    def close(self) -> None:
        self.lamp.stop()
        self.subscriber.close()
        self.broker.stop()

    def now(self) -> float:
        """Seconds since the scenario began."""
        return (self.lamp.utc() - DUSK).total_seconds()

    def until(self, at: float) -> None:
        """Until virtual time has come to `at`."""
        last, since = self.now(), time.monotonic()
        while (now := self.now()) < at:
            if now != last:
                last, since = now, time.monotonic()
            assert time.monotonic() - since < PATIENCE_S, f"time stands still: {self.lamp.console.text[-600:]}"
            time.sleep(0.02)

    def kill_the_broker(self) -> None:
        """It dies, and comes back a moment later; the node cannot reach it before the subscriber has."""
        self.broker.kill()
        self.lamp.network.hosts["broker.lan"] = ("127.0.0.1", 1)
        end = time.monotonic() + 10
        while not self.subscriber.deaf() and time.monotonic() < end:
            time.sleep(0.01)
        self.broker.start()
        assert self.subscriber.listening(20)
        self.lamp.network.hosts["broker.lan"] = ("127.0.0.1", self.broker.port)


def soak(nights: int, hours: float, outage: tuple[int, int], seed: int = 1, tell=lambda text: None) -> dict[str, Any]:
    """Live through the nights; the figures, by night and all told."""
    planned = plan(nights, hours, outage, random.Random(seed))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        street = Street(planned, Path(folder))
        try:
            for number, night in enumerate(planned, 1):
                street.until(night.at)
                if night.kind == "broker killed":
                    street.kill_the_broker()
                elif night.kind == "clock steps":
                    street.lamp.network.time_error(night.step_s)
                street.until(night.off)
                street.lamp.network.time_error(0)
                tell(f"{number} of {nights} nights, {len(street.subscriber.messages)} messages")
            _peace(street)
            heard = list(street.subscriber.messages)
            said = street.lamp.console.text
        finally:
            street.close()
    return {**_judge(planned, heard, said), "seconds": time.monotonic() - began, "nights": nights}


def _peace(street: Street) -> None:
    """One more start, on which everything is told that may still be inside; it ends when a fresh record is there."""
    boots = street.lamp.boots
    street.lamp.power_off()
    street.lamp.power_on()
    assert street.lamp.boots == boots + 1

    def fresh(messages: list) -> bool:
        proof = Proof(messages[-300:], TOPIC)
        return any(b == boots + 1 and m["h"] == 0 for (b, _), m in proof.energy.items())

    street.subscriber.wait(fresh, PATIENCE_S)


def _judge(planned: list[Night], heard: list, said: str) -> dict[str, Any]:
    proof = Proof(heard, TOPIC)
    missing, unnamed = proof.missing(), proof.unnamed()
    notes = [f"missing {missing[:9]}"] * bool(missing) + [f"unnamed boots {unnamed[:9]}"] * bool(unnamed)
    notes += proof.complaints[:5]
    if "Traceback" in said or "internal" in said:
        notes.append(said[said.index("Traceback" if "Traceback" in said else "internal") :][:500])
    rows = []
    free = _heap(heard)
    for boot, night in enumerate(planned, 1):
        energy = [m for (b, _), m in sorted(proof.energy.items()) if b == boot]
        stamps = [round((datetime.fromisoformat(m["ts"]) - DUSK) / timedelta(seconds=1))
                  for m in energy if m["ts"] and m["window_s"] == WINDOW_S]  # fmt: skip
        wanted = night.stamps() if night.kind != "clock steps" else set()
        lost, more = wanted - set(stamps), len(stamps) - len(set(stamps))
        if lost:
            notes.append(f"boot {boot} ({night.kind}): no quarter ended at {sorted(lost)[:5]}")
        if more and night.kind != "clock steps":
            notes.append(f"boot {boot} ({night.kind}): {more} quarters twice")
        grown = max(0, free[boot][1] - min(free[boot][2:])) if len(free.get(boot, ())) > 2 else 0
        if grown > GROWN:
            notes.append(f"boot {boot}: the heap lost {grown} bytes: {free[boot]}")
        rows.append({
            "kind": night.kind, "records": len(proof.seen.get(boot, ())), "quarters": len(wanted & set(stamps)),
            "held": sum(m["h"] for m in energy), "heap_free": min(free.get(boot, [0])), "grown": grown,
        })  # fmt: skip
    return {
        "rows": rows, "records": proof.records, "gaps": max(len(missing), proof.told_gaps) + len(unnamed),
        "backwards": proof.backwards(), "invalid": proof.invalid, "duplicates": proof.duplicates,
        "disordered": proof.disordered, "boots": proof.last_boot, "overflowed": "journalOverflow" in proof.alarms,
        "notes": notes,
    }  # fmt: skip


def _heap(heard: list) -> dict[int, list[int]]:
    """Free heap as told each hour, by boot."""
    free: dict[int, list[int]] = {}
    for topic, payload, _ in heard:
        if topic == TOPIC + "/diag":
            message = json.loads(payload)
            free.setdefault(message["b"], []).append(message["heap_free"])
    return free


def good(figures: dict[str, Any]) -> bool:
    zeros = ("gaps", "backwards", "invalid", "disordered", "overflowed")
    return not any(figures[name] for name in zeros) and not figures["notes"]


def table(figures: dict[str, Any]) -> str:
    """A line for nights of one kind that follow each other."""
    rows = ["nights   what                    records  whole quarters  came later  least free heap  lost in a night"]
    nights = figures["rows"]
    first = 0
    for last, row in enumerate(nights):
        together = last + 1 < len(nights) and (row["kind"] == "outage") == (nights[last + 1]["kind"] == "outage")
        if together and last - first < 6:
            continue
        group = nights[first : last + 1]
        kinds = ", ".join(dict.fromkeys(one["kind"] for one in group))
        heap = [one["heap_free"] for one in group if one["heap_free"]]
        rows.append(
            f"{first + 1:>2}..{last + 1:<3} {kinds:<36.36} {sum(r['records'] for r in group):>6,}"
            f" {sum(r['quarters'] for r in group):>10} {sum(r['held'] for r in group):>11}"
            f" {min(heap) if heap else '-':>15} {max(r['grown'] for r in group):>10}"
        )
        first = last + 1
    rows += [f"  {note}" for note in figures["notes"][:20]]
    rows.append(
        "{boots} boots, {duplicates} records again by key, {disordered} out of order, {backwards} registers backwards,"
        " {seconds:.0f} s".format(**figures)
    )
    rows.append("soak: {nights} days, {records} records, {gaps} gaps, {invalid} invalid".format(**figures))
    return "\n".join(rows)
