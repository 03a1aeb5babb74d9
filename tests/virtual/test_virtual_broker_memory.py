"""A broker that came back without its store: a lamppost gives it again all that it should have retained."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "interop"))

from brokers import Subscriber  # noqa: E402
from night_lamp import Lamp  # noqa: E402

EYE = {"id": "bay-1", "part": "tfmini", "bus": "parking"}
BAY = {"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 1000}
KEPT = {"state", "info", "tele/parking/1", "alarm/sensorFault-meter"}


@pytest.fixture
def lamp(tmp_path):
    one = Lamp(tmp_path, [EYE], parking=[BAY])
    one.node.part("meter").fault("silence")
    yield one
    one.close()


def retained(lamp: Lamp) -> set[str]:
    """What a subscriber finds that comes now."""
    late = Subscriber(lamp.broker.port)
    try:
        late.wait(lambda messages: {topic.split("/", 4)[4] for topic, _, kept in messages if kept} >= KEPT)
        return {topic.split("/", 4)[4] for topic, _, kept in late.messages if kept}
    finally:
        late.close()


def test_state_info_bay_and_alarm_are_there_again_after_the_broker_lost_its_store(lamp):
    lamp.node.start()
    lamp.wait("alarm/sensorFault-meter")
    lamp.wait("tele/parking/1")
    before = len(lamp.said("tele/parking/1")), len(lamp.said("alarm/sensorFault-meter"))
    lamp.broker.stop()
    (lamp.broker.folder / "mosquitto.db").unlink()
    lamp.broker.start()
    lamp.wait("tele/parking/1", before[0] + 1)
    lamp.wait("alarm/sensorFault-meter", before[1] + 1)
    assert retained(lamp) >= KEPT
