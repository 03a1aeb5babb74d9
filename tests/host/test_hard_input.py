"""What no program should trip over: bytes that are no text, brackets without end, folders that refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from lamplighter import cli, paths
from lamplighter.bench import bench_file
from lamplighter.boards import board_file
from lamplighter.device import ports
from lamplighter.documents import toml_source
from lamplighter.problems import BenchInvalid, BoardInvalid, PortAbsent, Problem, ScenarioInvalid
from lamplighter.roster import roster_file
from lamplighter.virtual import scenario_file

DEEP = "[" * 100_000
ROSTER = "asset,site,node,board,wifi,broker,note\nLP-1,lisbon,lp-1,lamppost-esp32,city,broker.lan,街 Straße\n"


def ended(*words: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """(exit code, all that was said) of a verb."""
    done = CliRunner().invoke(cli.lamplighter, list(words), env=env)
    if isinstance(done.exception, Problem):
        return done.exception.exit_code, " ".join((done.output, done.exception.cause, *done.exception.details))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["configure", "--dry-run", "--board", "lamppost-esp32", "deep"], 31),
        (["roster", "check", "street.csv", "--base", "deep"], 31),
        (["verify", "deep"], 78),
        (["identity", "list", "--identity", "city"], 70),
    ],
)
def test_a_hundred_thousand_brackets_are_refused_by_every_verb_that_reads_json(tmp_path, monkeypatch, words, code):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "street.csv").write_text(ROSTER, encoding="utf-8")
    assert ended("identity", "init", "Lisbon", "--no-passphrase", "--identity", "identity")[0] == 0
    assert ended("identity", "init", "Lisbon", "--no-passphrase", "--identity", "city")[0] == 0
    (tmp_path / "city" / "index.json").write_text(DEEP)
    for text in (DEEP, '{"a":' * 100_000, "9" * 5000, '{"v": "\\ud83d"}'):
        (tmp_path / "deep").write_text(text)
        assert ended(*words)[0] == code


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + DEEP, "nested too deeply"), ("a = " + "[" * 80 + "]" * 80, "more than 64 levels"),
        ("a = " + "9" * 5000, "too many digits"),
        ("a = 99999999999999999999", "beyond 64 bits"), ("a = nan", "is not a usable number"),
        ("a = 1e308", "beyond 64 bits"),
        ("a = ", "not TOML"),
    ],
)  # fmt: skip
def test_toml_that_would_break_a_reader_is_a_complaint(tmp_path, text, said):
    assert any(said in cause for _, cause in toml_source.read(text, "x.toml").complaints)
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(ScenarioInvalid):
        scenario_file.load(tmp_path / "x.toml", board_file.load("lamppost-esp32"))


def test_toml_may_have_a_byte_order_mark_and_must_be_text(tmp_path):
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert toml_source.load(tmp_path / "x.toml", ScenarioInvalid).data == {"a": 1}
    (tmp_path / "x.toml").write_bytes(b"a = '\xff'\n")
    with pytest.raises(ScenarioInvalid, match="is not UTF-8"):
        toml_source.load(tmp_path / "x.toml", ScenarioInvalid)


@pytest.mark.parametrize("name", ["a\0b", "../lamppost-esp32", "x" * 5000, "\ud83d", ""])
def test_a_board_of_any_name_is_looked_for_among_those_that_there_are(name):
    with pytest.raises(BoardInvalid, match="There is no board"):
        board_file.load(name)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["watch", "--host", ""], "is empty"), (["watch", "--host", "a..b"], "nothing between two points"),
        (["watch", "--host", "a" * 70], "70 characters between"),
        (["watch", "--host", "broker.lan:1883"], "has a port"),
        (["street", "--host", "[::1]"], "in brackets"),
        (["watch", "--host", "x.lan", "--site", "a/#"], "lower-case letters"),
        (["watch", "--host", "127.0.0.1", "--user", "x", "--password-file", "long"], "holds 70000 bytes"),
        (["watch", "--host", "127.0.0.1", "--user", "x", "--password-file", "odd"], "is not UTF-8 text"),
        (["watch", "--host", "127.0.0.1", "--port", "1", "--user", "x"], "LAMPLIGHTER_MQTT_PASSWORD is not UTF-8 text"),
        (["commission", "--roster", "street.csv", "--broker", "x_y:1"], "'_' in it"),
        (["identity", "issue", "--broker", "broker.lan", "--days", "999999999"], "not in the range"),
        (["watch", "--host", "127.0.0.1", "--port", "1", "--user", "x\udcff"], "--user is not UTF-8 text"),
        (["decode", "tfmini", "\ud83d"], "not a hexadecimal digit"),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_is_wrong_usage(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long").write_text("x" * 70_000)
    (tmp_path / "odd").write_bytes(b"caf\xe9")
    (tmp_path / "street.csv").write_text(ROSTER, encoding="utf-8")
    monkeypatch.setitem(os.environ, "LAMPLIGHTER_MQTT_PASSWORD", b"caf\xe9".decode("utf-8", "surrogateescape"))
    code, output = ended(*words)
    assert code == 2 and said in " ".join(output.replace("│", " ").split()), output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["identity", "init", "Lisbon", "--no-passphrase", "--identity", "file/new"], 70),
        (["identity", "export", "file/out", "--broker", "broker.lan", "--identity", "city"], 70),
        (["label", "--all", "--roster", "street.csv", "--out", "file/l.svg"], 74),
        (["doctor", "--port", "nowhere", "--bundle", "file/x.zip"], 3),
        (["roster", "check", "file/street.csv"], 74), (["verify", "file/r.json", "--ca", "city/ca.pem"], 78),
        (["replay", "parking", "file/t.csv"], 43), (["identity", "list", "--identity", "file/x"], 70),
    ],
)  # fmt: skip
def test_a_place_that_refuses_is_named_and_nothing_is_a_bug(tmp_path, monkeypatch, words, code):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "street.csv").write_text(ROSTER, encoding="utf-8")
    ended("identity", "init", "Lisbon", "--no-passphrase", "--identity", "city")
    ended("identity", "issue", "--broker", "broker.lan", "--identity", "city")
    assert ended(*words)[0] == code


def test_a_refusal_of_the_system_that_nobody_foresaw_has_its_exit_code_and_names_the_file(monkeypatch, capsys):
    def refused(*_):
        raise PermissionError(13, "Permission denied", "street.csv")

    monkeypatch.setattr(roster_file, "examine", refused)
    monkeypatch.setattr(sys, "argv", ["lamplighter", "roster", "check", "street.csv"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 3 and "street.csv cannot be used: Permission denied." in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["iso-8859-1", "ascii", "cp1252"])
def test_a_terminal_of_another_encoding_gets_escapes_and_programs_get_json(tmp_path, encoding):
    (tmp_path / "street.csv").write_text(ROSTER, encoding="utf-8")

    def said(*words: str) -> bytes:
        done = subprocess.run(
            [sys.executable, "-m", "lamplighter", *words], cwd=tmp_path, capture_output=True, timeout=60,
            env={**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "de_DE.ISO-8859-1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert json.loads(said("roster", "next", "street.csv", "--json").decode(encoding))["next"]["note"] == "街 Straße"
    assert "LP-1: lisbon/lp-1" in said("roster", "next", "street.csv").decode(encoding)


def test_a_roster_without_rows_has_one_error_and_no_rows_to_count(tmp_path):
    (tmp_path / "street.csv").write_text(ROSTER.split("\n")[0] + "\n")
    code, output = ended("roster", "check", str(tmp_path / "street.csv"))
    assert code == 74 and output.endswith("street.csv has 1 error.")


def test_a_bench_takes_a_broker_with_its_port_and_refuses_what_is_none(tmp_path):
    def load(broker: str):
        (tmp_path / "bench.toml").write_text(f'broker = "{broker}"\n[[node]]\nname = "one"\n')
        return bench_file.load(tmp_path / "bench.toml")[0].broker

    assert load("10.0.0.4:1884") == ("10.0.0.4", 1884) and load("[2001:db8::1]:1883") == ("2001:db8::1", 1883)
    for wrong in ("10.0.0:1883", "broker.lan:70000", "a..b", ""):
        with pytest.raises(BenchInvalid) as caught:
            load(wrong)
        assert "broker" in caught.value.details[0]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "[" * 2000, "\udcff"])
def test_a_port_of_any_name_is_absent(name):
    with pytest.raises(PortAbsent):
        ports.check(name)


@pytest.mark.parametrize(
    "key", ["title", "chip", "psram", "name =", "type =", "offset", "size", "uart", "bus =", "part ="]
)
def test_a_misspelt_key_of_a_board_is_a_complaint_and_no_crash(tmp_path, key):
    text = (paths.folder("boards") / "lamppost-esp32" / "board.toml").read_text(encoding="utf-8")
    assert key in text
    (tmp_path / "lamppost-esp32").mkdir()
    (tmp_path / "lamppost-esp32" / "board.toml").write_text(text.replace(key, "x" + key), encoding="utf-8")
    with pytest.raises(BoardInvalid):
        board_file.load("lamppost-esp32", tmp_path)
