"""The one file of an app slot: what was packed is found again, and damage is told."""

import pytest
from lamplighter.image import pack
from lamplighter.problems import ImageInvalid

MODULES = {"lamppost/app.mpy": b"M\x06" * 40, "lamppost/core/crc.mpy": b"", "lamppost/ops/day.mpy": bytes(range(256))}


def test_every_module_is_found_by_its_path_with_its_bytes_and_checksum():
    data = pack.build(MODULES)
    found = pack.read(data)
    assert set(found) == {pack.key(path) for path in MODULES}
    for path, content in MODULES.items():
        module = found[pack.key(path)]
        assert data[module.offset : module.offset + module.length] == content


def test_the_same_modules_give_the_same_bytes_in_any_order():
    assert pack.build(dict(reversed(MODULES.items()))) == pack.build(MODULES)


def test_a_flipped_bit_a_missing_end_and_another_file_are_refused_in_words():
    data = pack.build(MODULES)
    for at in range(0, len(data), 7):
        spoiled = bytearray(data)
        spoiled[at] ^= 0x10
        with pytest.raises(ImageInvalid) as refusal:
            pack.read(bytes(spoiled))
        assert refusal.value.cause and refusal.value.remedy
    for wrong in (data[:-1], data + b"\0", data[:10], b"", b"LittleFS" * 10):
        with pytest.raises(ImageInvalid):
            pack.read(wrong)


def test_a_pack_of_a_later_version_says_so():
    with pytest.raises(ImageInvalid, match="version 2"):
        pack.read(b"LAMP\x02" + pack.build(MODULES)[5:])
