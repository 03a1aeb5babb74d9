"""The whole way: a board that nobody has touched becomes a lamppost whose telemetry can be trusted."""

import json
import subprocess
import sys

import pytest
from lamplighter.bench.lampposts import CablePost


@pytest.mark.real_time
def test_a_blank_board_is_flashed_configured_and_tested_and_publishes(request, virtual, heard, prepare, broker):
    if virtual:
        post = request.getfixturevalue("virtual_post")(blank=True)
        post.console.wait_for("invalid header: 0xffffffff")
    else:
        post = request.getfixturevalue("cable")
        blank(post)
    prepare(post)
    boot = heard.arrival("tele/energy", "tele/parking/1", "tele/air")
    assert (boot["b"], boot["last_b"], boot["last_s"], boot["power_cuts"]) == (1, None, None, 0)
    assert heard.until("state")["state"] == "online"
    info = heard.until("info")
    assert info["board"] == post.board.name and info["chip"] == post.board.chip
    assert [part["id"] for part in info["parts"]] == ["meter", "bay-1", "dust", "climate"]
    tested = post.tool("test", "--json")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    checks = json.loads(tested.stdout.splitlines()[-1])["checks"]
    parts = {"meter", "bay-1", "dust", "climate"}
    assert {row["check"] for row in checks} == {"supply", "slots", "files", "node", "journal", "wifi"} | parts
    heard.forget()
    heard.arrival()  # the test has ended with a reset
    heard.nothing_lost()
    assert heard.cleared_unraised() == []


def blank(post: CablePost) -> None:
    with post.port_for_others() as port:
        subprocess.run([sys.executable, "-m", "esptool", "--port", port, "erase-flash"], check=True, timeout=90)


def test_a_second_start_goes_on_where_the_first_one_ended(node, heard):
    first = heard.arrival()
    heard.forget()
    node.reset()
    second = heard.arrival()
    assert second["b"] == first["b"] + 1
    before = [m["s"] for m in heard.numbered() if m["b"] == first["b"]]
    assert (second["last_b"], second["last_s"]) == (first["b"], max(before))
    heard.nothing_lost()


@pytest.mark.virtual_only
@pytest.mark.parametrize("board", ["lamppost-esp32s3", "lamppost-esp32s3-n8r2"])
def test_the_other_boards_boot_and_publish_as_well(virtual_post, heard, board):
    post = virtual_post(board, speed=8)
    heard.arrival("tele/energy", "tele/parking/1", "tele/air")
    assert heard.until("info")["chip"] == post.board.chip
    energy = heard.until("tele/energy", lambda m: m["q"]["u_mv"] == "V")
    assert energy["u_mv"] == 230000
    heard.nothing_lost()
