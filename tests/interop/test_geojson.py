"""`lamplighter geojson`: lampposts become points where their `info` says, and those without a place are named."""

import json
import subprocess

from lamplighter.contract import examples
from publisher import Lamp, Publisher
from watching import LAMPLIGHTER


def info(node, location):
    body = {name: value for name, value in examples.files()["info"]["payload"].items() if name not in "vbsh"}
    body = {name: value for name, value in body.items() if name not in ("ts", "tq", "tu")}
    return Lamp(node).message("info", {**body, "location": location}, None, True)


def geojson(broker, *options):
    command = [LAMPLIGHTER, "geojson", "--host", "127.0.0.1", "--port", str(broker.port), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_lampposts_are_points_at_longitude_and_latitude(broker, tmp_path):
    out = tmp_path / "lisbon.geojson"
    with Publisher(broker.port) as street:
        street.send(info("lp-1", {"lat": 38.72, "lon": -9.14}), Lamp("lp-1").state(), Lamp("lp-1").alarm("supplyLoss"))
        street.send(info("lp-2", None))
    done = geojson(broker, "--out", out)
    assert done.returncode == 0, done.stderr
    (feature,) = json.loads(out.read_text())["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [-9.14, 38.72]}
    assert feature["id"] == "lisbon/lp-1"
    assert feature["properties"]["state"] == "online" and feature["properties"]["alarms"] == ["supplyLoss"]
    assert "not on the map: lisbon/lp-2." in done.stderr


def test_an_empty_street_is_an_empty_collection(broker):
    done = geojson(broker)
    assert json.loads(done.stdout) == {"type": "FeatureCollection", "features": []}
