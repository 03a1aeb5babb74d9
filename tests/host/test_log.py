"""`lamplighter log`: times, a file, and tracebacks of compiled modules in the words of the source."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lamplighter import problems
from lamplighter.config import document
from lamplighter.device import files, ports
from lamplighter.device.repl import Repl
from lamplighter.image import littlefs, source_map
from lamplighter.image.tracebacks import Tracebacks, mapped
from lamplighter.paths import folder

SOURCE = folder("firmware")
LINK = "lamppost/link/connection.py"
HEAD = "Traceback (most recent call last):"


@pytest.fixture(scope="module")
def app():
    return littlefs.compile_app()


@pytest.fixture(scope="module")
def known(app):
    return source_map.of(app, SOURCE)


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def on_node(known, module, file, qualified):
    """What the node calls a function of the source, in that file of its."""
    (row,) = [row for row in known.functions[module] if (row["file"], row["qualified"]) == (file, qualified)]
    return row["on_node"]


def attribute(app, name):
    return next(short for short, long in app.names["lamppost.app"].items() if name in long.split(" or "))


def traceback(known, app):
    run, place = (on_node(known, "lamppost.app", LINK, f"Link.{name}") for name in ("run", "_connection"))
    return [
        HEAD,
        '  File "asyncio/core.py", line 1, in run_until_complete',
        f'  File "lamppost.app", line 1, in {run}',
        f'  File "lamppost.app", line 1, in {place}',
        f"AttributeError: '{on_node(known, 'lamppost.app', LINK, 'Link')}' object has no attribute"
        f" '{attribute(app, '_unsaid')}'",
    ]


def line_of(words, path="lamppost/link/connection.py"):
    return next(n for n, line in enumerate((SOURCE / path).read_text().splitlines(), 1) if words in line)


def test_a_traceback_names_file_lines_function_and_where_it_calls_the_next(known, app):
    shown = mapped("\n".join(["before", *traceback(known, app), "after"]), known.build, known).splitlines()
    first, call = line_of("    async def run(self)"), line_of("await self._connection()")
    assert shown[:2] == ["before", HEAD] and shown[-1] == "after"
    assert shown[2].strip() == 'File "asyncio/core.py", line 1, in run_until_complete'
    found = re.fullmatch(
        r"  lamppost/link/connection.py:(\d+)-(\d+) in Link.run, which calls _connection in line (\d+)", shown[3]
    )
    assert found and int(found[1]) == first < int(found[3]) == call < int(found[2])
    assert re.fullmatch(r"  lamppost/link/connection.py:\d+-\d+ in Link._connection", shown[4])
    whose = r"AttributeError: '(\w+ or )*link_link__Link( or \w+)*' object has no attribute '_unsaid'"
    assert re.match(whose, shown[5])


def test_of_several_functions_of_one_name_only_those_are_named_that_can_be_meant(known):
    """Where nothing leads to it, each is named; where something does, only what it calls."""
    short = on_node(known, "lamppost.app", "lamppost/journal/counters.py", "Counters.checkpoint")
    lines = [HEAD, f'  File "lamppost.app", line 1, in {short}', "OSError: 5"]
    assert "lamppost/journal/counters.py" in mapped("\n".join(lines), known.build, known)
    link = on_node(known, "lamppost.assembly", "lamppost/assembly.py", "link")
    called = f'  File "lamppost.assembly", line 1, in {link}'
    lines = [HEAD, called, '  File "lamppost.app", line 1, in __init__', "OSError: 5"]
    shown = mapped("\n".join(lines), known.build, known)
    assert "link/connection.py" in shown and "link/time/timekeeper.py" in shown and "journal/ring.py" not in shown
    doubled = [row for rows in known.functions.values() for row in rows if row["name"] == "__init__"]
    assert len(doubled) > 20


def test_every_function_of_the_app_is_found_by_what_the_node_calls_it(app, known):
    for module, rows in known.functions.items():
        for row in rows:
            assert row in known.found(module, row["on_node"])
    assert {row["file"] for rows in known.functions.values() for row in rows} == {
        path.relative_to(SOURCE).as_posix() for path in (SOURCE / "lamppost").rglob("*.py")
    }  # fmt: skip
    assert {f"{module.replace('.', '/')}.mpy" for module in known.functions if module != "lamppost"} | {
        "lamppost/__init__.mpy"
    } == set(app.modules)


def test_an_unknown_build_is_said_in_one_sentence_and_the_lines_stay(known, app):
    lines = traceback(known, app)
    through = Tracebacks("0123456789ab")
    shown = [text for line in lines for text in through.take(line)]
    assert shown[:-1] == lines
    assert shown[-1].startswith("-- not mapped to the source: build 0123456789ab is not known here; ")


def test_the_map_of_another_build_is_not_used(known, app):
    shown = mapped("\n".join(traceback(known, app)), "0123456789ab", known)
    assert "lamppost.app" in shown and "not mapped" in shown


def test_who_does_not_say_the_build_is_asked_once_and_the_traceback_waits_for_the_answer(app, known):
    source_map.keep(app, SOURCE)
    asked = []
    through = Tracebacks(ask=lambda: asked.append(1))
    lines = traceback(known, app)
    assert [text for line in [*lines, "meanwhile"] for text in through.take(line)] == []
    answer = 'lamppost: {"mac": "240ac4aa16d9", "build": "' + app.build + '"}'
    shown = through.take(answer)
    assert len(asked) == 1 and "Link.run" in shown[2] and shown[-1] == "meanwhile" and answer not in shown


def test_a_traceback_that_is_cut_off_is_shown_as_far_as_it_came(known, app):
    through = Tracebacks(known.build, known)
    assert [text for line in traceback(known, app)[:3] for text in through.take(line)] == []
    assert "Link.run" in through.rest()[2] and through.rest() == []


def test_maps_are_kept_up_to_a_number_and_a_folder_that_cannot_be_written_stops_nothing(app, monkeypatch):
    source_map.keep(app, SOURCE)
    assert source_map.kept(app.build) == source_map.of(app, SOURCE)
    for number in range(70):
        (source_map.folder() / f"{number:012x}.json").write_text("{}")
        os.utime(source_map.folder() / f"{number:012x}.json", (number, number))
    (source_map.folder() / f"{app.build}.json").unlink()
    source_map.keep(app, SOURCE)
    assert len(list(source_map.folder().glob("*.json"))) == 60 and source_map.kept(app.build)
    monkeypatch.setattr(source_map, "folder", lambda: Path("/proc/nowhere"))
    source_map.keep(app, SOURCE)
    assert source_map.kept("../../etc/passwd") is None


@pytest.mark.parametrize("content", [None, "[]", '{"build": 1}', "no json"])
def test_a_file_that_is_no_map_is_said(tmp_path, content):
    path = tmp_path / "x.map.json"
    if content:
        path.write_text(content)
    with pytest.raises(problems.MapInvalid, match=r"x.map.json (cannot be read|is no map)"):
        source_map.read(path)


def log(lamp, *words):
    command = [sys.executable, "-m", "lamplighter", "log", "--port", lamp.port, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_node_that_fails_to_start_shows_where_in_the_source(virtual_lamppost, tmp_path):
    node = virtual_lamppost("lamppost-esp32")
    node.console.wait_for("no configuration")
    with Repl(node.port) as repl:
        doc = {"v": 1, "site": "a", "node": "b", "wifi": {"ssid": "x"}, "mqtt": {"host": "h"}}
        files.write(repl, "/config.json", document.encode({**doc, "energy": {"part": "nobody"}}))
    saved = tmp_path / "night.log"
    with log(node, "--json", "--save", saved) as process:
        while not ports.holder_of(node.port):
            assert process.poll() is None
        node.press_reset()
        texts = []
        for line in process.stdout or ():
            texts.append(json.loads(line)["text"])
            if "KeyError" in texts[-1]:
                break
        process.send_signal(signal.SIGINT)
    assert any(re.search("failed to start, build [0-9a-f]{12}", text) for text in texts), texts
    frame = next(text for text in texts if "lamppost/app.py" in text)
    assert re.search(r"lamppost/app.py:\d+-\d+ in main", frame), texts
    assert any(re.search(r"building.py:\d+-\d+ in start, which calls once in line \d+", one) for one in texts)
    assert any(re.search(r"sensing/setup.py:\d+-\d+ in build", one) for one in texts)
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d  ", saved.read_text().splitlines()[0])
    assert "lamppost/app.py:" in saved.read_text()
