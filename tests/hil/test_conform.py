"""The conformance kit passes the lamppost, and catches each that breaks a rule."""

import contextlib
import json
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from xml.etree import ElementTree

import broken_twin
import pytest
from interop.brokers import Subscriber
from lamplighter.conform import conform_hooks as hooks
from lamplighter.conform import verdict_files as report
from lamplighter.conform.conform_run import Run
from lamplighter.problems import HookFailed
from lamplighter.telemetry import subscriber

pytestmark = pytest.mark.virtual_only

FAST = 8

BY_TELEMETRY = [
    broken_twin.Loses, broken_twin.Retains, broken_twin.Forgets, broken_twin.Silences, broken_twin.Turns,
    broken_twin.Renumbers,
]  # fmt: skip
BY_COMMANDS = [broken_twin.Repeats, broken_twin.Obeys]


def conform(broker, node, *options):
    """The finished run of the command, and its object."""
    command = [sys.executable, "-m", "lamplighter", "conform", "--host", broker.host, "--port", str(broker.port)]
    done = subprocess.run(
        [*command, "--node", node, "--json", *map(str, options)], capture_output=True, text=True, timeout=240
    )
    assert done.stdout, done.stderr
    return done, json.loads(done.stdout.splitlines()[0])


def arrived(broker):
    """Wait for the lamppost's telemetry. Nothing here is recorded for the contract's check: some of it breaks it."""
    listener = Subscriber(broker.port, "lamppost/v1/hil/lp-hil/tele/energy")
    listener.wait(bool)
    listener.close()


@contextlib.contextmanager
def relay(node, broker):
    """Addresses that switch the lamppost's power, as a relay on the network has them, and one to restart the broker."""

    def restart():
        broker.stop()
        broker.start()

    does = {"/on": node.power_on, "/off": node.power_off, "/restart": restart}

    class Switch(BaseHTTPRequestHandler):
        def do_GET(self):
            does[self.path]()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Switch)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_lamppost_passes_over_a_broker_restart_and_a_power_cut(virtual_post, broker, tmp_path):
    node = virtual_post(speed=FAST)
    with relay(node, broker) as switch:
        done, verdict = conform(
            broker, "hil/lp-hil", "--seconds", 5, "--restart-broker", f"{switch}/restart",
            "--power-off", f"{switch}/off", "--power-on", f"{switch}/on",
            "--junit", tmp_path / "conform.xml", "--html", tmp_path / "conform.html",
        )  # fmt: skip
    assert done.returncode == 0 and verdict["verdict"] == "pass", done.stdout + done.stderr
    assert all(rule["ok"] and rule["evidence"] for rule in verdict["rules"])
    judged = {rule["id"] for rule in verdict["rules"]}
    assert judged >= {"schema", "gapless", "command-repeat", "command-retained", "broker-restart", "will", "power-cut"}
    suite = ElementTree.parse(tmp_path / "conform.xml").getroot()
    assert suite.get("failures") == "0"
    assert {case.get("name") for case in suite} == judged | {one["id"] for one in verdict["not_judged"]}
    assert "hil/lp-hil: <span" in (tmp_path / "conform.html").read_text()


def test_each_lamppost_that_breaks_a_rule_is_caught_by_that_rule(virtual_post, broker):
    virtual_post(speed=FAST)
    arrived(broker)
    twins = {twin.rule: twin(broker) for twin in (*BY_TELEMETRY, *BY_COMMANDS)}

    def judged(rule):
        run = Run(lambda filters: subscriber.Subscriber(broker.host, broker.port, filters), twins[rule].node)
        return run.whole(5)

    with ThreadPoolExecutor() as at_once:
        found = dict(zip(twins, at_once.map(judged, (twin.rule for twin in BY_TELEMETRY)), strict=False))
    # one after the other, as they share one lamppost that answers commands
    found |= {twin.rule: judged(twin.rule) for twin in BY_COMMANDS}
    for rule, twin in twins.items():
        twin.close()
        assert report.verdict(found[rule]) == "fail", rule
        assert rule in [one.id for one in found[rule] if one.ok is False], (rule, found[rule])
    repeats = broken_twin.Repeats.rule
    assert [one.id for one in found[repeats] if one.ok is False] == [repeats], "and by no other"


def test_a_lamppost_that_nobody_has_heard_of_fails_without_a_traceback(broker):
    done, verdict = conform(broker, "hil/nobody", "--seconds", 5)
    assert done.returncode == 59 and verdict["verdict"] == "fail"
    assert "The broker had nothing of this lamppost" in verdict["rules"][0]["evidence"]
    assert "Nothing came from hil/nobody" in done.stderr and "Check --node" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hook_that_fails_is_named_with_its_cause():
    failing = shlex.join([sys.executable, "-c", "import sys; sys.exit('no such service')"])
    with pytest.raises(HookFailed, match="ended with exit code 1: no such service"):
        hooks.run(failing)
    for hook in ("/no/such/program", "http://127.0.0.1:1/off", "'", ""):
        with pytest.raises(HookFailed):
            hooks.run(hook)
