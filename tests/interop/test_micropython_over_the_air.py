"""MicroPython in a release: the node takes it with the app, or says in one word what is wrong with it."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from air_street import MACHINE, NEW, OLD, Street, micropython
from lamplighter.image.compile import App
from lamplighter.pki import release_keys
from lamplighter.release import release_folder
from lamplighter.release.base_image import BaseImage


@pytest.fixture
def street(tmp_path):
    return Street(tmp_path)


@pytest.fixture
def with_base(street):
    """A function (image, machine, version, build) -> the street's release is that one from now on."""

    def make(image, machine=MACHINE, version="1.28.1", app=NEW, **options):
        build = "new" if app is NEW else "old"
        street.made = release_folder.write(
            street.releases, App(app, "1.1", build), street.signed(street.first),
            images=[BaseImage(machine, version, image, ())], **options,
        )  # fmt: skip
        return image

    return make


def block_file(street, image):
    return street.releases / "files" / hashlib.sha256(image).hexdigest()[:16]


def test_micropython_goes_into_the_other_slot_and_is_on_trial_with_its_app(street, with_base):
    image = with_base(micropython("new", 30001))
    result = street.run()
    assert result["boots"] == "ota_1" and result["state"]["active"] == "a"
    assert result["state"]["trial"]["base"] == {"to": "ota_1", "from": "ota_0", "starts": 1}
    assert result["state"]["trial"]["slot"] == "b"
    assert result["said"][-1][3:] == [len(image)] * 2


def test_micropython_alone_keeps_the_app_and_its_slot(street, with_base):
    with_base(micropython("new"), app=OLD)
    result = street.run(old_build=street.made.document["build"])
    assert result["boots"] == "ota_1" and result["state"]["trial"]["slot"] == "a"


def test_micropython_for_another_variant_is_left_out_and_the_app_is_taken(street, with_base):
    with_base(micropython("new"), machine="Generic ESP32 module with SPIRAM with ESP32")
    result = street.run()
    assert result["boots"] == "ota_0" and result["state"]["active"] == "b" and "base" not in result["state"]["trial"]


def ends_on_old(street, **options):
    """The last phase and word; neither app nor MicroPython is changed."""
    result = street.run(**options)
    assert result["state"]["active"] == "a" and "trial" not in result["state"] and result["boots"] == "ota_0"
    return tuple(result["said"][-1][:2])


def test_micropython_of_another_chip_is_refused_although_it_was_signed(street, with_base):
    with_base(micropython("new", chip=9))
    assert ends_on_old(street) == ("rejected", "board")


def test_micropython_that_is_larger_than_its_slot_is_refused_before_it_is_fetched(street, with_base):
    with_base(micropython("new", 60000))
    assert ends_on_old(street) == ("rejected", "full")


def test_micropython_of_a_version_that_the_app_does_not_know_is_refused(street, with_base):
    for version in ("1.20.0", "2.0", "x"):
        with_base(micropython("new"), version=version)
        assert ends_on_old(street) == ("rejected", "micropython"), version


def test_a_table_without_a_second_slot_is_said(street, with_base):
    with_base(micropython("new"))
    assert ends_on_old(street, without=["ota_1", "otadata"]) == ("rejected", "slots")


def test_an_old_boot_loader_is_refused_unless_the_release_allows_it(street, with_base):
    with_base(micropython("new"))
    assert ends_on_old(street, rollback=False) == ("rejected", "loader")
    with_base(micropython("new"), without_rollback=True)
    result = street.run(rollback=False)
    assert result["boots"] == "ota_1" and result["state"]["rollback"] is False


def test_a_block_with_another_content_than_its_hash_is_not_written(street, with_base):
    image = with_base(micropython("new"))
    spoilt = bytearray(image)
    spoilt[9000] ^= 1
    block_file(street, image).write_bytes(bytes(spoilt))
    assert ends_on_old(street, ends=["rejected"]) == ("rejected", "spoilt")


def test_the_last_bit_of_an_image_counts(street, with_base):
    image = with_base(micropython("new", 30001))
    block_file(street, image).write_bytes(image[:-1] + bytes([image[-1] ^ 1]))
    assert ends_on_old(street, ends=["rejected"]) == ("rejected", "spoilt")


def test_a_server_that_ends_in_the_middle_of_micropython_is_asked_again(street, with_base):
    image = with_base(micropython("new"))
    block_file(street, image).write_bytes(image[:9000])
    assert ends_on_old(street) == ("waiting", "answer")


def test_an_image_that_the_chip_refuses_is_not_started(street, with_base):
    image = bytearray(micropython("new"))
    image[100] ^= 1  # signed like that: its own digest is wrong
    with_base(bytes(image))
    result = street.run()
    assert result["boots"] == "ota_0" and "trial" not in result["state"]
    assert (result["state"]["last"]["phase"], result["state"]["last"]["word"]) == ("rejected", "spoilt")


def test_a_list_of_blocks_that_does_not_fit_is_refused(street, with_base):
    with_base(micropython("new"))
    document = street.made.document
    document["base"][MACHINE]["size"] += 9000
    line = json.dumps(document, separators=(",", ":")).encode()
    signature = base64.b64encode(release_keys.sign(street.keys.read(street.first, None), line))
    sha256 = street.change(lambda text: line + b"\n" + street.first.encode() + b" " + signature + b"\n")
    assert ends_on_old(street, sha256=sha256) == ("rejected", "desired")
