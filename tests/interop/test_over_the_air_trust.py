"""Whom a node trusts with its app: keys that change over the air, the floor in NVS, and web servers by HTTPS."""

from __future__ import annotations

import base64
import ssl

import pytest
from air_street import NEW, Street
from certificates import Authority
from lamplighter.image.compile import App
from lamplighter.release import release_folder


@pytest.fixture
def street(tmp_path):
    return Street(tmp_path)


def released(street, *signers, keys=None):
    """The release anew, signed by these keys; keys -- the list that it brings along."""
    signed = street.signed(*signers)
    street.made = release_folder.write(street.releases, App(NEW, "1.1", "new"), signed, keys=keys)


def test_a_release_signed_by_an_old_key_brings_the_new_list_and_a_revoked_key_counts_no_more(street):
    before = {"serial": street.keys.serial, **street.keys.trusted}
    third = street.keys.add(None)
    stolen, key = street.backup, street.signed(street.backup)
    street.keys.revoke(stolen)
    released(street, street.first, keys=street.keys)
    result = street.run(keys=before)
    assert result["state"]["active"] == "b"
    assert result["keys"] == {"serial": street.keys.serial, **street.keys.trusted} and third in result["keys"]
    street.made = release_folder.write(street.releases, App(NEW, "1.1", "newer"), key)
    assert street.ends(keys=result["keys"]) == ("rejected", "untrusted")


def test_the_list_is_taken_also_when_the_app_of_the_release_runs_already(street):
    before = {"serial": street.keys.serial, **street.keys.trusted}
    street.keys.add(None)
    street.made = release_folder.write(
        street.releases, App(NEW, "1.1", "old"), street.signed(street.first), keys=street.keys
    )
    result = street.run(keys=before)
    assert result["said"][-1][0] == "confirmed" and len(result["keys"]) == 4


def test_an_old_release_that_is_replayed_does_not_bring_a_revoked_key_back(street):
    released(street, street.first, keys=street.keys)
    street.keys.revoke(street.backup)
    result = street.run()
    assert result["state"]["active"] == "b" and street.backup not in result["keys"]


@pytest.mark.parametrize("spoilt", [b'{"serial":9}', b"[]", b"\xff", b'{"serial":9,"a":"00"}', b'{"a":7}'])
def test_a_list_without_a_usable_key_is_refused_even_if_it_is_signed(street, spoilt):
    before = {"serial": street.keys.serial, **street.keys.trusted}
    street.keys.serial = 9
    street.keys.for_nodes = lambda: spoilt
    released(street, street.first, keys=street.keys)
    result = street.run(keys=before)
    assert result["said"][-1][:2] == ["rejected", "desired"] and result["keys"] == before


def test_the_floor_survives_in_nvs_what_the_file_system_has_lost(street):
    assert street.ends(nvs={"floor": "1.2.0"}) == ("rejected", "floor")
    assert street.run(nvs={"floor": "1.1.0"})["state"]["active"] == "b"
    result = street.run(floor="1.1", nvs={"floor": "1.0.5"})
    assert result["nvs"] == {"floor": "1.1"}, "a cut between state file and NVS is made good at the next start"


def test_an_update_waits_while_something_must_not_be_interrupted(street):
    sentence = "A car is charging."
    result = street.run(held=sentence)
    assert result["said"][-1][:3] == ["waiting", "busy", sentence] and result["state"]["active"] == "a"


def served(authority, name="localhost", **dates):
    """TLS settings of a web server of that name."""
    identity = authority.issue("web", name, **dates)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.crt, identity.key)
    return context


def ca(authority):
    return base64.b64encode(authority.der.read_bytes()).decode()


def test_a_release_comes_by_https_from_a_server_of_the_citys_ca(street, tmp_path):
    city = Authority(tmp_path / "city")
    result = street.run(tls=served(city), host="localhost", ca=ca(city), pace=4)
    assert result["state"]["active"] == "b", result["said"]


def test_a_https_server_that_another_ca_has_signed_or_with_another_name_or_date_gets_no_connection(street, tmp_path):
    city, other = Authority(tmp_path / "city"), Authority(tmp_path / "other")
    for tls, word in (
        (served(other), "untrusted"), (served(city, "elsewhere.lan"), "wrongname"),
        (served(city, begins=-3, ends=-1), "expired"),
    ):  # fmt: skip
        assert street.ends(tls=tls, host="localhost", ca=ca(city), pace=4) == ("waiting", word)


def test_while_the_time_is_unknown_https_waits_and_says_that_no_certificate_can_be_judged(street, tmp_path):
    city = Authority(tmp_path / "city")
    early = served(city, begins=1)  # to the clock of a chip that starts in 2000 every certificate is of the future
    result = street.run(tls=early, host="localhost", ca=ca(city), pace=20, time=False)
    assert result["said"][-1][:2] == ["waiting", "clock"]
    assert "before the time is known" in result["said"][-1][2]


def test_a_node_without_a_ca_refuses_https_with_a_sentence(street, tmp_path):
    result = street.run(tls=served(Authority(tmp_path / "city")), host="localhost")
    assert result["said"][-1][:2] == ["rejected", "desired"] and "mqtt.tls" in result["said"][-1][2]
