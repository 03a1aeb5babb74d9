"""lock.py: whose console is locked, what opens it, and what a wrong answer costs."""

import json
import os
from binascii import hexlify
from hashlib import sha256

from lock import ConsoleLock, proof, secret

KEY = b"the bytes of the node's private key"
ROOT = "test-lock-"


class Ground:
    """Time, the keyboard and the RTC's memory, as a test sets and sees them."""

    def __init__(self):
        self.now = 0
        self.keyboard = []
        self.marks = []

    def lock(self, key=None):
        def challenge(count):
            return bytes(range(self.now % 200, self.now % 200 + count))

        return ConsoleLock(
            key or sha256(b"lamppost console 1" + KEY).digest(), self.keyboard.append, challenge,
            lambda: self.now, lambda new, old: new - old, self.marks.append,
        )  # fmt: skip


def said(lock, line):
    """The answer of the lock to a line."""
    answers = [lock.take(bytes([byte])) for byte in line.encode() + b"\r"]
    return answers[-1]


def answer(lock, key=None):
    """Ask for a challenge and answer it."""
    challenge = bytes.fromhex(said(lock, "unlock").split()[2])
    made = proof(key or sha256(b"lamppost console 1" + KEY).digest(), challenge)
    return said(lock, "answer " + hexlify(made).decode())


def put(name, text):
    with open(ROOT + name, "w") as file:
        file.write(text)


def clean():
    for name in ("config.json", "config.old", "key"):
        try:
            os.remove(ROOT + name)
        except OSError:
            pass


def locked_by(config=None, old=None, key=None):
    """secret() of a node with these files."""
    clean()
    for name, content in (("config.json", config), ("config.old", old), ("key", key)):
        if content is not None:
            put(name, content if isinstance(content, str) else json.dumps(content))
    try:
        return secret(ROOT, lambda count: bytes(count))
    finally:
        clean()


OPERATION = {"mode": "operation", "mqtt": {"tls": {"key": ROOT + "key"}}}


def test_the_proof_is_hmac_sha_256():
    # RFC 4231, test case 1: the key filled up to 32 bytes with zeros, as HMAC itself fills it up
    key = b"\x0b" * 20 + bytes(12)
    expected = b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    assert hexlify(proof(key, b"Hi There")) == expected


def test_a_node_in_development_or_without_configuration_is_open():
    assert locked_by() is None
    assert locked_by({"mode": "development"}) is None
    assert locked_by({"site": "lisbon"}) is None
    assert locked_by("{ not json") is None


def test_a_node_in_operation_is_locked_with_its_key():
    assert locked_by(OPERATION, key="abc") == sha256(b"lamppost console 1abc").digest()


def test_a_damaged_configuration_does_not_open_what_the_one_before_it_locks():
    assert locked_by("{ torn", old=OPERATION, key="abc") is not None
    assert locked_by(None, old=OPERATION, key="abc") is not None


def test_a_key_that_is_gone_leaves_the_console_shut():
    assert locked_by(OPERATION) == bytes(32)
    assert locked_by({"mode": "operation", "mqtt": {}}) == bytes(32)


def test_the_right_answer_opens_once_and_ctrl_c_works_again():
    ground = Ground()
    lock = ground.lock()
    lock.lock()
    assert ground.keyboard == [-1] and not lock.unlocked
    assert answer(lock) == "lamppost: unlocked"
    assert lock.unlocked and ground.keyboard == [-1, 3] and ground.marks == [b"-", b"u"]


def test_an_answer_that_was_heard_on_the_line_does_not_open_another_time():
    ground = Ground()
    first = ground.lock()
    challenge = said(first, "unlock").split()[2]
    heard = "answer " + hexlify(proof(sha256(b"lamppost console 1" + KEY).digest(), bytes.fromhex(challenge))).decode()
    ground.now = 77
    second = ground.lock()
    assert said(second, "unlock").split()[2] != challenge
    assert said(second, heard).startswith("lamppost: refused")


def test_a_challenge_is_good_for_one_answer_and_ten_seconds():
    ground = Ground()
    lock = ground.lock()
    assert said(lock, "answer 00") == "lamppost: no challenge is pending"
    said(lock, "unlock")
    ground.now += 10001
    assert said(lock, "answer 00") == "lamppost: no challenge is pending"
    assert lock.refused == 0


def test_wrong_answers_cost_more_time_each():
    ground = Ground()
    lock = ground.lock()
    for seconds in (5, 10, 20, 40, 80, 160, 320, 320):
        assert answer(lock, bytes(32)) == "lamppost: refused; wait %d s" % seconds
        ground.now += seconds * 1000 - 1000
        assert said(lock, "unlock").startswith("lamppost: wait ")
        ground.now += 1001
    assert lock.refused == 8
    assert answer(lock) == "lamppost: unlocked"


def test_the_right_answer_is_forgiven_the_wrong_ones_before_it():
    ground = Ground()
    lock = ground.lock()
    answer(lock, bytes(32))
    ground.now += 5001
    answer(lock)
    lock.lock()
    assert answer(lock, bytes(32)) == "lamppost: refused; wait 5 s"


def test_it_shuts_by_itself_after_a_quarter_of_an_hour():
    ground = Ground()
    lock = ground.lock()
    lock.lock()
    answer(lock)
    ground.now += 900000
    lock.expire()
    assert lock.unlocked
    ground.now += 1
    lock.expire()
    assert not lock.unlocked and ground.keyboard[-1] == -1 and ground.marks[-1] == b"-"


def test_ctrl_c_is_told_where_the_key_fits():
    lock = Ground().lock()
    lock.lock()
    assert "lamplighter unlock" in lock.take(b"\3")
    assert lock.take(b"x") is None


def test_endless_noise_takes_no_memory_and_opens_nothing():
    lock = Ground().lock()
    for n in range(2000):
        lock.take(bytes([4 + n % 250]))
    assert len(lock._line) <= 80 and not lock.unlocked


def test_a_ctrl_c_that_comes_while_it_shuts_does_not_get_through():
    pressed = [True]

    def keyboard(_):
        if pressed:
            pressed.pop()
            raise KeyboardInterrupt

    lock = ConsoleLock(bytes(32), keyboard, bytes, lambda: 0, lambda new, old: new - old, lambda flag: None)
    lock.lock()
    assert not pressed and not lock.unlocked


def test_waiting_ends_with_the_time_with_the_right_answer_and_with_a_wrong_one():
    ground = Ground()
    lock = ground.lock()

    def waits(text):
        pending = list(text.encode())

        def poll(ms):
            if not pending:
                ground.now += ms
            return bool(pending)

        return lock.wait(1500, poll, lambda _: bytes([pending.pop(0)]))

    assert waits("") is False and ground.now >= 1500
    assert waits("unlock\ranswer 00\r") is False and lock.refused == 1
    ground.now += 6000
    challenge = bytes(range(ground.now % 200, ground.now % 200 + 16))
    right = hexlify(proof(sha256(b"lamppost console 1" + KEY).digest(), challenge)).decode()
    assert waits("unlock\ranswer " + right + "\r") is True
