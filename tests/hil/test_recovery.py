"""What is damaged on the node does not stop it, and a laptop can always get in."""

import pytest

pytestmark = pytest.mark.real_time


@pytest.fixture
def mended(node, prepare, virtual):
    """A lamppost on a cable is left as it was found."""
    yield node
    if not virtual:
        prepare(node)


def test_a_damaged_app_leaves_the_lamppost_to_the_other_slot_and_flashing_mends_it(mended, heard):
    node = mended
    assert heard.arrival()["slot"] == "a"
    node.mpremote("exec", "f = open('/a/lamppost/assembly.mpy', 'wb'); f.write(b'not a program'); f.close()")
    node.console.forget()
    heard.forget()
    node.reset()
    node.console.wait_for("lamppost: slot a failed to start", node.within(30))
    arrived = heard.arrival()
    assert (arrived["slot"], arrived["fallback"]) == ("b", "failed")

    node.mpremote("exec", "import os; os.remove('/b/lamppost/app.mpy')")
    node.console.forget()
    node.reset()
    node.console.wait_for("lamppost: no slot starts; reset in 5 minutes, Ctrl-C for the REPL", node.within(30))
    assert "assembly.mpy" in node.mpremote("fs", "ls", ":/b/lamppost")

    heard.forget()
    flashed = node.tool("flash", "--board", node.board.name)
    assert flashed.returncode == 0, flashed.stderr
    assert "the configuration of hil/lp-hil was restored" in flashed.stderr
    assert heard.arrival()["slot"] == "a"
    heard.nothing_lost()


def test_a_slot_without_its_manifest_is_passed_over(mended, heard):
    node = mended
    heard.arrival()
    node.mpremote("fs", "rm", ":/a/manifest.json")
    heard.forget()
    node.reset()
    arrived = heard.arrival()
    assert (arrived["slot"], arrived["fallback"]) == ("b", "incomplete")
    heard.nothing_lost()


def test_a_configuration_that_cannot_be_read_gives_way_to_the_one_before_and_that_is_told(mended, heard, configure):
    node = mended
    heard.arrival()
    before = heard.until("info")["config"]
    configure(node, asset="LP-0042")  # now there is one before
    after = heard.until("info", lambda m: m["asset"] == "LP-0042")["config"]
    node.mpremote("exec", "f = open('/config.json', 'r+b'); f.seek(40); f.write(b'\\0\\0\\0\\0'); f.close()")
    heard.forget()
    node.reset()
    boot = heard.arrival()
    told = heard.until("evt/config", lambda m: m["b"] == boot["b"])
    assert (told["phase"], told["reason"], told["config"]) == ("reverted", "unreadable", before)
    assert heard.until("alarm/configReverted", bool)["evidence"] == "unreadable"
    info = heard.until("info", lambda m: m["b"] == boot["b"])
    assert (info["config"], info["asset"]) == (before, None) and before != after
    heard.nothing_lost()


def test_ctrl_c_gives_the_repl_of_a_working_node_and_a_reset_sends_it_back_to_work(node, heard):
    first = heard.arrival()
    assert "lp-hil" in node.mpremote("exec", "print(open('/config.json').read())")
    assert "42" in node.mpremote("eval", "6 * 7")
    heard.forget()
    node.mpremote("reset")
    second = heard.arrival()
    assert second["b"] > first["b"]
    heard.nothing_lost()


@pytest.mark.virtual_only
def test_the_watchdog_does_not_bite_who_works_in_the_repl_and_takes_a_forgotten_node_back(virtual_post, heard):
    node = virtual_post(speed=200)
    heard.arrival()
    lamp = node.lamp
    with open(lamp.port, "r+b", buffering=0) as port:
        port.write(b"\x03")
        node.console.wait_for("lamppost: stopped; reset to start again", node.within(30))
        port.write(b"import time; time.sleep(180); print('still', 'here')\r")
        node.console.wait_for("still here", node.within(240))
        boots = lamp.boots
        heard.forget()
        # a quarter of an hour after Ctrl-C nobody feeds it any more
        port.write(b"time.sleep(900); print('forgotten')\r")
        boot = heard.until("evt/boot", lambda m: m["reset"] == "watchdog", node.within(1000) + 30)
    assert lamp.boots == boots + 1 and boot["slot"] == "a"
    heard.nothing_lost()


def test_an_app_that_hangs_is_reset_by_the_watchdog_and_says_so(request, virtual, heard):
    """A task that keeps the processor for itself, in the app as it is otherwise."""
    hang = (
        "import asyncio, machine, time; from lamppost import app\n"
        "machine.Timer(0).deinit()  # it feeds the watchdog while somebody works in the REPL\n"
        "async def hang(beat, node):\n"
        "    await asyncio.sleep(5)\n"
        "    print('hanging')\n"
        "    while True: time.sleep(1)\n"
        "app.tasks.keep_time = hang\n"
        "app.main('a')\n"
    )
    node = request.getfixturevalue("virtual_post")(speed=8) if virtual else request.getfixturevalue("node")
    node.console.wait_for("link: connected", node.within(60))
    node.mpremote("exec", "--no-follow", hang)
    heard.forget()
    node.console.wait_for("hanging", node.within(30))
    boot = heard.until("evt/boot", lambda m: m["reset"] == "watchdog", node.within(120))
    assert boot["slot"] == "a"
    heard.nothing_lost()
