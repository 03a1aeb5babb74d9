"""A release is believed only with the signature of a trusted key, and only where it fits."""

import json
from binascii import b2a_base64, unhexlify

from captured import DATA, text
from lamppost.core.faults import UpdateFault
from lamppost.ops.update import release, rsa

VECTORS = json.loads(text(DATA + "rsa_vectors.json"))
MODULUS = unhexlify(VECTORS["modulus"])
MESSAGE = VECTORS["message"].encode()
GOOD = unhexlify(VECTORS["pkcs1_sha256"])
DOC = {"version": "1.4.0", "build": "abc", "manifest": "00", "floor": "1.0", "boards": ["lamppost-esp32"],
       "micropython": ["1.26", "1.29"], "mpy": 6}  # fmt: skip


def flipped(text, bit):
    found = bytearray(text)
    found[bit // 8] ^= 1 << bit % 8
    return bytes(found)


def word(call, *arguments):
    try:
        call(*arguments)
    except UpdateFault as fault:
        return fault.word
    return None


def test_the_signature_of_the_reference_library_is_right():
    assert rsa.verify(MODULUS, GOOD, MESSAGE)


def test_one_bit_flipped_in_signature_message_or_key_is_no_signature():
    for bit in (0, 7, 1000, 3071):
        assert not rsa.verify(MODULUS, flipped(GOOD, bit), MESSAGE)
        assert not rsa.verify(flipped(MODULUS, bit), GOOD, MESSAGE)
    for bit in range(len(MESSAGE) * 8):
        assert not rsa.verify(MODULUS, GOOD, flipped(MESSAGE, bit))


def test_other_schemes_and_forged_padding_are_refused():
    for name in ("pkcs1_sha512", "pss", "short_padding"):
        assert not rsa.verify(MODULUS, unhexlify(VECTORS[name]), MESSAGE), name


def test_trivial_signatures_and_short_keys_are_refused():
    n = int.from_bytes(MODULUS, "big")
    for number in (0, 1, n - 1, n):
        assert not rsa.verify(MODULUS, number.to_bytes(384, "big"), MESSAGE)
    larger = (int.from_bytes(GOOD, "big") + n) % (1 << 3072)
    assert not rsa.verify(MODULUS, larger.to_bytes(384, "big"), MESSAGE)
    for signature in (b"", GOOD[:-1], GOOD + b"\0"):
        assert not rsa.verify(MODULUS, signature, MESSAGE)
    assert not rsa.verify(MODULUS[:128], GOOD[:128], MESSAGE)


def test_a_release_names_keys_and_one_that_is_trusted_suffices():
    line = json.dumps(DOC).encode()
    real, rsa.verify = rsa.verify, lambda modulus, signature, message: (modulus, message) == (b"\x02", line)
    try:
        found = line + b"\nold " + b2a_base64(b"x") + b"new " + b2a_base64(b"y")
        assert release.signed_by(found, {"new": "02", "backup": "03"})[1] == "new"
        for keys in ({}, {"backup": "03"}, {"old": "03"}, {"new": "not hex"}):
            assert word(release.signed_by, found, keys) == "untrusted", keys
        for broken in (b"", line, line + b"\nnew", b"new y\n" + found):
            assert word(release.signed_by, broken, {"new": "02"}) == "untrusted", broken
    finally:
        rsa.verify = real


def test_what_is_signed_and_yet_no_release_is_refused():
    real, rsa.verify = rsa.verify, lambda modulus, signature, message: True
    try:
        for line in (b"{}", b"[]", b"7", b"nothing", json.dumps(dict(DOC, boards="x")).encode(),
                     json.dumps(dict(DOC, boards=[1])).encode(), json.dumps(dict(DOC, micropython=["1"])).encode(),
                     b"[" * 900):
            assert word(release.signed_by, line + b"\nnew eQ==\n", {"new": "02"}) == "desired", line
    finally:
        rsa.verify = real


def test_a_release_for_other_boards_other_micropythons_or_below_the_floor_is_refused():
    def fits(board="lamppost-esp32", version=(1, 28, 0), mpy=6, floor="0"):
        return word(release.check_fits, DOC, board, version, mpy, floor)

    assert fits() is None
    assert fits(version=(1, 26, 0, "")) is None and fits(version=(1, 29, 7)) is None
    assert fits(board="lamppost-esp32s3") == "board"
    assert fits(version=(1, 25, 9)) == "micropython" and fits(version=(1, 30, 0)) == "micropython"
    assert fits(mpy=7) == "micropython"
    assert fits(floor="1.4.0") is None and fits(floor="1.4.1") == "floor" and fits(floor="1.10") == "floor"

