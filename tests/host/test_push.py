"""`lamplighter push config` over the city's TLS, to a lamppost that was commissioned: secrets, and a way back."""

import json

import pytest
from guarded_street import SECRET, GuardedStreet

FAST = 8


@pytest.fixture
def street(tmp_path):
    street = GuardedStreet(tmp_path / "street")
    street.city.issue_as("commander", "operations")
    street.export()
    street.broker.start()
    yield street
    street.close()


def push(street, document, *words):
    """(exit code, result, what was said) of a push by a commander; no secret is in any of it."""
    file = street.folder / "pushed.json"
    file.write_text(json.dumps(document))
    broker = ["--host", "localhost", "--port", street.port, "--identity", "identity", "--as", "operations"]
    done = street.tool("push", "config", "lisbon/lp-0001", file, *broker, "--minutes", 1, "--json", *words)
    return done.returncode, json.loads(done.stdout.splitlines()[0]), done.stderr


@pytest.mark.timeout(300)
def test_a_wrong_wifi_password_comes_back_and_a_whole_document_with_its_secrets_becomes_stable(street):
    lamp = street.lamp()
    done = street.commission("LP-0001", "--yes")
    assert done.returncode == 0, done.stderr
    lamp.stop()
    lamp = street.lamp(speed=FAST)
    lamp.console.wait_for("link: times in ms", 60)
    code, told, said = push(street, {"wifi": {"password": "not the password"}}, "--patch")
    assert (code, told["phase"], told["reason"]) == (36, "reverted", "nowifi: wrong password")
    assert "not the password" not in said + lamp.console.text

    whole = {
        "v": 1, "site": "lisbon", "node": "lp-0001", "asset": "LP-0001", "location": {"lat": 38.7223, "lon": -9.1393},
        "wifi": {"ssid": "city", "password": {"$env": "LAMP_WIFI"}},
        "mqtt": {"host": "localhost", "port": street.port, "spread_s": 0, "tls": {}},
        "parts": [{"id": "meter", "part": "pzem004t", "bus": "meter"}], "energy": {"part": "meter", "window_s": 2},
    }  # fmt: skip
    code, told, said = push(street, whole)
    assert (code, told["phase"]) == (0, "stable"), said
    assert SECRET not in lamp.console.text

    code, told, said = push(street, {**whole, "wifi": {"ssid": ""}, "energy": {"part": "metre"}})
    assert (code, told["error"]) == (30, "config-invalid") and "wifi.ssid" in said and "published" not in said
