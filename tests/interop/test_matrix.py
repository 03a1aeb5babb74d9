"""The short form of the matrix: Mosquitto with the settings of the page, and the demo's broker. All: make interop."""

from __future__ import annotations

import pytest
from checks import CHECKS
from contenders import Iotcore, Mosquitto
from pitch import Ground

CHECK = {check.name: check for check in CHECKS}
# test_mosquitto.py asks the rest, of a Mosquitto without users
OF_THE_SETTINGS = [
    "drains_in_order", "refuses_an_impostor", "keeps_nodes_apart", "keeps_for_the_absent", "keeps_over_a_kill"
]  # fmt: skip
OF_THE_DEMO = [
    "connects", "drains_in_order", "retains", "leaves_its_will", "commands", "wraps", "keeps_for_the_absent",
    "survives_a_killed_broker",
]  # fmt: skip


def outcomes(broker, name):
    check = CHECK[name]
    with Ground(broker, check.node) as ground:
        return [outcome.holds for outcome in check.run(ground)]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """running(contender) -> a broker, started once for this file."""
    started = {}

    def start(contender):
        if contender not in started:
            broker = started[contender] = contender(tmp_path_factory.mktemp("matrix") / contender.__name__)
            broker.start()
        return started[contender]

    yield start
    for broker in started.values():
        broker.stop()


@pytest.mark.parametrize("name", OF_THE_SETTINGS)
def test_mosquitto_with_the_settings_of_the_page(running, name):
    assert all(outcomes(running(Mosquitto), name))


@pytest.mark.parametrize("name", OF_THE_DEMO)
def test_the_brokers_of_the_demo(running, name):
    holds = outcomes(running(Iotcore), name)
    if name == "survives_a_killed_broker":
        holds = holds[:1]  # what it acknowledged it forgets: that is said on the page
    assert all(holds)


class Careless(Mosquitto):
    """Without the lines that keep what was acknowledged and keep lampposts apart."""

    def prepare(self):
        super().prepare()
        told = (self.folder / "mosquitto.conf").read_text()
        kept = [line for line in told.splitlines() if not line.startswith(("autosave", "acl_file"))]
        (self.folder / "mosquitto.conf").write_text("\n".join(kept) + "\n")


@pytest.mark.parametrize("name", ["keeps_nodes_apart", "keeps_over_a_kill"])
def test_a_careless_broker_is_found_out(running, name):
    assert outcomes(running(Careless), name) == [False]
