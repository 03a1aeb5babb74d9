"""A simulated street on a real Mosquitto: spread as the firmware does it, and nothing lost over a restart."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from dusk import Evening, dusk, sound  # noqa: E402  # pyright: ignore[reportMissingImports]
from lamplighter.fleet import open_file_limit  # noqa: E402
from lamplighter.problems import TooFewFiles  # noqa: E402


def street(*words, timeout=30):
    command = [sys.executable, "-m", "lamplighter", "street", "--host", "127.0.0.1", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    asked = Evening(200, spread_s=4, drain_spread_s=2, backlog=60, every_s=2, restart_s=2.5, outage_s=0.3)
    return asyncio.run(dusk(asked, tmp_path_factory.mktemp("dusk")))


def test_two_hundred_that_power_on_together_while_the_broker_restarts_lose_nothing(evening):
    assert sound(evening), evening
    assert evening["nodes"] == 200
    # the night's records, evt/boot, and of each fortieth an alarm that came and went
    assert evening["acknowledged"] >= 200 * 61 + 2 * 5
    assert evening["restart"]["sessions_lost"] > 60
    assert evening["messages"] >= evening["acknowledged"]
    assert evening["checked"] > 100


def test_they_come_one_after_the_other(evening):
    # 50 a second on average
    assert evening["connections_peak"] <= 80
    assert evening["faults"].keys() <= {"closed", "refused"}


def test_the_subscriber_of_the_dusk_finds_out_what_is_missing_and_what_comes_twice():
    from dusk_reader import Reader  # pyright: ignore[reportMissingImports]

    async def listen():
        reader = Reader("#", 1)
        head = b'{"v":1,"b":2,"s":%d,"ts":"2026-11-22T12:45:00Z","tq":3,"h":0,'
        for s in (0, 1, 1, 4, 5):
            reader.message("lamppost/v1/simulated/lp-1/tele/air", head % s + b'"pm1":1}', False)
        return reader

    reader = asyncio.run(listen())
    counts = reader.counts({"lp-1": {"2": 7}})
    assert (counts["gaps"], counts["missing"], counts["duplicates"]) == (2, 4, 1)
    assert counts["invalid"] == counts["checked"] == 5
    assert not sound({**counts, "drained_s": 1.0})


def test_the_command_puts_simulated_lampposts_on_a_broker_and_says_so(broker, subscriber):
    figures = ("--nodes", "20", "--spread", "1", "--every", "1", "--seconds", "3")
    done = street("--port", str(broker.port), *figures, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["simulated"] and told["connected"] == 20 and told["sessions"] == 20
    assert "20 simulated lampposts" in done.stderr
    topics = Counter(topic.split("/", 4)[4] for topic, _, _ in subscriber.messages)
    assert topics["evt/boot"] == 20 and topics["info"] == 20
    assert {topic.split("/")[2] for topic, _, _ in subscriber.messages} == {"simulated"}


def test_a_street_on_no_broker_is_told_before_anything_starts(broker):
    port = broker.port
    broker.stop()
    done = street("--port", str(port), "--nodes", "20")
    assert done.returncode == 50
    assert "simulated lampposts" not in done.stderr


def test_too_many_for_the_system_is_told_with_the_number_that_is_needed():
    with pytest.raises(TooFewFiles, match="^2000000000 connections need 2000000064 open files"):
        open_file_limit.allow(2_000_000_000)
