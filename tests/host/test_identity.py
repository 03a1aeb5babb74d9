"""The city's CA: its key is guarded, every certificate is in the book, and no key is ever shown or exported."""

from __future__ import annotations

import datetime
import json
import socket
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lamplighter.cli import lamplighter
from lamplighter.pki import authority, certificates, clock, keys, mosquitto
from lamplighter.pki.city import PASSPHRASE, City, node_key
from lamplighter.pki.trial_broker import TrialBroker
from lamplighter.problems import (
    BrokerRefused,
    CertificateInvalid,
    IdentityExpired,
    IdentityLocked,
    IdentityMissing,
    IdentityTaken,
)  # fmt: skip

PHRASE = "a-long-passphrase-of-the-city"


@pytest.fixture
def city(tmp_path):
    return City.create(tmp_path / "identity", "Lisbon", None)


def keys_in(folder: Path) -> list[str]:
    """The secret line of every private key in a folder."""
    return [path.read_text().splitlines()[1] for path in folder.rglob("*.key")]


def test_a_node_gets_a_key_and_a_certificate_that_configure_takes(city):
    key, pem = city.issue("lisbon", "lp-0042")
    one = x509.load_pem_x509_certificate(pem)
    one.verify_directly_issued_by(city.ca)
    assert authority.common_name(one) == "lisbon/lp-0042"
    assert load_pem_private_key(key, None).public_key() == one.public_key()
    files = city.files("node", "lisbon/lp-0042")
    assert files[0].stat().st_mode & 0o777 == 0o600 and node_key(city.folder, "lisbon/lp-0042") == files[0]
    gathered = certificates.gather(None, str(city.folder / "ca.pem"), str(files[1]), str(files[0]))
    assert set(gathered) == {"ca", "cert", "key"}
    with pytest.raises(IdentityMissing):
        node_key(city.folder, "lisbon/lp-0043")


def test_a_key_with_a_passphrase_opens_with_no_other(tmp_path):
    City.create(tmp_path / "c", "Lisbon", PHRASE)
    assert b"ENCRYPTED" in (tmp_path / "c/ca.key").read_bytes()
    for wrong, said in ((None, "none was given"), ("another", "not the passphrase")):
        with pytest.raises(IdentityLocked, match=said):
            City.load(tmp_path / "c", wrong).issue("lisbon", "lp-0001")
    assert City.load(tmp_path / "c").book.entries() == [], "nothing was issued"
    City.load(tmp_path / "c", PHRASE).issue("lisbon", "lp-0001")


def test_a_key_that_others_may_read_is_not_used(city):
    (city.folder / "ca.key").chmod(0o640)
    with pytest.raises(IdentityLocked, match="Others may read") as refusal:
        city.issue("lisbon", "lp-0001")
    assert "chmod 600" in refusal.value.remedy


def test_a_name_has_one_valid_certificate_until_it_is_revoked(city):
    city.issue("lisbon", "lp-0001")
    with pytest.raises(IdentityTaken):
        city.issue("lisbon", "lp-0001")
    city.revoke("node", "lisbon/lp-0001", "stolen")
    assert not city.files("node", "lisbon/lp-0001")[0].exists(), "the key of a revoked certificate is of no use"
    city.issue("lisbon", "lp-0001")
    first, second = city.book.entries()
    assert first.reason == "stolen" and not first.valid and second.valid
    crl = x509.load_pem_x509_crl((city.folder / "crl.pem").read_bytes())
    assert crl.get_revoked_certificate_by_serial_number(int(first.serial, 16))
    assert crl.get_revoked_certificate_by_serial_number(int(second.serial, 16)) is None
    assert crl.next_update_utc == city.ca.not_valid_after_utc, "a broker with a list that ran out lets nobody in"
    with pytest.raises(IdentityMissing):
        city.revoke("node", "lisbon/lp-0009", "never there")


def test_a_renewed_node_works_on_with_the_old_certificate_until_somebody_comes(city):
    city.issue("lisbon", "lp-0001")
    old = node_key(city.folder, "lisbon/lp-0001").read_bytes()
    city.renew("node", "lisbon/lp-0001")
    assert [one.valid for one in city.book.entries()] == [True, True]
    new, before = city.keys("lisbon/lp-0001")
    assert new.read_bytes() != old and before.read_bytes() == old, "the lock of its console has the old key still"
    city.issue_as("broker", "broker.lan", hosts=("broker.lan", "10.0.0.4"))
    _, pem = city.renew("broker", "broker.lan")
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one.value) for one in names] == ["broker.lan", "10.0.0.4"]


def test_a_broker_gets_another_host_name_with_its_new_certificate_and_keeps_those_that_it_has(city):
    def names():
        one = x509.load_pem_x509_certificate(city.files("broker", "broker.lan")[1].read_bytes())
        found = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(each.value) for each in found]

    city.issue_as("broker", "broker.lan", None, ("broker.lan", "10.0.0.4"))

    def run(*words):
        return CliRunner().invoke(lamplighter, ["identity", "renew", *words, "--identity", str(city.folder)])

    assert run("--broker", "broker.lan", "--host", "localhost").exit_code == 0
    assert names() == ["broker.lan", "10.0.0.4", "localhost"]
    assert run("--broker", "broker.lan", "--host", "localhost:8883").exit_code
    assert run("--engineer", "crew-1", "--host", "localhost").exit_code == 2
    assert names() == ["broker.lan", "10.0.0.4", "localhost"]


def test_a_trial_broker_on_a_port_that_is_taken_is_refused_before_it_is_said_to_listen(city):
    city.issue_as("broker", "localhost")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BrokerRefused) as refused:
        TrialBroker(city, "localhost", "127.0.0.1", taken.getsockname()[1]).__enter__()
    assert "in use" in refused.value.cause and "--port" in refused.value.remedy


def test_a_renewed_ca_knows_what_it_has_signed(city):
    _, pem = city.issue("lisbon", "lp-0001")
    ends = city.ca.not_valid_after_utc
    city.renew_ca(9000)
    assert city.ca.not_valid_after_utc > ends
    x509.load_pem_x509_certificate(pem).verify_directly_issued_by(City.load(city.folder).ca)


def test_an_expired_ca_signs_nothing_and_says_so(tmp_path, monkeypatch):
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=60)
    with monkeypatch.context() as then:
        then.setattr(clock, "now", lambda: past)
        city = City.create(tmp_path / "old", "Lisbon", None, days=30)
    with pytest.raises(IdentityExpired, match="expired on"):
        city.issue("lisbon", "lp-0001")
    city.renew_ca()
    city.issue("lisbon", "lp-0001")


def test_those_that_end_soon_are_found(city):
    city.issue("lisbon", "lp-0001", days=30)
    city.issue("lisbon", "lp-0002")
    assert city.expiring(60) == [("node", "lisbon/lp-0001")]


def test_ten_that_are_issued_at_once_are_all_in_the_book(city):
    threads = [threading.Thread(target=City.load(city.folder).issue, args=("lisbon", f"lp-{n}")) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.serial for one in city.book.entries()}) == 10


@pytest.mark.parametrize(
    ("kind", "name"),
    [("node", "lp-0001"), ("node", "Lisbon/lp-1"), ("node", "a/../../x"), ("node", "#/+"), ("reader", "lisbon/lp-1"),
     ("broker", "https://x"), ("broker", "broker.lan:8883"), ("broker", "[::1]"), ("broker", "x_y"),
     ("broker", "10.0.0"), ("node", f"{'a' * 33}/{'b' * 32}")],
)  # fmt: skip
def test_a_name_that_could_stand_for_something_else_is_refused(city, kind, name):
    with pytest.raises(CertificateInvalid):
        city.issue_as(kind, name)
    assert city.book.entries() == []


def test_the_command_line_goes_the_whole_way_and_shows_no_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(PASSPHRASE, PHRASE)
    said = []

    def run(*words, code=0):
        done = CliRunner().invoke(lamplighter, ["identity", *words])
        said.append(done.output)
        trouble = getattr(done.exception, "exit_code", getattr(done.exception, "code", 0))
        assert trouble == code, done.output
        return done.stdout

    run("init", "Lisbon")
    run("init", "Lisbon", code=73)
    run("issue", "lisbon/lp-0001", "lisbon/lp-0002")
    run("issue", "lisbon/lp-0003", "lisbon/lp-0002", code=73)
    assert "lp-0003" not in run("list"), "all or none"
    run("issue", "--broker", "broker.lan", "--host", "10.0.0.4")
    run("issue", "--reader", "platform")
    run("renew", "lisbon/lp-0001")
    run("revoke", "lisbon/lp-0002", "--reason", "stolen")
    rows = json.loads(run("list", "--json"))
    assert [row["state"].split()[0] for row in rows] == ["valid", "revoked", "valid", "valid", "valid"]
    run("export", "out", "--broker", "elsewhere.lan", code=70)
    run("export", "out", "--broker", "broker.lan")
    exported = "".join(path.read_text() for path in Path("out").iterdir())
    assert "user reader.platform" in exported and "PRIVATE" not in exported
    secrets = keys_in(Path("identity"))
    assert len(secrets) >= 4 and PHRASE not in "".join(said)
    for secret in secrets:
        assert secret not in "".join(said) + exported


def test_a_damaged_key_is_named_without_its_content(tmp_path):
    path = tmp_path / "x.key"
    path.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nTOPSECRET\n-----END ENCRYPTED PRIVATE KEY-----\n")
    with pytest.raises(IdentityLocked) as refusal:
        keys.read(path, PHRASE)
    assert "TOPSECRET" not in str(refusal.value)


@pytest.mark.parametrize("host", ["10.0.0.4:8883", "[::1]", "x_y", "a..b", "-a"])
def test_a_host_that_no_certificate_can_match_is_refused_before_anything_is_issued(city, host):
    with pytest.raises(CertificateInvalid, match="No certificate for the host"):
        city.issue_as("broker", "broker.lan", hosts=("10.0.0.4", host))
    assert city.book.entries() == []


def test_a_broker_of_any_length_and_family_is_found_by_its_alternative_names(city):
    long_name = ".".join(["a" * 60] * 4)
    _, pem = city.issue_as("broker", "2001:DB8::1", hosts=("Broker.LAN", "broker.lan", long_name))
    city.issue_as("broker", long_name)
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["broker.lan", long_name]
    key, _ = city.files("broker", "2001:db8::1")
    assert key.name == "2001_db8__1.key" and key.is_file()


def test_the_longest_names_get_a_certificate_and_a_rule_of_their_own(city, tmp_path):
    site, node = "a" * 32, "b" * 32
    _, pem = city.issue(site, node)
    assert authority.common_name(x509.load_pem_x509_certificate(pem)) == site + node
    city.issue("a" * 31, "b" * 32)
    city.issue_as("broker", "broker.lan")
    mosquitto.export(city, tmp_path / "out", "broker.lan")
    access = (tmp_path / "out" / "access").read_text()
    assert f"user {site}{node}\ntopic write lamppost/v1/{site}/{node}/state\n" in access
    assert access.count("\nuser ") == 1, "every other node is met by the patterns"


def test_what_would_make_the_book_unreadable_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    City.create(Path("identity"), "Lisbon", None).issue("lisbon", "lp-0001")
    for words in (["revoke", "lisbon/lp-0001", "--reason", "\udcff"], ["init", "城" * 20, "--no-passphrase"]):
        done = CliRunner().invoke(lamplighter, ["identity", *words])
        assert done.exit_code == 2, done.output
    assert City.load(Path("identity")).book.entries()[0].valid
    book = Path("identity/index.json")
    for text in ("[" * 100_000, '{"certificates": [{"serial": "x"}]}', book.read_text().replace("+00:00", "")):
        book.write_text(text)
        done = CliRunner().invoke(lamplighter, ["identity", "list"])
        assert getattr(done.exception, "exit_code", None) == 70, done.output


def test_a_passphrase_file_that_is_no_text_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for content, said in ((b"caf\xe9", "is not UTF-8"), (b"x" * 70_000, "holds 70000 bytes"), (b"a\nb", "one line")):
        Path("phrase").write_bytes(content)
        done = CliRunner().invoke(lamplighter, ["identity", "init", "Lisbon", "--passphrase-file", "phrase"])
        assert done.exit_code == 2 and said in done.output, done.output
    assert not Path("identity").exists()
