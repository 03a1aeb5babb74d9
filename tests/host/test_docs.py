"""The documentation is true where a machine can tell: generated pages, links, commands, make targets, examples."""

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from lamplighter.boards import board_file
from lamplighter.cli import VERBS, lamplighter
from lamplighter.config import config_file

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "boards").rglob("*.md")])
# of a developer's machine, or of where packages came from: no reader has them
FORBIDDEN = re.compile(r"(?<![\w.])/(work|tmp|home|root)/|index-url|artifactory", re.IGNORECASE)
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def named(page):
    return page.relative_to(ROOT).as_posix()


def every_page(function):
    return pytest.mark.parametrize("page", PAGES, ids=named)(function)


def prose(page):
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def code(page):
    """Everything that is set as code: blocks line by line, and spans."""
    text = page.read_text(encoding="utf-8")
    blocks = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
    return blocks + re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def generate(*arguments):
    return subprocess.run([sys.executable, str(DOCS / "generate.py"), *arguments], capture_output=True, text=True)


def test_no_generated_page_is_stale():
    done = generate("--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stale_or_missing_page_is_named_and_made_anew(tmp_path):
    docs = tmp_path / "docs"
    shutil.copytree(DOCS, docs)
    (docs / "reference/problems.md").write_text("old")
    (docs / "reference/boards.md").unlink()
    (docs / "contract/schemas/gone.schema.json").write_text("{}")
    done = generate("--check", "--docs", str(docs))
    assert done.returncode == 1
    assert {line.split(":")[0] for line in done.stdout.splitlines()} >= {
        "reference/problems.md", "reference/boards.md", "contract/schemas/gone.schema.json",
    }  # fmt: skip
    assert (docs / "reference/problems.md").read_text() == "old", "--check changes nothing"
    assert generate("--docs", str(docs)).returncode == 0
    pages = ("reference/problems.md", "reference/boards.md")
    assert [(docs / page).read_text() for page in pages] == [(DOCS / page).read_text() for page in pages]
    assert not (docs / "contract/schemas/gone.schema.json").exists()


@every_page
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        there = page.parent / path if path else page
        assert there.exists(), f"{target} is not there"
        assert not anchor or anchor in headings(there), f"{path} has no heading #{anchor}"


def headings(page):
    """Anchors of the headings, as code hosts make them."""
    texts = re.findall(r"^#+ +(.*?) *$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in texts}


@every_page
def test_every_verb_and_option_that_is_named_exists(page):
    for line in code(page):
        for verb, rest in re.findall(r"(?<!from )(?<!runpip )\blamplighter ([a-z]+)\b([^|&;\n]*)", line):
            assert verb in VERBS, f"there is no `lamplighter {verb}`: {line}"
            unknown = set(re.findall(r"(?<=\s)--[a-z-]+", rest)) - options(verb)
            assert not unknown, f"`lamplighter {verb}` has no {', '.join(unknown)}: {line}"


def options(verb):
    command = lamplighter.get_command(click.Context(lamplighter), verb)
    assert command
    # of a verb with verbs of its own, all of theirs
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return {"--help", *(name for one in (command, *inner) for option in one.params for name in option.opts)}


def test_every_variable_of_the_environment_that_the_tool_reads_is_on_the_page_of_commands():
    page = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "host_tools").rglob("*.py")]
    read = {name for text in sources for name in re.findall(r'"(LAMPLIGHTER_[A-Z_]+|[A-Z]+_PASSWORD)"', text)}
    assert read and [name for name in sorted(read) if f"`{name}`" not in page] == []


@every_page
def test_every_make_target_that_is_named_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named_here = {target for line in code(page) for target in re.findall(r"\bmake ([a-z-]+)", line)}
    assert named_here <= targets


@every_page
def test_no_page_names_places_of_one_machine(page):
    found = [line for line in page.read_text(encoding="utf-8").splitlines() if FORBIDDEN.search(line)]
    assert not found


@every_page
def test_measured_figures_name_the_command_that_measures_them(page):
    text = page.read_text(encoding="utf-8")
    for heading, section in re.findall(r"^#+ +([^\n]*)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL):
        if re.search(r"\b(measured|figures)\b", heading, re.IGNORECASE):
            assert re.search(r"`[^`]*\b(make|lamplighter|pytest|python) [^`]+`", section), f"{heading}: how to measure?"


def links_of(page):
    return re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))


def test_the_index_names_every_page():
    index = {(DOCS / link).resolve() for link in links_of(DOCS / "README.md")}
    index |= {(DOCS / "reference" / link).resolve() for link in links_of(DOCS / "reference/parts.md")}
    missing = [named(page) for page in DOCS.rglob("*.md") if page not in index and page != DOCS / "README.md"]
    assert not missing, "docs/README.md leads to every page"


def test_the_example_configuration_is_taken_as_it_stands(tmp_path):
    blocks = FENCE.findall((DOCS / "reference/configuration.md").read_text())
    text = next(block for kind, block in blocks if kind == "json")
    file = tmp_path / "lp-0042.json"
    file.write_text(text)
    facts = board_file.load("lamppost-esp32").node_document()
    assert config_file.load(str(file), facts)["node"] == "lp-0042"
    assert set(json.loads(text)) == set(config_file.schema()["properties"]), "the example shows every section"


def test_every_key_of_the_configuration_has_a_row():
    page = (DOCS / "reference/configuration.md").read_text()
    schema = config_file.schema()
    for section in (schema, *schema["properties"].values(), schema["$defs"]["part"]):
        section = section.get("items", section)
        for key in section.get("properties", {}):
            assert f"\n| `{key}` |" in page


@every_page
def test_lists_and_code_in_them_are_lists_and_code_on_the_site_too(page):
    """The site's Markdown takes a list only after a blank line, and a block in it only four blanks deep."""
    lines, in_code = page.read_text().splitlines(), False
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            indent = len(line) - len(line.lstrip())
            assert indent % 4 == 0, f"{named(page)}:{number}: a block {indent} blanks deep"
            in_code = not in_code
        elif not in_code and re.match(r"([-*]|\d+\.) ", line) and number > 1:
            before = lines[number - 2]
            assert not before or before.startswith((" ", "- ", "* ")) or re.match(r"\d+\. ", before), (
                f"{named(page)}:{number}: no blank line before this list"
            )


def test_pictures_of_screens_show_the_columns_that_the_screens_have():
    """`make pictures` draws them anew."""
    from lamplighter.telemetry import panel

    for name in ("demo", "six-parts"):
        texts = html.unescape((DOCS / f"pictures/{name}.svg").read_text()).replace("\xa0", " ")
        assert [column for column in panel.COLUMNS if f">{column}" not in texts and f" {column}" not in texts] == []
