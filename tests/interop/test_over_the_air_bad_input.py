"""Bad releases and bad web servers: the node says what is wrong in one word, and keeps the app that it runs.

The firmware's own code under MicroPython, with real sockets; tests/hil has whole lampposts.
"""

from __future__ import annotations

import pytest
from air_street import NEW, Street
from lamplighter.image.compile import App
from lamplighter.release import release_folder
from lamplighter.release.server import Handler


@pytest.fixture
def street(tmp_path):
    return Street(tmp_path)


def flip(place):
    def change(text):
        spoilt = bytearray(text)
        spoilt[place] ^= 1
        return bytes(spoilt)

    return change


def test_a_good_release_is_put_on_trial_and_only_what_changed_travels(street):
    result = street.run()
    assert result["state"]["active"] == "b" and result["state"]["trial"]["id"] == "u1"
    assert [said[0] for said in result["said"]][-2:] == ["verified", "trial"]
    changed = [path for path in (*NEW, "lamppost/made.mpy") if path != "lamppost/one.mpy"]
    rows = release_folder.rows(street.releases / "lists" / "new")
    assert result["said"][-1][3:] == [sum(rows[path][2] for path in changed)] * 2


def test_a_release_signed_by_the_backup_key_alone_is_taken(street):
    street.made = release_folder.write(street.releases, App(NEW, "1.1", "new"), street.signed(street.backup))
    assert street.run()["state"]["active"] == "b"


def test_an_unknown_or_revoked_key_is_not_trusted(street):
    street.keys.revoke(street.first)
    assert street.ends() == ("rejected", "untrusted")
    assert street.ends(keys={}) == ("rejected", "untrusted")


@pytest.mark.parametrize("place", [10, 200, -20])
def test_one_flipped_bit_in_document_or_signature_is_not_trusted(street, place):
    assert street.ends(sha256=street.change(flip(place))) == ("rejected", "untrusted")


def test_a_truncated_release_is_not_trusted(street):
    for length in (1, 100, 400, 700):
        whole = street.made.path.read_bytes()
        sha256 = street.change(lambda text, length=length: text[:length])
        assert street.ends(sha256=sha256) == ("rejected", "untrusted"), length
        street.made.path.write_bytes(whole)


def test_another_release_than_the_one_asked_for_is_never_taken_in_its_place(street):
    """An older one, rightly signed, replayed by the web server."""
    assert street.ends(sha256="0" * 64, ends=["rejected"]) == ("rejected", "spoilt")


def test_a_release_for_another_board_or_below_the_floor_is_refused(street):
    assert street.ends(board="lamppost-other") == ("rejected", "board")
    assert street.ends(floor="1.2") == ("rejected", "floor")


def test_a_file_that_is_not_what_its_hash_promises_is_asked_for_again_and_given_up(street):
    rows = release_folder.rows(street.releases / "lists" / "new")
    path = street.releases / "files" / rows["lamppost/two.mpy"][0][:16]
    path.write_bytes(flip(5)(path.read_bytes()))
    assert street.ends() == ("waiting", "answer")
    assert street.ends(ends=["rejected"]) == ("rejected", "spoilt")


def test_a_spoilt_list_of_changes_is_passed_over_for_the_whole_list(street):
    (street.releases / "lists" / "old-new").write_bytes(b"\xff" * 100)
    assert street.run()["state"]["active"] == "b"
    (street.releases / "lists" / "old-new").unlink()
    assert street.run()["state"]["active"] == "b"


def test_a_full_file_system_is_said_before_it_is_full(street):
    assert street.ends(blocks=20) == ("rejected", "full")


def test_what_is_no_request_is_refused_with_a_word(street):
    for body in ("nonsense", "[]", "{}", '{"id":"","url":"http://a/b","sha256":"0"}', '{"id":"x","url":"file:///a","sha256":"0"}'):
        assert street.ends(desired=body) == ("rejected", "desired"), body


def test_a_second_request_replaces_the_first_and_an_empty_one_withdraws_it(street):
    result = street.run(then={"downloading": {"id": "u2"}})
    assert result["state"]["trial"]["id"] == "u2"
    assert street.ends(then={"downloading": None}, ends=["withdrawn"]) == ("withdrawn", "")


def test_a_request_that_the_broker_repeats_is_carried_out_once(street):
    result = street.run(then={"downloading": {"id": "u1"}, "verified": {"id": "u1"}})
    phases = [said[0] for said in result["said"]]
    assert result["state"]["trial"]["id"] == "u1"
    assert "withdrawn" not in phases and phases.count("verified") == phases.count("trial") == 1


class Stalls(Handler):
    """Sends half of an answer, and then nothing."""

    def answer(self, status, body, span=""):
        self.wfile.write(b"HTTP/1.1 206 Partial Content\r\nContent-Le")
        self.connection.settimeout(5)
        self.rfile.read(1)


class Lies(Handler):
    """Sends another range than the one it was asked for."""

    def answer(self, status, body, span=""):
        super().answer(status, body, span.replace("bytes 0-", "bytes 1-"))


class Packs(Handler):
    def answer(self, status, body, span=""):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00")


class Login(Handler):
    def answer(self, status, body, span=""):
        page = b"<html>Please log in"
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(page) + page)


class Ignores(Handler):
    """Knows no ranges: sends the whole file."""

    def answer(self, status, body, span=""):
        super().answer("200 OK", self.content() or b"")


class Closes(Handler):
    def answer(self, status, body, span=""):
        self.close_connection = True


class Floods(Handler):
    def answer(self, status, body, span=""):
        self.wfile.write(b"x" * 100000)
        self.close_connection = True


@pytest.mark.parametrize(
    ("server", "word"),
    [
        (Stalls, "timeout"), (Lies, "answer"), (Packs, "answer"), (Login, "answer"), (Closes, "closed"),
        (Floods, "answer"),
    ],
)  # fmt: skip
def test_a_web_server_that_misbehaves_is_asked_again_and_its_fault_is_said(street, server, word):
    assert street.ends(server) == ("waiting", word)


def test_a_web_server_without_ranges_serves_what_fits_one_piece_and_no_more(street):
    assert street.ends(Ignores)[0] == "waiting"
