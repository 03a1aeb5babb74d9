"""`lamplighter update`: what changed comes over the line, beside the old app, and counts when it is whole."""

import binascii
import json
import shutil
import threading

import pytest
from click.testing import CliRunner
from lamplighter import paths
from lamplighter.boards import board_file
from lamplighter.cli import lamplighter
from lamplighter.device import identify, repl
from lamplighter.device.repl import Repl
from lamplighter.image import build, built, compile, littlefs, pack
from lamplighter.problems import CablePulled, UpdateFailed
from lamplighter.update import delta
from lamplighter.update import update as renewing
from lamplighter.virtual.lamppost import VirtualLamppost

BOARD = "lamppost-esp32"
SPEED = 5  # the boot's waiting for a Ctrl-C passes so much faster
DOC = {
    "v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": "lamplighter"}, "mqtt": {"host": "broker.lan"},
    "parts": [{"id": "meter", "part": "pzem004t", "bus": "meter"}], "energy": {"part": "meter"},
}  # fmt: skip


@pytest.fixture(scope="module")
def flashed(tmp_path_factory):
    """The flash of a lamppost that has its configuration."""
    board = board_file.load(BOARD)
    files = littlefs.files(board, littlefs.compile_app())
    files["config.json"] = json.dumps(DOC).encode()
    vfs = board.partition("vfs").offset
    parts = [row for row in build.build(board, build.standin(board)).segments if row[0] < vfs]
    return [*parts, (vfs, littlefs.littlefs(board, files)[0])]


@pytest.fixture
def lamp(flashed, tmp_path):
    """A lamppost that has started with its configuration."""
    node = VirtualLamppost(BOARD, workdir=tmp_path / "lamp", speed=SPEED)
    node.flash_image(flashed)
    with node:
        node.console.wait_for("app: lp-0042")
        yield node


def edited(tmp_path, monkeypatch, path="lamppost/ops/status.py", text="\n\ndef added():\n    return 'new'\n"):
    """From here on this computer's app is another one."""
    target = tmp_path / "edited"
    shutil.copytree(paths.folder("firmware"), target)
    with open(target / path, "a") as file:
        file.write(text)
    app = littlefs.compile_app(target)
    monkeypatch.setattr(littlefs, "compile_app", lambda *arguments, **options: app)
    return app


def update(lamp):
    return CliRunner().invoke(lamplighter, ["update", "--port", lamp.port, "--json"])


def test_a_new_app_runs_in_the_other_slot_and_the_old_one_stays(lamp, tmp_path, monkeypatch):
    assert json.loads(update(lamp).stdout)["updated"] is False, "the image's app is what it runs"
    lamp.console.wait_for("app: lp-0042")
    app = edited(tmp_path, monkeypatch)
    told = json.loads(update(lamp).stdout)
    assert told["slot"] == "b" and told["build"] == app.build and told["changed"] + told["kept"] == len(app.modules)
    assert told["sent"] < sum(map(len, app.modules.values())) / 2
    facts = identify.ask(lamp.port).facts
    assert (facts["slot"], facts["build"], facts["node"]) == ("b", app.build, "lisbon/lp-0042")
    with Repl(lamp.port) as node:
        assert node.run("import os;print(os.stat('/a.app')[6]>0, os.listdir('/').count('b.part'))") == "True 0\n"


def test_an_app_that_does_not_start_gives_way_to_the_old_one(lamp, tmp_path, monkeypatch):
    edited(tmp_path, monkeypatch, "lamppost/app.py", "\n\nraise ValueError('bad build')\n")
    done = update(lamp)
    assert isinstance(done.exception, UpdateFailed) and "does not run" in done.exception.cause
    assert "went back to the app that it had" in done.exception.remedy
    assert identify.ask(lamp.port).facts["slot"] == "a"


def test_spoilt_and_lost_bytes_are_sent_again(lamp, tmp_path, monkeypatch):
    app = edited(tmp_path, monkeypatch)
    sent = []
    send = repl.Talk.send

    def noisy(self, data):
        sent.append(data)
        if len(sent) == 1:
            data = data[:40] + bytes([data[40] ^ 0x55]) + data[41:]
        elif len(sent) == 60:  # of the second attempt
            data = data[:-30]
        send(self, data)

    monkeypatch.setattr(repl.Talk, "send", noisy)
    monkeypatch.setattr(renewing, "ACK_S", 0.4)
    wanted = littlefs.slot(app)
    with Repl(lamp.port) as node:
        done = renewing.renew(node, wanted, renewing.look(node, wanted, lambda head: None))
        assert node.run("import binascii;print(crc_of('/b.app'))").strip() == str(renewing.zlib.crc32(wanted))
    assert done.again == 2


def test_a_cable_pulled_in_the_middle_leaves_the_old_app_and_the_same_command_completes(lamp, tmp_path, monkeypatch):
    app = edited(tmp_path, monkeypatch)
    pulled = []

    def pull(self, data):
        if len(data) > 100 and not pulled:
            pulled.append(threading.current_thread())
            lamp.power_off()
            raise OSError(5, "Input/output error")
        self._wire.write(data)

    monkeypatch.setattr(repl.Talk, "send", pull)
    done = update(lamp)
    assert isinstance(done.exception, CablePulled), done.exception
    lamp.power_on()
    lamp.console.forget()
    lamp.console.wait_for("app: lp-0042")
    assert identify.ask(lamp.port).facts["slot"] == "a"
    assert json.loads(update(lamp).stdout)["build"] == app.build


def test_a_plan_copies_what_is_there_and_brings_the_rest():
    old = pack.build({"a.mpy": b"A" * 50, "b.mpy": b"B" * 60, "c.mpy": b"C" * 70})
    new = pack.build({"a.mpy": b"A" * 50, "b.mpy": b"b" * 61, "c.mpy": b"C" * 70})
    plan = delta.plan(new, pack.read(old))
    rest, whole = plan.new, b""
    for offset, length in plan.steps:
        if offset >= 0:
            whole += old[offset : offset + length]
        else:
            whole, rest = whole + rest[:length], rest[length:]
    assert whole == new and rest == b"" and plan.kept == 2


@pytest.mark.parametrize("data", [b"", b"\x03", b"\x03" * 300, b"a" * 253, b"a" * 254, b"a" * 255, b"a\x03" * 200,
                                  bytes(range(256)) * 5, b"a" * 508 + b"\x03"])  # fmt: skip
def test_what_crosses_the_line_holds_no_ctrl_c_and_comes_out_as_it_went_in(data):
    names = on_node("def unstuffed", "class Line")
    packed = bytearray(delta.stuffed(data))
    assert 3 not in packed and len(packed) <= len(data) + 2 + len(data) // 200
    count = names["unstuffed"](packed, len(packed))
    assert bytes(packed[:count]) == data


def test_a_pack_that_this_computer_built_is_found_by_its_head(tmp_path, monkeypatch):
    monkeypatch.setattr(built, "_folder", lambda: tmp_path / "apps")
    data = pack.build({"a.mpy": b"A"})
    assert built.find(data[: pack.START]) is None
    built.keep(data)
    assert built.find(data[: pack.START]) == data
    next((tmp_path / "apps").glob("*.app")).write_bytes(data[:-1])
    assert built.find(data[: pack.START]) is None, "a damaged one is of no use"


def on_node(begin, end, **names):
    """A part of the node's program."""
    source = renewing._ON_NODE.read_text()
    exec(source[source.index(begin) : source.index(end)], names)
    return names


def test_a_block_whose_receipt_was_lost_is_not_taken_twice():
    ready = delta.framed([(b"one" * 50, 0), (b"two" * 50, 0)])
    wire, said = bytearray(ready[0] + ready[0] + ready[1]), []

    def read(view):
        view[:] = wire[: len(view)]
        del wire[: len(view)]
        return len(view)

    names = on_node("def unstuffed", "class Stream", binascii=binascii, _HEAD=12, _CREDIT=128)
    line = names["Line"](400, read, lambda ms: bool(wire), said.append)
    assert [bytes(line.block()), bytes(line.block())] == [b"one" * 50, b"two" * 50]
    assert b"".join(said).replace(b".", b"") == b"kkk" and said.count(b".") == sum(map(len, [*ready, ready[0]])) // 128


def test_what_was_compiled_before_is_taken_from_the_cache_unless_it_is_damaged(tmp_path):
    path = tmp_path / "compiled.json"
    cache, key = compile.Cache(path), compile.Cache.key("x = 1", "x")
    assert cache.find(key) is None
    cache.keep(key, b"binary")
    cache.save()
    assert compile.Cache(path).find(key) == b"binary"
    assert compile.Cache.key("x = 2", "x") != key
    doc = json.loads(path.read_text())
    path.write_text(json.dumps({key: doc[key][:-8] + "AAAAAAA="}))
    assert compile.Cache(path).find(key) is None
    path.write_text("{")
    assert compile.Cache(path).find(key) is None
