"""Run by the Python of an installed or unpacked wheel: reads each file that some verb needs, and shows every --help.

Prints one JSON object. `python everything.py FOLDER`: no file below this folder may be opened, the checkout's.
"""

import importlib
import json
import pkgutil
import re
import sys
import tempfile
from pathlib import Path

FORBIDDEN = Path(sys.argv[1]).resolve()
strays = set()


def _note(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and Path(arguments[0]).is_absolute():
        path = Path(arguments[0])
        if path.is_relative_to(FORBIDDEN) and not path.is_relative_to(FORBIDDEN / ".venv"):
            strays.add(str(path))


sys.addaudithook(_note)

import click  # noqa: E402
import lamplighter  # noqa: E402
from click.testing import CliRunner  # noqa: E402
from lamplighter.cli import lamplighter as top  # noqa: E402

# these run under MicroPython, or do their work when they are imported
NOT_CPYTHON = (
    "virtual.chip_modules", "virtual.parts", "update.on_node", "replay.node_", "lamp.node_", "virtual.launch",
    "__main__", "test_acceptance",
)  # fmt: skip


def modules():
    """Import each module of the package; the names."""
    names = [one.name for one in pkgutil.walk_packages(lamplighter.__path__, "lamplighter.")]
    wanted = [name for name in names if not any(part in name for part in NOT_CPYTHON)]
    for name in wanted:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as absent:
            # pytest loads its plug-in, and `needed` loads what builds on the library of an extra
            if absent.name not in ("pytest", "nats"):
                raise
    return wanted


def helps(command, words):
    """Show --help of a command and of those below it; how many there are."""
    done = CliRunner().invoke(top, [*words, "--help"], prog_name="lamplighter")
    assert done.exit_code == 0 and "Example" in done.output, (words, done.output)
    below = command.list_commands(click.Context(command)) if isinstance(command, click.Group) else []
    return 1 + sum(helps(command.get_command(click.Context(command), name), [*words, name]) for name in below)


def files():
    """Read what the verbs read; how many of each kind."""
    from lamplighter.boards import board_file
    from lamplighter.bridge.ngsi_ld import entity_context
    from lamplighter.config import config_file
    from lamplighter.contract import examples, topics
    from lamplighter.parts import catalogue
    from lamplighter.report import baseline
    from lamplighter.rollout import plan_file
    from lamplighter.store import schema
    from lamplighter.virtual import recorded, scenario_file

    boards = [board_file.load(name) for name in board_file.names()]
    with tempfile.TemporaryDirectory() as folder:
        contexts = entity_context.write(Path(folder))
    package = Path(lamplighter.__file__).parent
    return {
        "boards": len(boards),
        "parts": len(catalogue.every()),
        "schemas": len([config_file.schema(), topics.SCHEMA, plan_file.SCHEMA, baseline.schema()]),
        "examples": len(examples.files()),
        "migrations": sum(len(schema.migrations(engine)) for engine in ("duckdb", "postgresql")),
        "contexts": len(contexts),
        "scenarios": len([scenario_file.load(name, boards[0]) for name in ("lisbon", "london", "milan")]),
        "series": len(list(recorded.FOLDER.glob("*.csv"))),
        "page": len(page_files(package / "web" / "static")),
        "report": len((package / "report" / "page.css").read_text()),
    }


def page_files(folder):
    """The files that the pages in a browser load, followed from the two pages; an absent one raises."""
    found, waiting = set(), ["index.html", "steps.html"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = (folder / name).read_text(encoding="utf-8")
            waiting += re.findall(r'(?:/static/|from "\./|import "\./)([\w.-]+)', text)
    return found


if __name__ == "__main__":
    print(json.dumps({
        "from": lamplighter.__file__, "modules": len(modules()), "helps": helps(top, []), "files": files(),
        "strays": sorted(strays),
    }))  # fmt: skip
