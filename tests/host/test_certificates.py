"""Certificates on their way to the node: checked together, swapped with the configuration, never shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from lamplighter.device import node_files
from lamplighter.device.repl import Repl
from lamplighter.pki import certificates
from lamplighter.problems import CertificateInvalid
from test_commands import lamplighter

sys.path.append(str(Path(__file__).parent.parent / "interop"))

from brokers import Mosquitto, Subscriber, free_port  # noqa: E402
from certificates import Authority  # noqa: E402

BOARD = "lamppost-esp32s3"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def folder(tmp_path, authority):
    """What the user has: PEM files, as openssl makes them."""
    return filled(tmp_path / "certs", authority)


def filled(folder, authority):
    folder.mkdir()
    identity = authority.issue("node", "lp-0042")
    for name, source in (("ca.pem", authority.pem), ("node.crt", identity.crt), ("node.key", identity.key)):
        (folder / name).write_bytes(source.read_bytes())
    return folder


def test_a_folder_is_taken_as_the_node_keeps_it(folder, authority):
    files = certificates.gather(str(folder))
    assert files["ca"][1] == authority.der.read_bytes()
    assert files["cert"][0][:-4] == files["key"][0][:-4] and files["key"][1][:1] == b"\x30"
    again = certificates.gather(None, ca=str(authority.der))
    assert again == {"ca": files["ca"]}, "PEM and DER are the same to us"
    assert certificates.gather(None) == {}


def test_a_certificate_whose_name_is_a_bit_string_is_refused_as_damaged(authority, tmp_path):
    common_name_as = b"\x06\x03\x55\x04\x03"
    damaged = tmp_path / "ca.der"
    damaged.write_bytes(authority.der.read_bytes().replace(common_name_as + b"\x0c", common_name_as + b"\x03"))
    with pytest.raises(CertificateInvalid, match="is not a certificate"):
        certificates.gather(None, ca=str(damaged))


@pytest.mark.parametrize("case", ["other key", "no key", "key alone", "locked", "p384", "no ca", "expired", "garbage"])
def test_what_cannot_work_is_refused_in_words_without_a_byte_of_the_key(folder, authority, tmp_path, case):
    from cryptography.hazmat.primitives.asymmetric import ec

    def pem(key, lock=None):
        lock = serialization.BestAvailableEncryption(lock) if lock else serialization.NoEncryption()
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)

    key, said = folder / "node.key", ""
    if case == "other key":
        key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
        said = "is not the key of"
    elif case == "no key":
        key.unlink()
        said = "a certificate needs its key"
    elif case == "key alone":
        (folder / "node.crt").unlink()
        said = "a certificate needs its key"
    elif case == "locked":
        key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1()), b"word"))
        said = "passphrase"
    elif case == "p384":
        key.write_bytes(pem(ec.generate_private_key(ec.SECP384R1())))
        said = "P-256"
    elif case == "no ca":
        (folder / "ca.pem").write_bytes((folder / "node.crt").read_bytes())
        said = "not a CA certificate"
    elif case == "expired":
        identity = authority.issue("old", "lp", begins=-9, ends=-2)
        (folder / "node.crt").write_bytes(identity.crt.read_bytes())
        said = "expired on"
    else:
        key.write_bytes(b"-----BEGIN PRIVATE KEY-----\nTOPSECRET\n-----END PRIVATE KEY-----\n")
        said = "not a private key"
    with pytest.raises(CertificateInvalid) as refusal:
        certificates.gather(str(folder))
    assert said in refusal.value.cause and "TOPSECRET" not in str(refusal.value)


def test_a_node_gets_its_certificates_with_its_configuration_and_keeps_them(
    virtual_lamppost, folder, authority, tmp_path
):
    identity = authority.issue("broker")
    broker, plain = Mosquitto(tmp_path / "broker"), free_port()
    lines = broker.config.read_text().splitlines()
    lines[1:1] = [f"cafile {authority.pem}", f"certfile {identity.crt}", f"keyfile {identity.key}"]
    lines[1:1] = ["require_certificate true"]
    broker.config.write_text(f"listener {plain} 127.0.0.1\n" + "\n".join(lines) + "\n")
    broker.start()
    reader = Subscriber(plain)
    lamp = virtual_lamppost(BOARD)
    lamp.network.hosts["broker.lan"] = ("127.0.0.1", broker.port)
    doc = {
        "v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": "lamplighter", "password": "lamplighter"},
        "mqtt": {"host": "broker.lan", "port": 8883, "version": 5, "tls": {}},
    }  # fmt: skip
    file = tmp_path / "lp.json"
    file.write_text(json.dumps(doc))
    try:
        bare = lamplighter("configure", "--port", lamp.port, file)
        assert bare.returncode == 30 and "--certs" in bare.stderr
        done = lamplighter("configure", "--port", lamp.port, "--certs", folder, file)
        assert done.returncode == 0, done.stderr
        reader.wait(lambda messages: any(topic.endswith("/info") for topic, _, _ in messages))
        key = certificates.gather(str(folder))["key"][1]
        for text in (done.stdout, done.stderr):
            assert key.hex() not in text and "PRIVATE" not in text

        # another certificate: the old files go when nothing names them any more
        second = filled(tmp_path / "second", authority)
        (tmp_path / "second.json").write_text(json.dumps({**doc, "asset": "A"}))
        for more, config_file in ((("--certs", second), file), ((), tmp_path / "second.json"), ((), file)):
            done = lamplighter("configure", "--port", lamp.port, *more, config_file)
            assert done.returncode == 0, done.stderr
        with Repl(lamp.port) as node:
            there = node.run("import os\nprint(sorted(os.listdir('/certs')))").strip()
            kept = node_files.document(node, "/config.json")
            node.run("f=open('/main.py','a');f.write('#');f.close()")
        assert kept and kept["mqtt"]["tls"] == {k: path for k, (path, _) in certificates.gather(str(second)).items()}
        assert there == str(sorted(path[7:] for path in kept["mqtt"]["tls"].values()))

        # and a file system that is written anew gets them back
        again = lamplighter("flash", "--port", lamp.port, "--board", BOARD)
        assert again.returncode == 0, again.stderr
        reader.messages.clear()
        reader.wait(lambda messages: any(topic.endswith("/info") for topic, _, _ in messages))
    finally:
        reader.close()
        broker.stop()
