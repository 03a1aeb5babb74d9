"""docs/reference/problems.md: every exit code of `lamplighter`, from problems.py."""

from __future__ import annotations

from lamplighter import problems

from .table import table

SECTIONS = {
    0: "Files of this computer",
    10: "Port and serial line",
    20: "Boards, images, flashing",
    30: "Configuration",
    40: "Readings and self-test",
    50: "Broker and telemetry",
    60: "Virtual and simulated lampposts",
    70: "Identity, roster, records",
    80: "The store's database",
    90: "Roll-outs",
    100: "The page of the street",
    110: "Bridges",
}
HEAD = """# Exit codes

`lamplighter` ends with 0 when all went well, and with one code of its own for each cause otherwise. Cause and
remedy go to stderr. With `--json` an object with `error` (the word), `cause`, `remedy` and `details` comes on stdout as
well. Each word links to its place in [troubleshooting](../field/troubleshooting.md).

"""
GENERAL = (
    (0, "", "All went well."),
    (1, "", "A bug: run it again as `lamplighter --debug ...`, and report the output."),
    (2, "", "Wrong usage: see `lamplighter VERB --help`."),
    (130, "", "Ended with Ctrl-C."),
)


def content() -> str:
    text = HEAD + table(("code", "word", "remedy"), GENERAL)
    for first, title in SECTIONS.items():
        rows = [(kind.exit_code, _link(kind), kind.remedy) for kind in kinds() if kind.exit_code // 10 * 10 == first]
        text += f"\n## {title}\n\n" + table(("code", "word", "remedy"), rows)
    return text


def kinds() -> list[type[problems.Problem]]:
    return sorted(problems.Problem.__subclasses__(), key=lambda kind: kind.exit_code)


def _link(kind: type[problems.Problem]) -> str:
    return f"[`{kind.word}`](../field/troubleshooting.md#{kind.word}-exit-{kind.exit_code})"
