"""Images: what is built is what the chip, MicroPython and the tools expect; what is wrong is refused in words."""

import dataclasses
import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from lamplighter.boards import board_file, partitions
from lamplighter.commands.image import command
from lamplighter.image import build, esp_format, flash_dump, littlefs, official
from lamplighter.image.compile import Cache, compile_module
from lamplighter.image.simulated import standin_bytes
from lamplighter.paths import folder
from lamplighter.problems import BoardInvalid, FileRefused, ImageInvalid, ImageMissing, WrongChip
from official_lookalikes import FILES, lookalike

BIN = Path(sys.executable).parent
FILE = "ESP32_GENERIC-SPIRAM-20260406-v1.28.0.bin"
OCTAL = "ESP32_GENERIC_S3-SPIRAM_OCT-20260406-v1.28.0.bin"
PLAIN_S3 = "ESP32_GENERIC_S3-20250911-v1.26.1.bin"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A cache of the compiled firmware."""
    path = tmp_path_factory.mktemp("compiled") / "compiled.json"
    cache, source = Cache(path), folder("firmware")
    for module in (source / "lamppost").rglob("*.py"):
        compile_module(module.relative_to(source).as_posix(), module.read_text(encoding="utf-8"), cache)
    cache.save()
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch, compiled):
    """The user's cache and image folder, empty but for the compiled firmware."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LAMPLIGHTER_IMAGES", raising=False)
    (tmp_path / "cache" / "lamplighter").mkdir(parents=True)
    shutil.copy(compiled, tmp_path / "cache" / "lamplighter")
    return tmp_path / "cache"


@pytest.fixture
def board():
    return board_file.load("lamppost-esp32")


def small(board, *, app_size=4096):
    """As from micropython.org, and small: quick to take apart at many places."""
    chip, machine = board.silicon, board.micropython.machine
    rows = [partitions.Partition("nvs", 1, 2, 0x9000, 0x4000), partitions.Partition("factory", 0, 0, 0x10000, 0x1F0000)]
    loader = esp_format.build(chip.image_id, 4 << 20, [(chip.load_addresses[1], b"loader")])
    said = f"\0v1.28.0 on 2026-04-06\0{machine} with {chip.title}\0".encode()
    body = (esp_format.descriptor("") + said).ljust(app_size, b"\0")
    app = esp_format.build(chip.image_id, 4 << 20, [(chip.load_addresses[0], body)])
    head = (loader.ljust(0x8000 - chip.offset, b"\xff") + partitions.encode(rows)).ljust(0x10000 - chip.offset, b"\xff")
    return head + app


def put(tmp_path, data, name=FILE):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def refused(kind, tmp_path, board, data, name=FILE):
    with pytest.raises(kind) as refusal:
        build.build(board, put(tmp_path, data, name), tmp_path / "out.bin")
    assert not (tmp_path / "out.bin").exists()
    return refusal.value


@pytest.mark.parametrize("name", board_file.names())
def test_esptool_finds_every_check_of_the_stand_in_valid(tmp_path, name):
    board = board_file.load(name)
    data = standin_bytes(board)
    start = 0x10000 - board.silicon.offset
    for part in (put(tmp_path, data, "whole.bin"), put(tmp_path, data[start:], "app.bin")):
        done = subprocess.run(
            [BIN / "esptool", "--chip", board.chip, "image-info", part], capture_output=True, text=True, check=True
        )
        assert done.stdout.count("(valid)") == 2, done.stdout
    assert "micropython-simulated" in done.stdout


@pytest.mark.parametrize("name", board_file.names())
def test_two_builds_give_the_same_bytes(tmp_path, name):
    board = board_file.load(name)
    first = build.build(board, build.standin(board))
    second = build.build(board, build.standin(board), tmp_path / "out.bin")
    assert first.segments == second.segments
    assert (tmp_path / "out.bin").read_bytes() == first.flash()
    assert len(first.flash()) == board.flash_size


def test_the_flash_has_everything_where_the_chip_looks_for_it(tmp_path, board):
    data = lookalike(FILE)
    built = build.build(board, put(tmp_path, data))
    flash = built.flash()
    assert flash[0x1000] == 0xE9 and flash[0x10000] == 0xE9
    assert flash[0x10000 : 0x10000 + len(data) - 0xF000] == data[0xF000:]
    assert partitions.decode(flash[0x8000:0x8C00]) == list(board.partitions)
    otadata = flash[0xD000:0xF000]  # as the boot loader leaves it after a first start of ota_0
    assert otadata[:4] == b"\x01\0\0\0" and set(otadata[32:]) == {0xFF}
    journal = board.partition("journal")
    assert all(
        end <= journal.offset or start >= journal.end
        for start, end in ((offset, offset + len(bytes_)) for offset, bytes_ in built.segments)
    ), "flashing must not touch the journal"
    assert built.micropython == "v1.28.0" and not built.simulated


def mounted(tmp_path, flash, board, script):
    """Run a script under real MicroPython with the vfs partition of a flash mounted at /node."""
    vfs = board.partition("vfs")
    whole = put(tmp_path, flash, "flash.bin")
    program = f"""
import vfs, os, sys, json
class Device:
    def __init__(self):
        file = open({str(whole)!r}, "rb")
        file.seek({vfs.offset})
        self.data = bytearray({vfs.size})
        file.readinto(self.data)
    def readblocks(self, n, buf, off=0):
        buf[:] = memoryview(self.data)[n * 4096 + off : n * 4096 + off + len(buf)]
    def writeblocks(self, n, buf, off=None):
        self.data[n * 4096 + (off or 0) : n * 4096 + (off or 0) + len(buf)] = buf
    def ioctl(self, op, arg):
        return {{4: len(self.data) // 4096, 5: 4096}}.get(op, 0)
vfs.mount(vfs.VfsLfs2(Device()), "/node")
{script}
"""
    path = tmp_path / "script.py"
    path.write_text(program)
    done = subprocess.run([BIN / "micropython", "-X", "heapsize=16M", path], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_real_micropython_mounts_the_file_system_and_imports_the_compiled_app_from_both_slots(tmp_path, board):
    built = build.build(board, build.standin(board))
    out = mounted(tmp_path, built.flash(), board, """
print(sorted(os.listdir("/node")), sorted(os.listdir("/node/a")))
for slot in "ab":
    sys.path.insert(0, "/node/" + slot)
    from lamppost.ops import config_store
    from lamppost import made
    print(config_store.__file__, callable(config_store.adopt), made.BUILD)
    for absent in ("lamppost.core.absent", "lamppost.absent", "absent"):
        try:
            __import__(absent)
        except ImportError:
            continue
        print(absent, "is there")
    for name in [name for name in sys.modules if name.startswith("lamppost")]:
        del sys.modules[name]
    sys.path.pop(0)
print(json.load(open("/node/state.json")))
""")  # fmt: skip
    assert out.splitlines() == [
        "['a', 'b', 'base_image.py', 'board.json', 'boot.py', 'lock.mpy', 'main.py', 'state.json'] "
        "['lamppost', 'manifest.json']",
        f"/node/a/lamppost/ops/config_store.mpy True {built.build}",
        f"/node/b/lamppost/ops/config_store.mpy True {built.build}",
        "{'active': 'a'}",
    ]


def test_each_slot_shows_what_the_source_tree_shows_and_a_manifest_with_the_hash_of_each_file(board):
    app = littlefs.compile_app()
    files = littlefs.files(board, app)
    root = folder("firmware")
    sources = {path.relative_to(root).as_posix() for path in (root / "lamppost").rglob("*.py")}
    for slot in "ab":
        there = {path[2:]: data for path, data in files.items() if path.startswith(f"{slot}/")}
        manifest = json.loads(there.pop("manifest.json"))
        assert {path.replace(".mpy", ".py") for path in there} == sources
        assert manifest["files"] == {path: hashlib.sha256(data).hexdigest() for path, data in there.items()}
        assert (manifest["build"], manifest["version"]) == (app.build, app.version)


def test_flashing_over_an_older_file_system_shows_the_new_one(tmp_path, board):
    """Only blocks in use are written: what older blocks lie around must not be taken for newer."""
    vfs = board.partition("vfs")
    old = {f"{folder}/{name}.txt": b"old" * 200 for folder in ("a/lamppost/core", "a", "old") for name in "xyz"}
    stale = bytearray(littlefs.littlefs(board, old)[0])
    for block in range(0, len(stale), 4096):  # as after many rewrites: every block an old directory with a high count
        if stale[block : block + 4096].strip(b"\xff") == b"":
            stale[block : block + 4096] = stale[4096:8192] if block % 8192 else stale[:4096]
            stale[block : block + 4] = (0x7FFFFF00).to_bytes(4, "little")
    flash = bytearray(b"\x00") * board.flash_size
    flash[vfs.offset : vfs.end] = stale
    built = build.build(board, build.standin(board))
    for offset, data in built.segments:
        flash[offset : offset + len(data)] = data
    out = mounted(tmp_path, bytes(flash), board, """
print(sorted(os.listdir("/node")))
print(os.stat("/node/a/manifest.json")[6])
""")  # fmt: skip
    assert "old" not in out
    assert out.splitlines()[1] == f"{len(littlefs.slot(littlefs.compile_app())['manifest.json'])}"


def test_files_that_do_not_fit_the_partition_are_refused_with_both_sizes(board):
    small = [dataclasses.replace(row, size=0x10000) if row.name == "vfs" else row for row in board.partitions]
    with pytest.raises(BoardInvalid) as refusal:
        build.app_filesystem(dataclasses.replace(board, partitions=tuple(small)))
    assert "do not fit the vfs partition of lamppost-esp32 (65,536 bytes)" in refusal.value.cause


def test_the_file_system_leaves_room_for_configuration_and_the_next_firmware(board):
    _, blocks = littlefs.littlefs(board, littlefs.files(board, littlefs.compile_app()))
    assert len(blocks) <= board.partition("vfs").size // 4096 - 8


def test_a_stand_in_can_be_told_from_an_official_image(tmp_path, board):
    standin = build.build(board, build.standin(board))
    assert standin.simulated and build.is_standin(standin.flash())
    assert any(build.is_standin(data) for _, data in standin.segments)
    assert not build.is_standin(small(board))
    assert "simulated" in build.standin(board).name and standin.micropython == "v1.29.0-simulated"


def test_a_truncated_image_is_called_truncated_wherever_it_was_cut(tmp_path, board):
    whole = small(board)
    for size in (2, 30, 0x6000, 0x7010, 0x7800, 0xF000, 0xF00F, len(whole) - 1000, len(whole) - 1):
        refusal = refused(ImageInvalid, tmp_path, board, whole[:size])
        assert "truncated" in refusal.cause, (size, refusal.cause)
        assert f"{size:,} bytes" in refusal.cause


def test_a_flipped_bit_in_boot_loader_table_or_app_is_found(tmp_path, board):
    whole = small(board)
    places = ((0x1A, "boot loader"), (0x7008, "partition table"), (0xF400, "app"), (len(whole) - 5, "app"))
    for position, said in places:
        spoilt = bytearray(whole)
        spoilt[position] ^= 4
        refusal = refused(ImageInvalid, tmp_path, board, bytes(spoilt))
        assert said in refusal.cause, (hex(position), refusal.cause)


def test_two_thousand_spoiled_images_are_refused_in_words_or_are_still_whole(board):
    whole, chance = small(board), random.Random(28)
    accepted = 0
    for case in range(2000):
        spoilt = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            start = chance.choice((0, 0x7000, 0xF000, 0xF000 + 24, len(spoilt) - 64))
            at = min(start + chance.randrange(64), len(spoilt) - 1)
            spoilt[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        if case % 4 == 0:
            del spoilt[chance.randrange(len(spoilt)) :]
        try:
            official_image = esp_format.check(bytes(spoilt), board, "spoiled.bin")
        except (ImageInvalid, WrongChip) as refusal:
            assert refusal.cause.startswith(("The ", "There is no ", "spoiled.bin")), refusal.cause
        else:
            accepted += 1
            assert official_image.version == "v1.28.0"
    assert accepted < 400, "most of them must be refused"


def test_the_checksum_is_checked_even_where_no_sha_is_appended(tmp_path, board):
    whole = bytearray(small(board))
    whole[0xF000 + 23] = 0  # "no digest follows"
    assert build.build(board, put(tmp_path, bytes(whole)))
    whole[0xF000 + 400] ^= 1
    assert "checksum" in refused(ImageInvalid, tmp_path, board, bytes(whole)).cause


ACCEPTED = {("lamppost-esp32", FILE), ("lamppost-esp32s3", OCTAL), ("lamppost-esp32s3-n8r2", PLAIN_S3)}
OLD = "holds MicroPython v1.2{}.0; lamppost-esp32 needs 1.26 to 1.29."
VARIANT = "is the variant {!r}; {} needs {!r}, which uses its PSRAM."
SPIRAM, OCTAL_NAME = "Generic ESP32 module with SPIRAM", "Generic ESP32S3 module with Octal-SPIRAM"
REFUSED = {  # (board, file): cause
    ("lamppost-esp32", FILES[0]): OLD.format(3),
    ("lamppost-esp32", FILES[1]): VARIANT.format("Generic ESP32 module", "lamppost-esp32", SPIRAM),
    ("lamppost-esp32", FILES[2]): VARIANT.format("Generic ESP32 module", "lamppost-esp32", SPIRAM),
    ("lamppost-esp32", FILES[3]): OLD.format(5),
    ("lamppost-esp32s3", PLAIN_S3): VARIANT.format("Generic ESP32S3 module", "lamppost-esp32s3", OCTAL_NAME),
    ("lamppost-esp32s3-n8r2", OCTAL): VARIANT.format(OCTAL_NAME, "lamppost-esp32s3-n8r2", "Generic ESP32S3 module"),
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", board_file.names())
def test_each_official_image_is_accepted_or_refused_for_each_board_with_the_right_words(tmp_path, name, file):
    board, source = board_file.load(name), put(tmp_path, lookalike(file), file)
    if (name, file) in ACCEPTED:
        built = build.build(board, source)
        assert built.micropython == re.search(r"v[\d.]+(?=\.bin)", file)[0]
        return
    refusal = refused((ImageInvalid, WrongChip), tmp_path, board, source.read_bytes(), file)
    if file.startswith("ESP32_GENERIC_S3") == (board.chip == "esp32s3"):
        assert refusal.cause == f"{file} {REFUSED[name, file]}" and refusal.exit_code == 23
    else:
        theirs, ours = ("ESP32", "ESP32-S3") if board.chip == "esp32s3" else ("ESP32-S3", "ESP32")
        assert refusal.cause == f"{file} is for the {theirs}; {name} has an {ours}." and refusal.exit_code == 20
    assert f"Get {board.micropython.pattern} from {board.micropython.page}" in refusal.remedy


@pytest.mark.parametrize(("name", "file"), sorted(ACCEPTED))
def test_the_flash_size_is_set_in_the_boot_loaders_header_and_its_sha_is_right(tmp_path, name, file):
    official = lookalike(file)
    assert official[3] >> 4 == 2, "official images say 4 MB"
    board = board_file.load(name)
    loader = build.build(board, put(tmp_path, official, file)).parts[0]
    assert (loader.name, loader.data[3] >> 4, loader.data[3] & 0xF) == ("loader", 3, official[3] & 0xF)
    (tmp_path / "loader.bin").write_bytes(loader.data)
    said = subprocess.run(
        [BIN / "esptool", "--chip", board.chip, "image-info", tmp_path / "loader.bin"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "Flash size: 8MB" in said and said.count("(valid)") == 2, said


def test_a_boot_loader_without_a_sha_only_gets_its_flash_size_set():
    plain = bytes([0xE9, 1, 2, 0x2F]) + bytes(60)
    assert esp_format.with_flash_size(plain, 16 << 20) == bytes([0xE9, 1, 2, 0x4F]) + bytes(60)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("v1.30.0 on 2027-05-01", "holds MicroPython v1.30.0; lamppost-esp32 needs 1.26 to 1.29"),
        ("v1.29.0-preview.120.g1234abcd on 2026-07-12", ""),
        ("no version at all", "does not contain MicroPython"),
    ],
)
def test_the_version_is_read_from_the_image_and_not_from_its_name(tmp_path, board, version, said):
    data = lookalike(FILE, version=version)
    if said:
        assert said in refused(ImageInvalid, tmp_path, board, data).cause
    else:
        assert build.build(board, put(tmp_path, data)).micropython == "v1.29.0-preview.120.g1234abcd"


def test_a_later_release_that_spells_the_chip_otherwise_is_the_same_variant(tmp_path):
    data = lookalike(OCTAL, machine="Generic ESP32S3 module with Octal-SPIRAM with ESP32-S3")
    assert build.build(board_file.load("lamppost-esp32s3"), put(tmp_path, data)).micropython == "v1.28.0"


def test_an_image_of_a_chip_that_no_board_has_is_named_too(tmp_path, board):
    data = bytearray(small(board))
    data[12] = 5
    data[: 0x80] = data[:0x30] + hashlib.sha256(data[:0x30]).digest() + data[0x50:0x80]
    assert "is for the ESP32-C3; lamppost-esp32 has an ESP32." in refused(WrongChip, tmp_path, board, bytes(data)).cause


def test_an_app_that_does_not_fit_its_slot_is_refused_with_both_sizes(tmp_path, board):
    refusal = refused(ImageInvalid, tmp_path, board, small(board, app_size=1835008))
    assert "1,835,088 bytes; ota_0 of lamppost-esp32 holds 1,835,008" in refusal.cause


def test_a_whole_flash_with_the_wrong_variant_is_refused_too(tmp_path):
    quad = board_file.load("lamppost-esp32s3-n8r2")
    whole = tmp_path / "whole.bin"
    build.build(quad, put(tmp_path, lookalike(PLAIN_S3), PLAIN_S3), whole)
    assert {segment.name for segment in flash_dump.read(whole, quad)} >= {"loader", "table", "ota_0", "vfs"}
    with pytest.raises(ImageInvalid, match="is the variant 'Generic ESP32S3 module'; lamppost-esp32s3 needs"):
        flash_dump.read(whole, board_file.load("lamppost-esp32s3"))


def test_all_images_are_built_from_one_folder_of_official_files(tmp_path, monkeypatch):
    images = tmp_path / "images"
    images.mkdir()
    for file in FILES:
        put(images, lookalike(file), file)
    monkeypatch.setenv("LAMPLIGHTER_IMAGES", str(images))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, ["--all", "--json"], catch_exceptions=False)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["board"], row["micropython"]) for row in said] == [
        ("lamppost-esp32", "v1.28.0"), ("lamppost-esp32s3", "v1.28.0"), ("lamppost-esp32s3-n8r2", "v1.26.1"),
    ]  # fmt: skip
    for row in said:
        flash = Path(row["file"]).read_bytes()
        start = board_file.load(row["board"]).silicon.offset
        assert len(flash) == 8 << 20 and flash[start + 3] >> 4 == 3


def test_a_web_page_saved_as_image_is_no_image(tmp_path, board):
    assert "not an ESP32 image" in refused(ImageInvalid, tmp_path, board, b"<!DOCTYPE html>" * 1000).cause
    assert refused(ImageInvalid, tmp_path, board, b"").exit_code == 23


def test_the_newest_supported_image_of_the_users_folder_is_taken(tmp_path, board, monkeypatch):
    folder = tmp_path / "images"
    folder.mkdir()
    monkeypatch.setenv("LAMPLIGHTER_IMAGES", str(folder))
    for version in ("v1.22.2", "v1.26.0", "v1.28.0", "v1.9.4", "v1.30.0"):
        put(folder, b"", f"ESP32_GENERIC-SPIRAM-20260406-{version}.bin")
    put(folder, b"", "ESP32_GENERIC-20260406-v1.29.0.bin")
    assert build.find_micropython(board).name == FILE


def test_a_missing_image_is_explained_with_where_to_put_it(tmp_path, board, monkeypatch):
    monkeypatch.setenv("LAMPLIGHTER_IMAGES", str(tmp_path / "mine"))
    unreachable = dataclasses.replace(board.micropython, address="http://127.0.0.1:9/firmware/")
    with pytest.raises(ImageMissing) as refusal:
        build.find_micropython(dataclasses.replace(board, micropython=unreachable))
    assert FILE in refusal.value.remedy and str(tmp_path / "mine") in refusal.value.remedy
    assert "https://micropython.org/download/ESP32_GENERIC/" in refusal.value.remedy
    assert any("cannot be reached" in detail for detail in refusal.value.details)
    assert refusal.value.exit_code == 22


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path, board):
    """(folder that is served, the board that looks there)"""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    yield folder, dataclasses.replace(board, micropython=dataclasses.replace(board.micropython, address=address))
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_image_is_downloaded_once_and_then_cached(site):
    folder, board = site
    data = small(board)
    put(folder, data)
    first = build.find_micropython(board)
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(data).digest()
    (folder / FILE).unlink()
    assert build.find_micropython(board) == first
    assert [path.name for path in official.cache_folder().iterdir()] == [FILE]


def test_a_download_that_breaks_off_leaves_nothing_in_the_cache(site):
    folder, board = site
    put(folder, small(board)[:-100])
    with pytest.raises(ImageMissing) as refusal:
        build.find_micropython(board)
    assert any("truncated" in detail for detail in refusal.value.details)
    assert not official.cache_folder().exists()


def test_the_command_builds_and_says_what_it_built(tmp_path, board):
    source = put(tmp_path, small(board))
    out = tmp_path / "flash.bin"
    arguments = ["--board", "lamppost-esp32", "--micropython", str(source), "--out", str(out), "--json"]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    said = json.loads(done.stdout)
    assert out.stat().st_size == 8 << 20
    assert said["board"] == "lamppost-esp32" and said["micropython"] == "v1.28.0" and said["simulated"] is False
    assert {row["name"] for row in said["segments"]} == {"loader", "table", "otadata", "ota_0", "vfs"}
    assert said["bytes"] == sum(row["size"] for row in said["segments"]) < out.stat().st_size // 4


def test_a_place_that_cannot_be_written_is_a_problem_and_leaves_nothing(tmp_path, board):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileRefused) as refusal:
        build.build(board, build.standin(board), tmp_path / "file" / "out.bin")
    assert "cannot be written" in refusal.value.cause and "--out" in refusal.value.remedy
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileRefused):
        build.build(board, build.standin(board), tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "file", "folder"]


def test_the_command_wants_one_board_or_all_of_them():
    done = CliRunner().invoke(command, [])
    assert done.exit_code == 2 and "lamppost-esp32" in done.output
    assert CliRunner().invoke(command, ["--all", "--out", "x"]).exit_code == 2
