"""Release keys and releases by the command line: what is made, what is refused, and what other tools can check."""

import base64
import hashlib
import json
import threading
import urllib.request

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from lamplighter.cli import lamplighter
from lamplighter.problems import IdentityLocked, IdentityMissing, IdentityTaken, ReleaseInvalid
from lamplighter.release import release_address, release_folder
from lamplighter.release.server import Server


def run(*arguments, **options):
    return CliRunner().invoke(lamplighter, [str(one) for one in arguments], catch_exceptions=True, **options)


@pytest.fixture
def identity(tmp_path):
    made = run("release-key", "init", "--identity", tmp_path / "identity", "--no-passphrase", "--json")
    assert made.exit_code == 0, made.output
    return tmp_path / "identity"


def trusted(identity):
    return [name for name in json.loads((identity / "release" / "keys.json").read_text()) if name != "serial"]


def test_a_city_has_two_keys_from_the_first_day_and_they_are_made_once(identity):
    first, backup = trusted(identity)
    assert (identity / "release" / f"{backup}.key").stat().st_mode & 0o077 == 0
    assert isinstance(run("release-key", "init", "--identity", identity, "--no-passphrase").exception, IdentityTaken)
    assert trusted(identity) == [first, backup]


def test_the_last_trusted_key_cannot_be_revoked_and_an_unknown_one_neither(identity):
    first, backup = trusted(identity)
    assert run("release-key", "revoke", first, "--identity", identity).exit_code == 0
    for name in (backup, first):
        assert isinstance(run("release-key", "revoke", name, "--identity", identity).exception, IdentityMissing)
    assert trusted(identity) == [backup]


def test_a_release_is_signed_so_that_another_library_can_check_it(identity, tmp_path):
    out = tmp_path / "releases"
    made = run("release", "--out", out, "--identity", identity, "--json")
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    text = (out / f"{told['version']}-{told['build']}.release").read_bytes()
    assert hashlib.sha256(text).hexdigest() == told["sha256"]
    line, signature = text.splitlines()
    name, _, encoded = signature.partition(b" ")
    from lamplighter.pki.release_keys import ReleaseKeys

    key = ReleaseKeys(identity).read(name.decode(), None).public_key()
    key.verify(base64.b64decode(encoded), line, padding.PKCS1v15(), hashes.SHA256())
    text = (out / f"{told['version']}-{told['build']}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert sum(one["type"] == "file" for one in bill["components"]) == told["files"]


def test_a_release_needs_a_key_and_a_floor_that_is_a_version(identity, tmp_path):
    nobody = run("release", "--out", tmp_path / "out", "--identity", tmp_path / "empty")
    assert isinstance(nobody.exception, IdentityMissing)
    for floor in ("new", "99.0", "1.2.3.4"):
        refused = run("release", "--out", tmp_path / "out", "--identity", identity, "--floor", floor)
        assert isinstance(refused.exception, ReleaseInvalid), floor
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_release_is_not_served(tmp_path):
    assert isinstance(run("serve", tmp_path).exception, ReleaseInvalid)


def test_a_release_that_is_nested_without_end_is_none(tmp_path):
    (tmp_path / "a.release").write_bytes(b"[" * 3000)
    (tmp_path / "a.list").write_bytes(release_folder.deflated(b"[" * 3000))
    with pytest.raises(ReleaseInvalid, match="is not a release"):
        release_address.of_file(tmp_path / "a.release")
    with pytest.raises(ReleaseInvalid, match="is not a list of a release"):
        release_folder.rows(tmp_path / "a.list")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": "zz"}', '{"a": "00"}'])
def test_a_damaged_list_of_keys_is_said(tmp_path, text):
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "keys.json").write_text(text)
    assert isinstance(run("release-key", "list", "--identity", tmp_path).exception, IdentityLocked)


def test_the_server_sends_ranges_and_nothing_from_outside_its_folder(tmp_path):
    (tmp_path / "secret").write_text("no")
    folder = tmp_path / "releases"
    folder.mkdir()
    (folder / "a.release").write_bytes(bytes(range(100)))
    server = Server(folder, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()

    def get(path, span):
        asked = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers={"Range": span})
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return answer.status, answer.headers["Content-Range"], answer.read()
        except urllib.error.HTTPError as error:
            return error.code, None, b""

    try:
        assert get("/a.release", "bytes=10-19") == (206, "bytes 10-19/100", bytes(range(10, 20)))
        assert get("/a.release", "bytes=90-4185") == (206, "bytes 90-99/100", bytes(range(90, 100)))
        assert get("/a.release", "bytes=100-") [0] == 416
        for path in ("/../secret", "/%2e%2e/secret", "/..%2fsecret", "//etc/passwd", "/", "/none"):
            assert get(path, "bytes=0-9")[0] == 404, path
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
