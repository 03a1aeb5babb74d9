"""The time comes late or not at all: records are kept, and told with their time as soon as there is one."""

import pytest

pytestmark = pytest.mark.virtual_only


def test_records_made_before_the_time_was_known_are_told_with_their_time(virtual_post, heard, broker):
    node = virtual_post(speed=8, on=False)
    node.lamp.network.time_servers(False)
    node.lamp.network.hosts["broker.lan"] = ("127.0.0.1", 1)  # nothing listens on that port
    node.lamp.start()
    node.console.wait_for("time: timeout", node.within(30))
    node.console.wait_for("link: refused", node.within(60))
    node.lamp.network.time_servers(True)
    node.console.wait_for("time: set|link: refused", node.within(60))
    node.lamp.network.hosts["broker.lan"] = ("127.0.0.1", broker.port)
    online = heard.until("state", lambda m: m["state"] == "online", 120)
    set_ = heard.until("evt/clock", lambda m: m["b"] == online["b"], 120)
    assert (set_["step_ms"], set_["source"], set_["tq"]) == (None, "ntp", 3)
    early = [m for m in heard.all("tele/energy") if m["b"] == online["b"] and m["s"] < set_["s"]]
    assert len(early) >= 3
    stamps = [m["ts"] for m in early]
    assert None not in stamps and stamps == sorted(stamps) and len(set(stamps)) == len(stamps)
    assert stamps[-1] <= set_["ts"]
    heard.nothing_lost()


def test_without_any_time_the_telemetry_comes_with_null_for_it_after_a_moment_of_patience(virtual_post, heard):
    node = virtual_post(speed=8, on=False)
    node.lamp.network.time_servers(False)
    node.lamp.start()
    online = heard.until("state", lambda m: m["state"] == "online", 120)
    blind = heard.until("tele/energy", lambda m: m["b"] == online["b"], 120)
    assert (blind["ts"], blind["tq"]) == (None, 0)
    node.lamp.network.time_servers(True)
    heard.until("evt/clock", lambda m: m["b"] == online["b"], 120)
    heard.until("tele/energy", lambda m: m["s"] > blind["s"] and m["ts"] is not None and m["tq"] == 3)
    heard.nothing_lost()
