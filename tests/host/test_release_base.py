"""MicroPython in a release: official images are taken whole or as app, and one that no board can use is refused."""

import hashlib

import pytest
from lamplighter.boards import board_file
from lamplighter.image.compile import App
from lamplighter.image.simulated import standin_bytes
from lamplighter.pki.release_keys import ReleaseKeys
from lamplighter.problems import ImageInvalid, ImageMissing, ReleaseInvalid
from lamplighter.release import base_image, release_address, release_folder
from lamplighter.release.what_runs import WhatRuns
from official_lookalikes import FILES, MACHINES, lookalike

SPIRAM = next(name for name in FILES if name.startswith("ESP32_GENERIC-SPIRAM") and "1.28" in name)


def read(tmp_path, data, name="micropython.bin"):
    path = tmp_path / name
    path.write_bytes(data)
    return base_image.read(path)


def test_an_official_image_is_taken_whole_and_as_app(tmp_path):
    data = lookalike(SPIRAM)
    whole = read(tmp_path, data)
    app = data[0x10000 - 0x1000 :]
    assert (whole.machine, whole.version) == (MACHINES["ESP32_GENERIC-SPIRAM"], "1.28.0")
    assert whole.boards == ("lamppost-esp32",)
    assert whole.app == app[: len(whole.app)] and read(tmp_path, app) == whole
    assert whole.row["size"] == len(whole.app) and whole.row["sha256"] == hashlib.sha256(whole.app).hexdigest()


def test_the_list_of_blocks_has_a_hash_of_each_block_and_of_the_rest(tmp_path):
    image = read(tmp_path, standin_bytes(board_file.load("lamppost-esp32")))
    count = -(-len(image.app) // 4096)
    assert len(image.blocks) == 8 * count
    rest = image.app[(count - 1) * 4096 :]
    assert image.blocks[-8:] == hashlib.sha256(rest).digest()[:8]
    assert image.machine.endswith("(simulated)"), "no real lamppost takes it"


@pytest.mark.parametrize("name", [name for name in FILES if "SPIRAM" not in name and "S3" not in name])
def test_a_variant_without_psram_or_of_another_version_is_refused(tmp_path, name):
    with pytest.raises(ImageInvalid):
        read(tmp_path, lookalike(name))


def test_a_damaged_truncated_or_absent_image_is_refused(tmp_path):
    data = bytearray(lookalike(SPIRAM))
    data[0x40000] ^= 1
    for spoilt in (bytes(data), lookalike(SPIRAM)[:-4000], b"", b"\xff" * 5000):
        with pytest.raises(ImageInvalid):
            read(tmp_path, spoilt)
    with pytest.raises(ImageMissing):
        base_image.read(tmp_path / "absent.bin")


def test_the_same_app_with_another_micropython_is_a_release_of_its_own(tmp_path):
    keys = ReleaseKeys.create(tmp_path / "identity", None)
    signers = {name: keys.read(name, None) for name in list(keys.trusted)[:1]}
    app = App({"lamppost/a.mpy": b"a"}, "1.1", "same")
    plain = release_folder.write(tmp_path / "out", app, signers)
    image = read(tmp_path, lookalike(SPIRAM))
    based = release_folder.write(tmp_path / "out", app, signers, images=[image])
    assert [path.name for path in (plain.path, based.path)] == ["1.1-same.release", "1.1-same-mp1.28.0.release"]
    told = release_address.of_file(based.path)
    assert told.runs_on(WhatRuns("same", "1.28.0", image.machine))
    assert not told.runs_on(WhatRuns("same", "1.26.1", image.machine))
    assert told.runs_on(WhatRuns("same", "1.26.1", "another machine")), "it brings nothing for that one"


def test_two_images_for_the_same_machine_are_refused(tmp_path):
    one = read(tmp_path, lookalike(SPIRAM))
    with pytest.raises(ReleaseInvalid):
        release_folder.check_images([one, one])
