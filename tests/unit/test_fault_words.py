"""Every word that the firmware says has its row in docs/reference/faults.md, and every row is said."""

import re
from pathlib import Path

CPYTHON_ONLY = True  # it reads the sources

ROOT = Path(__file__).parent.parent.parent
KINDS = ("SensorFault", "JournalFault", "LinkFault", "SettingsFault", "CommandFault", "FetchFault", "UpdateFault")


def documented():
    """{kind: words} of the tables, each under its heading."""
    text = (ROOT / "docs/reference/faults.md").read_text()
    words = {}
    for part in text.split("\n## ")[1:]:
        kind = next(kind for kind in KINDS if kind in part.splitlines()[0])
        words[kind] = set(re.findall(r"^\| `([a-z]+)` \|", part, re.MULTILINE))
    return words


def sources():
    return [path.read_text() for path in (ROOT / "firmware").rglob("*.py")]


def test_every_word_that_is_raised_has_its_row():
    rows = documented()
    for text in sources():
        for kind, word in re.findall(r"(\w+Fault)\(\s*\"([a-z]+)\"", text):
            assert word in rows[kind], f"{kind} {word}"


def test_every_row_is_a_word_that_is_raised():
    said = "\n".join(sources())
    for kind, words in documented().items():
        for word in words:
            assert re.search(rf'"{word}"', said), f"{kind} {word} is documented, but nobody says it"


def test_the_words_are_named_where_their_fault_is_defined():
    text = (ROOT / "firmware/lamppost/core/faults.py").read_text()
    for kind, words in documented().items():
        told = text.split(f"class {kind}(")[1].split("\nclass ")[0]
        for word in words:
            assert re.search(rf"\b{word}\b", told), f"{kind} {word}"


def test_every_link_fault_has_its_stage_in_the_words_that_the_host_reads():
    from lamppost.link import words

    staged = [word for faults in words.FAULTS.values() for word in faults]
    assert len(staged) == len(set(staged))
    assert set(staged) == documented()["LinkFault"]
