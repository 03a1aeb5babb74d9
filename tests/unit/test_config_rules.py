"""ops/config_rules.py: what a node itself finds wrong with a configuration that is pushed to it."""

from lamppost.core.faults import SensorFault
from lamppost.ops import config_rules
from test_config_store import GOOD, folder

BOARD = {"buses": {"meter": {}, "i2c": {}}}
METER = {"id": "meter", "part": "pzem004t", "bus": "meter"}


def driver(part):
    if part != "pzem004t":
        raise SensorFault("foreign", part)


def found(doc, root="/nowhere/"):
    return dict(config_rules.faults(doc, GOOD, BOARD, driver, root))


def test_a_document_for_this_lamppost_and_its_board_has_no_faults():
    bays = [{"bay": "1", "part": "meter"}]
    full = dict(GOOD, parts=[METER], energy={"part": "meter"}, air={"parts": ["meter"]}, parking=bays)
    assert found(GOOD) == found(full) == {}


def test_every_fault_is_named_at_once():
    doc = {
        "v": 2, "site": "lisbon", "node": "lp-0043", "wifi": {}, "mqtt": {"host": "b", "port": 0, "window": "8"},
        "parts": [METER, METER, {"id": "dust", "part": "unheard-of", "bus": "uart9"}],
        "lamp": {"presence": {"parts": ["watcher"]}},
        "energy": {"part": "metre"}, "parking": [{"bay": "1", "parts": ["gone", "dust"]}], "mode": "operation",
    }  # fmt: skip
    assert sorted(found(doc)) == [
        "energy.part", "lamp", "lamp.presence.parts", "mode", "mqtt.port", "mqtt.window", "node", "parking.1",
        "parts.dust.bus", "parts.dust.part", "parts.meter", "v", "wifi.ssid",
    ]  # fmt: skip


def test_certificates_that_the_node_does_not_have_are_named():
    root = folder(ca_der="x")
    tls = {"ca": "/ca.der", "cert": "/node.crt"}
    assert sorted(found(dict(GOOD, mqtt={"host": "b", "tls": tls}), root)) == ["mqtt.tls.cert", "mqtt.tls.key"]
    assert found(dict(GOOD, mqtt={"host": "b", "tls": {"ca": "/ca.der"}}), root) == {}
    assert sorted(found(dict(GOOD, mqtt={"host": "b", "tls": {}}), root)) == ["mqtt.tls.ca"]


def test_documents_of_any_kind_are_faults_and_never_exceptions():
    odd = (None, 7, "x", [], {}, [{}], True, {"parts": 5}, {"id": {}})
    for value in odd:
        assert found(value)
        for key in ("v", "site", "wifi", "mqtt", "parts", "energy", "air", "parking", "light", "pole", "lamp", "mode"):
            found(dict(GOOD, **{key: value}))
            found(dict(GOOD, mqtt={"host": "b", "tls": value, "port": value}))
            found(dict(GOOD, parts=[value, {"id": value, "part": value, "bus": value}]))
            found(dict(GOOD, lamp={"presence": value}))
            found(dict(GOOD, lamp={"presence": {"parts": value, "bays": value}}))
            found(dict(GOOD, air={"parts": value}, parking=[value, {"bay": value, "parts": value}]))


def test_the_limits_of_numbers_are_those_of_the_schema():
    try:
        from lamplighter.config import config_file
    except ImportError:
        return  # under MicroPython there is no host
    rows = config_file.schema()["properties"]["mqtt"]["properties"]
    for key, low, high in config_rules.NUMBERS:
        assert (rows[key]["minimum"], rows[key]["maximum"]) == (low, high), key
