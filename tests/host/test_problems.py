"""Every way to fail has its own exit code, and its heading in the troubleshooting page with the same remedy."""

import contextlib
import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from lamplighter import cli, problems
from lamplighter.cli import VERBS, lamplighter
from lamplighter.commissioning.check_sentences import REMEDIES
from lamplighter.device import ports, repl
from lamplighter.problems import ToolMissing

PAGE = Path(__file__).parents[2] / "docs" / "field" / "troubleshooting.md"
KINDS = [kind for kind in vars(problems).values() if isinstance(kind, type) and kind.__bases__ == (problems.Problem,)]
HOST_VERBS = ("list", "flash", "configure", "test", "log", "completion")


def test_every_problem_has_an_exit_code_and_a_word_of_its_own():
    assert len({kind.exit_code for kind in KINDS}) == len({kind.word for kind in KINDS}) == len(KINDS) > 20


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
def test_every_problem_has_its_heading_with_exit_code_and_remedy(kind):
    section = re.search(rf"^### {kind.word} \(exit {kind.exit_code}\)\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.M | re.S)
    assert section and f"Remedy: {kind.remedy}" in section[1]


def test_the_page_has_no_heading_that_no_problem_has():
    assert set(re.findall(r"^### ([\w-]+) \(exit", PAGE.read_text(), re.M)) == {kind.word for kind in KINDS}


def test_what_the_self_test_says_of_a_part_has_its_heading_and_remedy():
    _, section = PAGE.read_text().split("## What the self-test says of a part")
    rows = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", section.split("\n## ")[0], re.M | re.S))
    of_the_network = {"nowifi", "timeout", "badlogin"}
    of_the_bus = {"bus", "unset"}  # one row each in the page of fault words is enough
    assert set(REMEDIES) - of_the_network - of_the_bus <= set(rows)
    assert all("\nRemedy: " in text for text in rows.values())


@pytest.mark.parametrize("verb", HOST_VERBS)
def test_every_verb_has_help_with_an_example(verb):
    result = CliRunner().invoke(lamplighter, [verb, "--help"])
    assert result.exit_code == 0 and f"Example: lamplighter {verb}" in result.output


def test_a_misspelt_verb_gets_a_suggestion():
    result = CliRunner().invoke(lamplighter, ["confgure"])
    assert result.exit_code == 2 and "Did you mean configure?" in result.output


def test_help_loads_none_of_the_libraries_that_verbs_need():
    program = (
        "import sys\nfrom lamplighter.cli import main\ntry:\n main()\nexcept SystemExit: pass\n"
        "print([name for name in ('cryptography', 'esptool', 'jsonschema', 'littlefs', 'paho', 'serial')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion_script(shell):
    result = CliRunner().invoke(lamplighter, ["completion", shell])
    assert result.exit_code == 0 and "_LAMPLIGHTER_COMPLETE" in result.stdout


def test_the_completion_knows_verbs_and_options(monkeypatch):
    environment = {"_LAMPLIGHTER_COMPLETE": "bash_complete", "COMP_WORDS": "lamplighter flash --mic", "COMP_CWORD": "2"}
    done = CliRunner().invoke(lamplighter, prog_name="lamplighter", env=environment)
    assert "plain,--micropython" in done.output


def test_every_verb_in_help_can_be_loaded():
    codes = {verb: CliRunner().invoke(lamplighter, [verb, "--help"]).exit_code for verb in VERBS}
    assert set(codes.values()) == {0}, codes


@pytest.mark.parametrize(
    "words, said",
    [
        (["configure", "--port", "p", "lp-0042.json"], "its previous configuration"),
        (["update", "--port", "p"], "its previous app"),
        (["test", "--port", "p"], "no result"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_ctrl_c_says_what_is_half_done_and_which_command_resumes(words, said, tmp_path, monkeypatch, capsys):
    def interrupted(self):
        raise KeyboardInterrupt

    doc = {"v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": "street"}, "mqtt": {"host": "broker.lan"}}
    (tmp_path / "lp-0042.json").write_text(json.dumps(doc))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ports, "claim", lambda port: contextlib.nullcontext())
    monkeypatch.setattr(repl.Repl, "__enter__", interrupted)
    monkeypatch.setattr(sys, "argv", ["lamplighter", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = " ".join(capsys.readouterr().err.split())
    assert ended.value.code == 130
    assert "Interrupted. " in told and said in told
    assert re.search(r"[Rr]un (the same command|`lamplighter \w+`) again", told)


@pytest.mark.parametrize("words", ["demo --no-web", "virtual --board lamppost-esp32 --port-link lamp"])
def test_without_micropython_a_virtual_lamppost_is_refused_before_anything_starts(words, monkeypatch, tmp_path):
    """As on Linux with an ARM processor, for which there is no package of it."""

    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.metadata, "files", absent)
    done = CliRunner().invoke(lamplighter, words.split())
    assert isinstance(done.exception, ToolMissing) and "none for Linux on ARM" in done.exception.remedy
    assert done.output == "" and list(tmp_path.iterdir()) == []
