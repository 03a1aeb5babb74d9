"""`lamplighter web` without a browser: who may see the page, and what it says when it cannot be served."""

import base64
import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import webbrowser

import click
import duckdb
import pytest
from lamplighter.cli import lamplighter
from lamplighter.demo import demo_page
from lamplighter.demo.broker import DemoBroker
from lamplighter.problems import (
    BrokerRefused,
    StoreNewer,
    StoreUnusable,
    WebAddressRefused,
    WebCertificateInvalid,
    WebUnprotected,
)


def refused(kind, *options):
    """The sentence with which a page does not start."""
    with pytest.raises(kind) as trouble:
        lamplighter(["web", "--host", "127.0.0.1", *map(str, options)], standalone_mode=False)
    return str(trouble.value)


def test_beyond_this_computer_it_needs_a_password(tmp_path):
    assert "open to everybody who reaches 0.0.0.0" in refused(WebUnprotected, "--listen", "0.0.0.0:0")
    password = tmp_path / "password"
    password.write_text("short\n")
    said = refused(WebUnprotected, "--listen", "0.0.0.0:0", "--web-password-file", password)
    assert "5 characters" in said and "short" not in said


def test_what_cannot_be_served_is_one_sentence(broker, tmp_path):
    port = ("--port", broker.port)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        here = f"127.0.0.1:{taken.getsockname()[1]}"
        assert "Address already in use" in refused(WebAddressRefused, *port, "--listen", here)
    key = tmp_path / "key.pem"
    key.write_text("no key")
    assert "cannot use these files" in refused(WebCertificateInvalid, "--https-cert", key, "--https-key", key)
    assert "needs a certificate and its key" in refused(WebCertificateInvalid, "--https-cert", key)
    refused(click.UsageError, "--tiles", "file:///etc/passwd")
    refused(click.UsageError, "--listen", "broker.lan:80")


def test_without_a_broker_and_with_a_newer_store_it_does_not_start(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        closed = other.getsockname()[1]
    assert "connection refused" in refused(BrokerRefused, "--port", closed)
    newer = tmp_path / "newer.duckdb"
    with duckdb.connect(str(newer)) as database:
        database.execute("CREATE TABLE schema_version (version INTEGER, applied TIMESTAMP)")
        database.execute("INSERT INTO schema_version VALUES (999, now()::TIMESTAMP)")
    assert "schema version 999" in refused(StoreNewer, "--port", closed, "--store", newer)
    refused(StoreUnusable, "--port", closed, "--store", tmp_path / "nowhere.duckdb")


def test_a_password_is_asked_for(web, tmp_path):
    (tmp_path / "password").write_text("correct horse\n")
    page = web("--web-password-file", str(tmp_path / "password"))
    assert page.get("/")[0] == page.get("/events")[0] == page.get("/static/main.js")[0] == 401
    basic = {"Authorization": "Basic " + base64.b64encode(b"anybody:wrong horse").decode()}
    assert page.get("/", **basic)[0] == 401
    assert page.get("/", Authorization="Basic ???")[0] == 401
    basic = {"Authorization": "Basic " + base64.b64encode(b"anybody:correct horse").decode()}
    assert page.get("/", **basic)[0] == 200


def test_another_site_cannot_read_it_through_a_name_of_its_own(web):
    page = web()
    assert page.get("/check", Host="evil.example")[0] == 421
    assert page.get("/check", Host="localhost:1234")[0] == 200


def test_only_the_pages_own_files_are_served(web):
    page = web()
    for path in ("/static/..%2fweb_app.py", "/static/../web_app.py", "/static/%2e%2e/rows.py", "/web_app.py"):
        assert page.get(path)[0] == 404, path
    assert page.get("/lamppost/lisbon/nowhere") == (404, b"null")
    assert page.get("/history/lisbon/nowhere")[0] == 404


def test_ctrl_c_ends_it_while_a_browser_follows(web):
    page = web()
    host, port = page.address.removeprefix("http://").strip("/").split(":")
    with socket.create_connection((host, int(port)), 20) as browser:
        browser.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b"event: street" in browser.recv(4096) + browser.recv(4096)
        assert page.interrupt() == 0


def test_history_comes_from_the_store(web, street, broker, tmp_path):
    file = tmp_path / "lamps.duckdb"
    command = [sys.executable, "-m", "lamplighter", "store", "--host", "127.0.0.1", "--port", str(broker.port)]
    with subprocess.Popen([*command, "--to", str(file), "--json"], stdout=subprocess.PIPE, text=True) as store:
        assert store.stdout
        store.stdout.readline()
        street.energy("lisbon/lp-0001", 71.5)
        while json.loads(store.stdout.readline())["records"] < 1:
            pass
        found = json.loads(web("--store", str(file)).get("/history/lisbon/lp-0001?hours=24")[1])
        store.send_signal(2)
    assert found["series"]["p_mean_mw"]["points"][1] == [71.5]
    assert found["series"]["p_mean_mw"]["title"] == "Power"


def test_the_demo_has_a_page_and_opens_no_browser_where_nobody_sits(monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(webbrowser, "open", lambda address: pytest.fail(f"opened {address}"))
    with DemoBroker() as broker, demo_page.served(broker.host, broker.port) as address:
        found = urllib.request.urlopen(address + "check", timeout=20).read()
    assert json.loads(found)["nodes"] == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=20)
