"""`make web-test`: 2,000 lampposts at 200 messages a second in a real browser: milliseconds from message to pixel,
and memory over time. Prints a table, and writes build/web.json.

WEB_TEST="--minutes 60" takes an hour.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1] / "interop")]

from brokers import Mosquitto  # noqa: E402
from made_street import MadeStreet  # noqa: E402
from page_process import PageProcess  # noqa: E402
from probe_delays import delays  # noqa: E402
from real_browser import Browser  # noqa: E402

BUILD = Path(__file__).parents[2] / "build"
MEDIAN_MS = 100
GROWTH = 1.10  # of the heap and of elements, from the second quarter of the time to the last
PROBE_S = 0.25
# notes when a lamp's new colour was painted: after the frame that has it
OBSERVE = """
window.painted = [];
new MutationObserver(changes => {
  const lamps = changes.map(({target}) => [target.dataset.node, "lit" in target.dataset]);
  if (lamps.length) requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const at = performance.timeOrigin + performance.now();
      lamps.forEach(lamp => painted.push([...lamp, at]));
    };
    channel.port2.postMessage(0);
  });
}).observe(document.getElementById("plans"), {subtree: true, attributes: true, attributeFilter: ["data-lit"]});
"""


class Load(threading.Thread):
    """Messages of random lampposts at an even rate; a probe among them switches a lamp, and its moment is kept."""

    def __init__(self, street: MadeStreet, nodes: list[str], rate: float) -> None:
        super().__init__(daemon=True)
        self._street, self._nodes, self._rate = street, nodes, rate
        self._dice = random.Random(7)
        self._lit = dict.fromkeys(nodes[::4], True)
        self._lamps = itertools.cycle(self._lit)  # in turn: the same lamp only when it was surely painted
        self.probes: list[tuple[str, bool, float]] = []  # node, lit, Unix ms
        self.sent = 0
        self.ended = threading.Event()

    def run(self) -> None:
        began, probed = time.monotonic(), 0.0
        while not self.ended.is_set():
            behind = (time.monotonic() - began) * self._rate - self.sent
            if behind < 1:
                self.ended.wait((1 - behind) / self._rate)
                continue
            if time.monotonic() - probed >= PROBE_S:
                probed = time.monotonic()
                self._probe()
            else:
                self._ordinary()
            self.sent += 1

    def _probe(self) -> None:
        node = next(self._lamps)
        lit = self._lit[node] = not self._lit[node]
        self.probes.append((node, lit, time.time() * 1000))
        self._street.light(node, 5 if lit else 60)

    def _ordinary(self) -> None:
        node, dice = self._dice.choice(self._nodes), self._dice
        if dice.random() < 0.5:
            self._street.energy(node, dice.uniform(58, 92))
        else:
            self._street.air(node, dice.uniform(6, 19), dice.choice((1, 2, 2, 3)), dice.uniform(14, 17))


def resident_mb(pid: int) -> float:
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmRSS")) / 1024


def heap(browser: Browser) -> dict[str, float]:
    browser.cdp("HeapProfiler.collectGarbage")
    found = {row["name"]: row["value"] for row in browser.cdp("Performance.getMetrics")["metrics"]}
    return {"heap_mb": found["JSHeapUsedSize"] / 1e6, "dom_nodes": found["Nodes"]}


def received(page: PageProcess) -> int:
    return json.loads(page.get("/check")[1])["messages"]


class Scene(NamedTuple):
    """What is measured: a street on a broker of its own, the page of it, and the messages to come."""

    names: list[str]
    broker: Mosquitto
    street: MadeStreet
    page: PageProcess
    load: Load


@contextlib.contextmanager
def scene(nodes: int, rate: float) -> Iterator[Scene]:
    """Every lamppost has said everything once; the load is not started."""
    names = [f"lisbon/lp-{number:05d}" for number in range(1, nodes + 1)]
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder) / "broker", survives_kill=False)
        broker.start()
        street = MadeStreet(broker.port)
        page = PageProcess("--host", "127.0.0.1", "--port", str(broker.port))
        load = Load(street, names, rate)
        try:
            street.whole(names)
            yield Scene(names, broker, street, page, load)
        finally:
            load.ended.set()
            page.close()
            street.close()
            broker.stop()


def measured(nodes: int, rate: float, minutes: float) -> dict:
    with scene(nodes, rate) as (names, _, street, page, load):
        for node in names[::4]:
            street.light(node, 5)
            street.state(node, "online")
        with Browser() as browser:
            browser.open(page.address)
            browser.until(lambda: browser.count("[data-node]") == nodes, "all lampposts", 300)
            browser.until(lambda: received(page) >= street.sent, "all messages", 300)
            browser.cdp("Performance.enable")
            browser.run(OBSERVE)
            load.start()
            times, rows = watched(browser, load, page, minutes)
            complaints = browser.console()
            counts = json.loads(page.get("/check")[1])
    return {"nodes": nodes, "rate": rate, "minutes": minutes, "sent": load.sent, "received": counts["messages"],
            "gaps": counts["gaps"], "invalid": counts["invalid"], "console": complaints, "ms": sorted(times),
            "memory": rows}  # fmt: skip


def watched(browser: Browser, load: Load, page: PageProcess, minutes: float) -> tuple[list[float], list[dict]]:
    """(milliseconds of each probe, a row of memory each quarter of a minute)."""
    began = time.monotonic()
    times: list[float] = []
    rows: list[dict] = []
    while time.monotonic() - began < minutes * 60:
        time.sleep(15)
        found = delays(load.probes, browser.run("return painted.splice(0)"))
        times += found
        row = {"s": round(time.monotonic() - began), **heap(browser), "server_mb": resident_mb(page.process.pid),
               "median_ms": statistics.median(found) if found else None, "load": os.getloadavg()[0]}  # fmt: skip
        rows.append(row)
        said = f"{row['s']:5d} s  {len(found):3d} probes  median {row['median_ms'] or 0:6.1f} ms  browser's heap "
        print(f"{said}{row['heap_mb']:5.1f} MB  server {row['server_mb']:5.1f} MB  load {row['load']:.1f}", flush=True)
    return times, rows


def verdict(found: dict) -> list[str]:
    """What is not as it must be."""
    wrong = []
    ms, rows = found["ms"], found["memory"]
    if not ms:
        wrong.append("no lamp that was switched was seen on the page")
    elif statistics.median(ms) > MEDIAN_MS:
        wrong.append(f"the median from message to pixel is above {MEDIAN_MS} ms")
    quarter = max(1, len(rows) // 4)
    for what, slack in (("heap_mb", 1), ("dom_nodes", 100)):
        early = statistics.median(row[what] for row in rows[quarter : 2 * quarter] or rows)
        late = statistics.median(row[what] for row in rows[-quarter:])
        if late > early * GROWTH + slack:
            wrong.append(f"the browser's {what} grew from {early:.1f} to {late:.1f}")
    wrong += [f"{found[name]} {name}" for name in ("gaps", "invalid") if found[name]]
    return wrong + [f"console: {line}" for line in found["console"]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    found = measured(asked.nodes, asked.rate, asked.minutes)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "web.json").write_text(json.dumps(found))
    ms = found["ms"]
    rate = found["sent"] / (asked.minutes * 60)
    print(f"{found['nodes']} lampposts, {rate:.0f} messages/s, {asked.minutes:g} minutes")
    if len(ms) > 2:
        cuts = statistics.quantiles(ms, n=100)
        shares = ", ".join(f"{share} % within {cuts[share - 1]:.0f} ms" for share in (50, 95, 99))
        print(f"message to pixel, {len(ms)} probes: {shares}")
    first, last = found["memory"][0], found["memory"][-1]
    print(f"browser's heap: {first['heap_mb']:.1f} MB at the start, {last['heap_mb']:.1f} MB at the end; "
          f"server: {first['server_mb']:.0f} MB, {last['server_mb']:.0f} MB")  # fmt: skip
    rows = found["memory"][len(found["memory"]) // 4 :]  # when all has been drawn once
    if len(rows) > 2:
        slope = statistics.linear_regression([row["s"] / 3600 for row in rows], [row["heap_mb"] for row in rows]).slope
        print(f"slope of the browser's heap after the first quarter: {slope:+.2f} MB an hour")
    wrong = verdict(found)
    for line in wrong:
        print(f"FAIL {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
