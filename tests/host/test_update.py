"""`lamplighter update`: what changed comes over the line, beside the old app, and counts when it is whole."""

import binascii
import hashlib
import json
import random
import shutil

import pytest
from click.testing import CliRunner
from lamplighter import paths
from lamplighter.boards import board_file
from lamplighter.cli import lamplighter
from lamplighter.device import identify, repl
from lamplighter.device.repl import Repl
from lamplighter.image import build, compile, littlefs
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
    node = VirtualLamppost(BOARD, workdir=tmp_path / "lamp", speed=SPEED, heap="4096wK")
    node.flash_image(flashed)
    with node:
        node.console.wait_for("app: lp-0042")
        yield node


def edited(tmp_path, monkeypatch, path="lamppost/ops/status.py", text="\n\ndef added():\n    return 'new'\n"):
    """From here on this computer's app is another one."""
    target = tmp_path / "edited"
    if not target.exists():
        shutil.copytree(paths.folder("firmware"), target)
    with open(target / path, "a") as file:
        file.write(text)
    app = compile.compile_app(target)
    monkeypatch.setattr(littlefs, "compile_app", lambda *arguments, **options: app)
    return app


def run(lamp, *words):
    return CliRunner().invoke(lamplighter, ["update", "--port", lamp.port, "--json", *words])


def update(lamp):
    """What the verb reports as JSON."""
    done = run(lamp)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return json.loads(done.stdout)


def hashes_of(lamp, slot):
    """{path: SHA-256} of a slot's files as they are on the node."""
    text = "\nprint(json.dumps({path: binascii.hexlify(sha).decode() for path, sha in tree('/%s').items()}))"
    with Repl(lamp.port) as node:
        return json.loads(node.run(renewing.program_text() + text % slot))


def hashes(wanted):
    return json.loads(wanted["manifest.json"])["files"]


def test_a_new_app_runs_in_the_other_slot_and_the_old_one_stays(lamp, tmp_path, monkeypatch):
    before = littlefs.slot(littlefs.compile_app())
    assert update(lamp)["updated"] is False, "the image's app is what it runs"
    lamp.console.wait_for("app: lp-0042")
    app = edited(tmp_path, monkeypatch)
    told = update(lamp)
    assert (told["slot"], told["build"], told["changed"]) == ("b", app.build, 2), "one module and the build id"
    facts = identify.ask(lamp.port).facts
    assert (facts["slot"], facts["build"], facts["node"]) == ("b", app.build, "lisbon/lp-0042")
    assert hashes_of(lamp, "a") == hashes(before)
    assert hashes_of(lamp, "b") == hashes(littlefs.slot(app))


def test_one_changed_line_costs_little_on_the_line_with_all_that_the_node_is_told(lamp, tmp_path, monkeypatch):
    app = edited(tmp_path, monkeypatch, "lamppost/assembly.py")
    wanted = littlefs.slot(app)
    with Repl(lamp.port) as node:
        before = lamp.line_bytes
        done = renewing.renew(node, wanted, renewing.look(node), compile.Cache().modules())
        # the program that the node runs, the block and answers, and 4 bytes for each file that the node has
        assert lamp.line_bytes - before <= 3400 + 4 * len(wanted)
    assert done.changed == 2


def test_files_that_a_build_lacks_are_removed_and_an_empty_folder_hides_no_module(lamp, tmp_path, monkeypatch):
    source = tmp_path / "edited"
    shutil.copytree(paths.folder("firmware"), source)
    package, module = source / "lamppost/tried", source / "lamppost/tried.py"
    package.mkdir()
    (package / "__init__.py").write_text("ONE = 1\n")
    apps = [compile.compile_app(source)]
    shutil.rmtree(package)
    for text in ("ONE = 2\n", "ONE = 3\n"):  # the third goes into the slot of the first
        module.write_text(text)
        apps.append(compile.compile_app(source))
    for app in apps:
        monkeypatch.setattr(littlefs, "compile_app", lambda *arguments, app=app, **options: app)
        assert update(lamp)["build"] == app.build
    with Repl(lamp.port) as node:
        assert node.run("from lamppost import tried;print(tried.ONE)") == "3\n"
    assert hashes_of(lamp, "b") == hashes(littlefs.slot(apps[2]))


SPOILS = {
    "missing": "import os;os.remove('/%s/lamppost/app.mpy')",
    "damaged": "f=open('/%s/lamppost/app.mpy','r+b');f.seek(99);f.write(b'????');f.close()",
    "extra": "f=open('/%s/lamppost/stranger.mpy','wb');f.write(b'M');f.close()",
}


@pytest.mark.parametrize("what", SPOILS)
@pytest.mark.parametrize("slot", ["a", "b"])
def test_a_file_of_a_slot_that_is_not_as_its_manifest_says_is_named_and_mended(lamp, what, slot):
    wanted = littlefs.slot(littlefs.compile_app())
    with Repl(lamp.port) as node:
        node.run(SPOILS[what] % slot)
    done = run(lamp)
    assert done.exit_code == 0, done.output
    path = "lamppost/stranger.mpy" if what == "extra" else "lamppost/app.mpy"
    assert f"slot {slot}: {path} is {what}" in done.stderr
    assert json.loads(done.stdout)["mended"] == [slot]
    assert hashes_of(lamp, "a") == hashes_of(lamp, "b") == hashes(wanted)
    assert json.loads(run(lamp).stdout)["mended"] == []


def test_a_state_file_that_cannot_be_read_is_said_and_replaced(lamp):
    with Repl(lamp.port) as node:
        node.run("f=open('/state.json','w');f.write('{');f.close()")
    lamp.console.forget()
    lamp.press_reset()
    lamp.console.wait_for("lamppost: /state.json cannot be read, slot a is taken")
    lamp.console.wait_for("app: lp-0042")
    done = run(lamp)
    assert "/state.json cannot be read" in done.stderr and json.loads(done.stdout)["updated"] is True
    with Repl(lamp.port) as node:
        assert json.loads(node.run("print(open('/state.json').read())"))["active"] in ("a", "b")


def test_a_wanted_app_that_only_runs_because_the_active_slot_failed_becomes_the_active_one(lamp):
    with Repl(lamp.port) as node:  # RTC memory still says that slot a runs
        node.run("f=open('/state.json','w');f.write('{\"active\":\"b\"}');f.close()")
    lamp.console.wait_for("app: slot a runs, the other slot is failed")
    told = update(lamp)
    assert (told["updated"], told["slot"]) == (True, "b")
    assert identify.ask(lamp.port).facts["slot"] == "b"


def test_a_node_without_an_app_in_a_folder_is_refused_and_flash_replaces_it_and_keeps_the_configuration(lamp):
    with Repl(lamp.port) as node:
        node.run("import os;os.rename('/a','/a.app');os.rename('/b','/b.app')")
    done = run(lamp)
    assert isinstance(done.exception, UpdateFailed)
    assert "no app in slot" in done.exception.cause and "`lamplighter flash`" in done.exception.remedy
    lamp.console.forget()
    flashed = CliRunner().invoke(lamplighter, ["flash", "--board", BOARD, "--port", lamp.port])
    assert flashed.exit_code == 0, flashed.output
    lamp.console.wait_for("app: lp-0042")
    assert update(lamp)["updated"] is False


def test_an_app_that_does_not_start_gives_way_to_the_old_one(lamp, tmp_path, monkeypatch):
    edited(tmp_path, monkeypatch, "lamppost/app.py", "\n\nraise ValueError('bad build')\n")
    done = run(lamp)
    assert isinstance(done.exception, UpdateFailed) and "does not run" in done.exception.cause
    assert "went back to its previous app" in done.exception.remedy
    lamp.console.wait_for("app: lp-0042")
    assert identify.ask(lamp.port).facts["slot"] == "a"


def test_spoilt_and_lost_bytes_are_sent_again(lamp, tmp_path, monkeypatch):
    app = edited(tmp_path, monkeypatch)
    sent = []
    send = repl.Talk.send

    def noisy(self, data):
        sent.append(data)
        if len(sent) == 1:
            data = data[:40] + bytes([data[40] ^ 0x55]) + data[41:]
        elif len(sent) == 8:  # of the second attempt
            data = data[:-30]
        send(self, data)

    monkeypatch.setattr(repl.Talk, "send", noisy)
    monkeypatch.setattr(renewing, "ACK_S", 1.5)
    wanted = littlefs.slot(app)
    with Repl(lamp.port) as node:
        done = renewing.renew(node, wanted, renewing.look(node))
    assert done.again == 2
    assert hashes_of(lamp, "b") == hashes(wanted)


def test_a_cable_pulled_in_the_middle_leaves_the_old_app_and_the_same_command_completes(lamp, tmp_path, monkeypatch):
    edited(tmp_path, monkeypatch, "lamppost/app.py")
    app = edited(tmp_path, monkeypatch, "lamppost/assembly.py", f"\n\nFILLING = {random.Random(1).randbytes(2000)}\n")
    received, sent = [], bytearray()
    framed, take, send = delta.framed, repl.Talk.take, repl.Talk.send
    blocks = []

    def told(coming):
        blocks.extend(framed(coming))
        return blocks

    def all_but_the_third_block(self, data):
        sent.extend(data)
        send(self, data[: len(data) - max(0, len(sent) - len(blocks[0] + blocks[1]))])

    def pull(self, count, within):
        said = take(self, count, within)
        received.append(said)
        if received.count(b"k") == 2:  # the first file is there, the second begins
            lamp.power_off()
            raise OSError(5, "Input/output error")
        return said

    monkeypatch.setattr(delta, "framed", told)
    monkeypatch.setattr(repl.Talk, "send", all_but_the_third_block)
    monkeypatch.setattr(repl.Talk, "take", pull)
    done = run(lamp)
    assert isinstance(done.exception, CablePulled), done.exception
    monkeypatch.setattr(delta, "framed", framed)
    monkeypatch.setattr(repl.Talk, "send", send)
    monkeypatch.setattr(repl.Talk, "take", take)
    lamp.power_on()
    lamp.console.forget()
    lamp.console.wait_for("app: lp-0042")
    assert identify.ask(lamp.port).facts["slot"] == "a"
    told = update(lamp)
    assert told["build"] == app.build and 1 <= told["changed"] <= 2, "the file that had arrived is not sent again"


def test_a_plan_keeps_what_is_there_and_sends_the_rest_as_a_change_of_what_it_was():
    old = {"a.mpy": b"A" * 50, "b.mpy": b"B" * 60, "c.mpy": b"C" * 70}
    wanted = {**old, "b.mpy": b"b" * 61, "d.mpy": b"D", "manifest.json": b"{}"}
    here = [delta.short(path, hashlib.sha256(data).digest()) for path, data in sorted(old.items())]
    spare = [delta.short("d.mpy", hashlib.sha256(b"D").digest())]
    plan = delta.plan({path: wanted[path] for path in (*old, "d.mpy")}, here, spare, [b"other", b"B" * 60])
    assert plan == delta.Plan([0, 2], [0], [delta.Coming("b.mpy", b"b" * 61, (1, b"B" * 60))])
    assert delta.ranges([0, 2, 3, 4, 9]) == [[0, 1], [2, 5], [9, 10]]


@pytest.mark.parametrize("data", [b"", b"\x03", b"\x03" * 300, b"a" * 253, b"a" * 254, b"a" * 255, b"a\x03" * 200,
                                  bytes(range(256)) * 5, b"a" * 508 + b"\x03"])  # fmt: skip
def test_what_crosses_the_line_holds_no_ctrl_c_and_comes_out_as_it_went_in(data):
    names = on_node("def unstuffed", "class Line")
    packed = bytearray(delta.stuffed(data))
    assert 3 not in packed and len(packed) <= len(data) + 2 + len(data) // 200
    count = names["unstuffed"](packed, len(packed))
    assert bytes(packed[:count]) == data


def on_node(begin, end, **names):
    """A part of the node's program."""
    source = renewing.program_text()
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
