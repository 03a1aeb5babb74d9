"""Commands by the broker: the lamppost does them once, answers each, and says what it refuses."""

import datetime
import json
import subprocess
import sys

import pytest


def sent(heard, verb, name, seconds=120, retained=False, **args):
    """Send a command that is good for so many seconds."""
    now = datetime.datetime.now(datetime.UTC)
    exp = (now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    heard.command("hil/lp-hil", verb, {"id": name, "exp": exp, "args": args}, retained)


def answered(heard, name):
    """The last word about that command."""
    return heard.until("ack/" + name, lambda m: m["word"] not in ("accepted", "progress"))


@pytest.mark.virtual_only
@pytest.mark.real_time
def test_a_reboot_is_answered_before_it_happens_and_happens_once(node, heard):
    before = heard.arrival()
    heard.until("diag", lambda m: m["clock"] == "ntp")
    sent(heard, "reboot", "reboot-1")
    assert answered(heard, "reboot-1")["word"] == "ok"
    assert heard.until("state", lambda m: m["state"] == "offline")["reason"] == "reboot"
    heard.forget()
    after = heard.arrival()
    assert after["b"] == before["b"] + 1 and after["slot"] == before["slot"]
    heard.forget()
    sent(heard, "reboot", "reboot-1")
    assert answered(heard, "reboot-1")["word"] == "ok"
    sent(heard, "report", "report-1")
    assert answered(heard, "report-1")["b"] == after["b"], "the repeat of a reboot must not reboot again"
    heard.nothing_lost()


@pytest.mark.real_time
def test_report_log_selftest_and_identify_are_done_while_the_lamppost_works(node, heard):
    heard.arrival()
    heard.until("diag")
    heard.forget()
    sent(heard, "report", "r")
    assert answered(heard, "r")["word"] == "ok"
    for suffix in ("state", "info", "diag", "tele/parking/1"):
        heard.until(suffix)
    sent(heard, "log", "l", lines=5)
    assert answered(heard, "l")["word"] == "ok"
    lines = [line for m in heard.all("ack/l") for line in m.get("lines", ())]
    assert len(lines) == 5 and any("link: connected to" in line or "command: log l" in line for line in lines)
    sent(heard, "selftest", "s")
    verdict = answered(heard, "s")
    failed = [line for m in heard.all("ack/s") for line in m.get("lines", ())]
    assert verdict["word"] == ("failed" if failed else "ok")
    assert all(line.endswith("warming") for line in failed), "the laser of the dust sensor may need its half minute"
    sent(heard, "identify", "i", seconds=120)
    assert answered(heard, "i")["word"] == "ok"
    heard.nothing_lost()


def test_a_retained_command_is_refused_and_a_wrong_one_is_told_all_that_is_wrong(node, heard):
    sent(heard, "reboot", "kept", retained=True)
    heard.arrival()
    assert answered(heard, "kept")["word"] == "retained"
    sent(heard, "identify", "wrong", brightness=9, seconds_=1)
    said = answered(heard, "wrong")
    assert (said["word"], said["sentence"]) == ("invalid", "brightness is unknown; seconds_ is unknown")


@pytest.mark.real_time
def test_the_tool_sends_a_command_and_tells_the_answer_with_the_lines_of_the_log(node, heard, broker):
    heard.arrival()
    command = [sys.executable, "-m", "lamplighter", "send", "hil/lp-hil", "log", "lines=3", "--json"]
    where = ["--host", broker.host, "--port", str(broker.port)]
    done = subprocess.run([*command, *where], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert (row["node"], row["ok"], row["word"]) == ("hil/lp-hil", True, "ok") and len(row["lines"]) == 3
