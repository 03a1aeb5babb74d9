"""The counts of `store` and `watch` as Prometheus reads them."""

import contextlib
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from brokers import free_port
from context_broker import ContextBroker
from lamplighter.problems import WebAddressRefused
from lamplighter.telemetry import metrics
from lamplighter.telemetry.state import Telemetry
from prometheus_client.parser import text_string_to_metric_families
from publisher import Lamp, Publisher

LAMPLIGHTER = Path(sys.executable).with_name("lamplighter")


@contextlib.contextmanager
def running(*words):
    """The address of the metrics of a tool that runs."""
    process = subprocess.Popen([LAMPLIGHTER, *map(str, words), "--metrics", "127.0.0.1:0"], text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    try:
        said = ""
        while not (found := re.search(r"Metrics: (http://\S+)", said)):
            line = process.stderr.readline()
            assert line, f"it ended: {said}"
            said += line
        yield found[1]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def samples(address):
    """{(name, sorted values of its labels): value}"""
    with urllib.request.urlopen(address, timeout=20) as answer:
        text = answer.read().decode()
    return {
        (one.name, tuple(sorted(one.labels.values()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def awaited(address, name, value, labels=()):
    end = time.monotonic() + 60
    while (found := samples(address)).get((name, labels)) != value:
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


def test_the_store_tells_what_it_committed_and_when(broker, tmp_path):
    lamp = Lamp()
    with running("store", "--host", "127.0.0.1", "--port", broker.port, "--to", tmp_path / "l.duckdb") as address, \
            Publisher(broker.port) as publisher:  # fmt: skip
        publisher.send(lamp.started(), lamp.energy(), ("lamppost/v1/lisbon/lp-0042/tele/energy", b"{}", False))
        found = awaited(address, "lamplighter_store_records_total", 2)
        awaited(address, "lamplighter_store_rejected_total", 1)
        assert found["lamplighter_store_last_commit_timestamp_seconds", ()] == pytest.approx(time.time(), abs=600)
        assert found["lamplighter_store_waiting", ()] == 0


def test_the_bridge_tells_what_it_sent(broker, tmp_path):
    target = ContextBroker()
    own = ["--to", target.url, "--ledger", tmp_path / "ledger.sqlite"]
    with running("bridge", "ngsi-ld", "--host", "127.0.0.1", "--port", broker.port, *own) as address, \
            Publisher(broker.port) as publisher:  # fmt: skip
        publisher.send(Lamp().energy())
        found = awaited(address, "lamplighter_bridge_entities_total", 2)
        assert found["lamplighter_bridge_refused_total", ()] == found["lamplighter_bridge_waiting", ()] == 0
    target.stop()


def test_watch_counts_lampposts_by_state_and_alarms_by_code(broker):
    lamp = Lamp()
    with running("watch", "--host", "127.0.0.1", "--port", broker.port, "--json") as address, \
            Publisher(broker.port) as publisher:  # fmt: skip
        publisher.send(lamp.state(), lamp.energy(0), lamp.energy(3), lamp.alarm("lampFailure", s=4))
        found = awaited(address, "lamplighter_watch_alarms", 1, ("lampFailure", "lisbon"))
        assert found["lamplighter_watch_lampposts", ("lisbon", "online")] == 1
        assert found["lamplighter_watch_gaps", ()] == 2


def test_a_port_that_is_taken_is_said_in_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
        with pytest.raises(WebAddressRefused, match="Cannot listen"), \
                metrics.endpoint(address, lambda: metrics.of_watch(Telemetry())):  # fmt: skip
            pass
    with metrics.endpoint(("127.0.0.1", free_port()), lambda: metrics.of_watch(Telemetry())) as url:
        assert samples(url)["lamplighter_watch_gaps", ()] == 0
