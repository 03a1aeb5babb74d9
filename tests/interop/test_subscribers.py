"""The subscribers of docs/integrate prove what was lost: run as they are printed, beside a real Mosquitto."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from generators import ROOT, node_or_skip, with_packages
from publisher import Lamp, Publisher

FOLDER = ROOT / "docs/integrate/subscribers"


@pytest.fixture(params=["python", "javascript"])
def prove(request, broker, tmp_path):
    """prove(message, ...) -> the subscriber's result once it has had these messages."""
    if request.param == "python":
        command = [sys.executable, FOLDER / "prove.py"]
    else:
        command = [node_or_skip(), with_packages(FOLDER / "prove.mjs", tmp_path)]

    def run(*messages):
        words = [*command, "127.0.0.1", str(broker.port), str(len(messages))]
        with (
            subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as one,
            Publisher(broker.port) as publisher,
        ):
            assert one.stdout
            try:
                assert one.stdout.readline() == "listening\n"
                publisher.send(*messages)
                return json.loads(one.communicate(timeout=20)[0])
            finally:
                one.kill()

    return run


def test_a_clean_street_has_nothing_missing(prove):
    lamp = Lamp()
    assert prove(lamp.started(), lamp.energy(), lamp.parking(), lamp.air()) == {"missing": [], "twice": 0}


def test_gaps_duplicates_and_an_alarm_that_overtook_are_told_apart(prove):
    lamp = Lamp(boot=3)
    found = prove(
        lamp.energy(0), lamp.alarm("supplyLoss", s=4), lamp.energy(1), lamp.energy(2), lamp.energy(2),
        # 3 is still missing when 5 comes; the next boot names 6 as the last of this one
        lamp.energy(5), Lamp(boot=4).started(last=(3, 6)),
    )  # fmt: skip
    assert found == {"missing": [["lp-0042", 3, 3], ["lp-0042", 3, 6]], "twice": 1}
