"""The counts of a tool for Prometheus: an endpoint that reads them when it is asked."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..problems import WebAddressRefused
from .state import Telemetry

if TYPE_CHECKING:
    from ..bridge.ngsi_ld.forwarding import Sent
    from ..store.ingest import Store

PORT = 9464
_REMEDY = "Name another address with --metrics ADDRESS:PORT; port 0 takes any that is free."
Metrics = Callable[[], Iterable[Any]]


@contextlib.contextmanager
def endpoint(listen: tuple[str, int], metrics: Metrics) -> Iterator[str]:
    """Serve /metrics as long as it is open; gives its address. Raises WebAddressRefused where the port is taken."""
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry()
    registry.register(_Collector(metrics))
    try:
        server, thread = start_http_server(listen[1], listen[0], registry)
    except OSError as error:
        raise WebAddressRefused(f"Cannot listen on {listen[0]}:{listen[1]}: {error.strerror}.", _REMEDY) from None
    try:
        host = f"[{listen[0]}]" if ":" in listen[0] else listen[0]
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Collector:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> list[Any]:
        """Nothing in advance: the names need no check against others of this registry."""
        return []

    def collect(self) -> Iterable[Any]:
        return self._metrics()


def of_store(store: Store, tool: str = "store") -> Iterable[Any]:
    """tool -- in the names: store, or bridge"""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    counts = store.counts
    for name, text in (
        ("records", "Records committed"),
        ("repeats", "Messages that had been written already"),
        ("rejected", "Messages that break the contract"),
        ("batches", "Commits"),
        ("interruptions", "Connections to the broker that were lost"),
    ):
        yield CounterMetricFamily(f"lamplighter_{tool}_{name}", f"{text}, since the start.", getattr(counts, name))
    if counts.last_commit is not None:
        text = "Time of the last commit; an hour ago means that nothing arrives, or that it cannot be written."
        yield GaugeMetricFamily(f"lamplighter_{tool}_last_commit_timestamp_seconds", text, counts.last_commit)
    text = f"1 while {store.what} takes nothing."
    yield GaugeMetricFamily(f"lamplighter_{tool}_waiting", text, int(counts.waiting))


def of_bridge(store: Store, sent: Sent) -> Iterable[Any]:
    from prometheus_client.core import CounterMetricFamily

    yield from of_store(store, "bridge")
    for name, text in (
        ("entities", "Entities written"),
        ("refused", "Entities that the context broker refused for good"),
        ("late", "Late values written to the history"),
        ("untimed", "Records without a time"),
    ):
        yield CounterMetricFamily(f"lamplighter_bridge_{name}", f"{text}, since the start.", getattr(sent, name))


def of_watch(telemetry: Telemetry) -> Iterable[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    nodes = list(telemetry.nodes.values())  # a copy: messages arrive meanwhile
    summary = telemetry.summary()
    for name, text in (
        ("messages", "Messages received"),
        ("invalid", "Messages that break the contract"),
        ("duplicates", "Numbers (b, s) that came twice"),
        ("interruptions", "Connections to the broker that were lost"),
    ):
        yield CounterMetricFamily(f"lamplighter_watch_{name}", f"{text}, since the start.", summary[name])
    yield GaugeMetricFamily("lamplighter_watch_gaps", "Numbers (b, s) that are missing now.", summary["gaps"])
    text = "Lampposts by their last state."
    states = GaugeMetricFamily("lamplighter_watch_lampposts", text, labels=["site", "state"])
    for labels, count in sorted(Counter((node.site, node.state) for node in nodes).items()):
        states.add_metric(labels, count)
    yield states
    alarms = GaugeMetricFamily("lamplighter_watch_alarms", "Alarms that are on, by code.", labels=["site", "code"])
    on = Counter((node.site, code) for node in nodes for code in list(node.alarms))
    for labels, count in sorted(on.items()):
        alarms.add_metric(labels, count)
    yield alarms
