"""Every way a commissioning can go, on virtual lampposts and a real broker: minutes of it, for `make commission`."""

from __future__ import annotations

import json
import time

from guarded_street import GuardedStreet, problem
from lamplighter.device import identify


def ok(done):
    assert done.returncode == 0, done.stderr
    return done


def keep(street, port, asset="LP-0001"):
    """The counters of the node on a port, as `roster keep` reads them."""
    words = (asset, "--roster", "street.csv", "--port", port, "--json")
    return json.loads(ok(street.tool("roster", "keep", *words)).stdout)


def test_a_lamppost_is_brought_to_work_and_leaves_a_record_that_proves_it(street):
    street.lamp()
    started = time.monotonic()
    done = ok(street.tool("commission", "--roster", "street.csv", "--port", "lamp", "--engineer", "crew-1", "--yes"))
    assert time.monotonic() - started < 60
    assert "next is LP-0001" in done.stderr and "LP-0001: commissioned, signed by engineer.crew-1" in done.stdout
    record = street.record("LP-0001")
    assert record["broker"]["tls"] and "evt/boot" in record["broker"]["topics"]
    assert {row["check"] for row in record["checks"]} >= {"node", "journal", "meter", "wifi"}
    assert identify.ask(street.lamps[0].port).facts["config"] == record["config"]
    row = street.results()["LP-0001"]
    assert (row["state"], row["mac"], row["checks"]) == ("commissioned", record["mac"], str(len(record["checks"])))
    assert street.roster.read_text().count("\n") == 4, "the roster itself is not written"

    said = ok(street.tool("verify", row["record"])).stdout
    assert said.startswith(f"LP-0001 {record['mac']}: commissioned; as signed by engineer.crew-1")
    assert not list((street.folder / "state").rglob("commission-*")), "the record says it all"

    # the same again is the same lamppost: nobody is asked, nothing is written to it
    again = ok(street.commission("LP-0001"))
    assert "this is LP-0001" in again.stderr and "writing" not in again.stderr
    assert json.loads(ok(street.tool("roster", "next", "street.csv", "--json")).stdout)["next"]["asset"] == "LP-0002"


def test_without_a_broker_the_check_is_postponed_said_and_finished_later(street):
    street.lamp()
    street.broker.stop()
    done = ok(street.commission("LP-0001", "--yes"))
    assert "postponed: No broker listens" in done.stderr and "broker postponed" in done.stdout
    assert "lamplighter commission LP-0001 --finish --roster street.csv --engineer crew-1" in done.stderr
    assert "postponed" in street.record("LP-0001")["broker"]
    on_the_label = street.results()["LP-0001"]["fingerprint"]
    assert street.tool("commission", "--finish", "--roster", "street.csv", "--engineer", "crew-1").returncode == 50
    street.broker.start()
    finished = ok(street.tool("commission", "--finish", "--roster", "street.csv", "--engineer", "crew-1"))
    assert "LP-0001: commissioned" in finished.stdout
    record = street.record("LP-0001")
    assert record["verdict"] == "commissioned" and record["broker"]["tls"]
    assert street.results()["LP-0001"]["fingerprint"] == on_the_label
    ok(street.tool("verify", street.results()["LP-0001"]["record"]))
    nothing = ok(street.tool("commission", "--finish", "--roster", "street.csv", "--engineer", "crew-1"))
    assert "Nothing is postponed" in nothing.stderr


def test_a_step_that_fails_says_what_to_do_and_the_same_command_goes_on_from_there(street):
    lamp = street.lamp()
    lamp.network.password = "changed-by-someone"
    done = street.commission("LP-0001", "--yes", "--json")
    assert problem(done) == ("selftest-failed", 42)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["remedy"].startswith("Check the WiFi") and any("wifi" in row for row in told["details"])
    row = street.results()["LP-0001"]
    assert row["state"] == "failed" and row["problem"].startswith("self-test:") and not row["mac"]
    lamp.network.password = "street-secret"
    again = ok(street.commission("LP-0001"))
    assert "2/8 flash\ndone already" in again.stderr
    assert street.results()["LP-0001"]["problem"] == ""


def test_a_dead_node_is_swapped_and_asset_register_and_boots_go_on(street):
    old = street.lamp("old")
    old.part("meter").set(energy_wh=1234)
    ok(street.commission("LP-0001", "--yes", port="old"))
    first = street.record("LP-0001")
    kept = keep(street, "old")
    assert kept["imp_mwh"] >= 1234000 and kept["mac"] == first["mac"]
    old.power_off()

    street.lamp("new")
    refused = street.commission("LP-0001", "--yes", "--json", port="new")
    assert problem(refused) == ("other-lamppost", 75) and "--swap" in refused.stderr
    ok(street.commission("LP-0001", "--yes", "--swap", port="new"))
    record = street.record("LP-0001")
    assert record["swapped_from"] == first["mac"] and record["mac"] != first["mac"] and record["asset"] == "LP-0001"
    assert record["register"] == {"from": "the old node", "imp_mwh": kept["imp_mwh"], "boot": kept["boot"]}
    assert record["broker"]["b"] > first["broker"]["b"], "no key (b, s) comes twice"
    assert street.city.current("node", "lisbon/lp-0001").serial != first["certificate"]["serial"]
    assert street.results()["LP-0001"]["before_mac"] == first["mac"]
    told = keep(street, "new")
    assert told["imp_mwh"] >= kept["imp_mwh"] and told["boot"] > kept["boot"]


def test_a_swap_without_a_known_register_is_refused_and_one_with_it_goes_on_behind_the_last_boot(street):
    street.lamp("old")
    ok(street.commission("LP-0001", "--yes", port="old"))
    last = street.record("LP-0001")["broker"]["b"]
    street.lamps[0].power_off()
    street.lamp("new")
    swap = ("LP-0001", "--yes", "--swap", "--json")
    assert problem(street.commission(*swap, port="new")) == ("counters-unknown", 79)
    ok(street.commission(*swap, "--imp-mwh", 987654321012, port="new"))
    record = street.record("LP-0001")
    assert record["register"]["imp_mwh"] == 987654321012 and record["register"]["boot"] >= last
    told = keep(street, "new")
    assert told["imp_mwh"] >= 987654321012


def test_a_node_that_moves_to_another_lamppost_does_not_take_its_energy_along(street):
    lamp = street.lamp()
    lamp.part("meter").set(energy_wh=5000)
    ok(street.commission("LP-0001", "--yes"))
    lamp.part("meter").set(energy_wh=7)  # another pole has another meter
    moved = ok(street.commission("LP-0002", "--yes"))
    assert "this is LP-0001 (lisbon/lp-0001" in moved.stderr and "installed as LP-0001" in moved.stderr
    assert street.record("LP-0002")["register"] == {"from": "nothing"}
    assert keep(street, "lamp", "LP-0002")["imp_mwh"] < 5000000


def test_a_lamppost_in_operation_is_locked_at_the_end_and_can_be_commissioned_again(tmp_path):
    street = GuardedStreet(tmp_path / "street", assets=1, mode="operation")
    street.broker.start()
    try:
        lamp = street.lamp()
        ok(street.commission("LP-0001", "--yes"))
        assert street.record("LP-0001")["mode"] == "operation"
        assert identify.ask(lamp.port).facts["locked"]
        ok(street.commission("LP-0001"))
        assert identify.ask(lamp.port).facts["locked"]
    finally:
        street.close()
