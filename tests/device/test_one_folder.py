"""The app's files in one folder, and the names that they use most before the others: the same app, in less memory."""

import subprocess

import pytest
from lamplighter import bundle, often_first, one_folder, shortnames
from lamplighter.filesystem import _compiled
from lamplighter.firmware import folder
from lamplighter.problems import ImageInvalid
from test_shortnames import table
from test_units_on_micropython import micropython

SOURCES = {
    path.relative_to(folder("firmware")).as_posix(): path.read_text()
    for path in sorted((folder("firmware") / "lamppost").rglob("*.py"))
}


def of(texts):
    members = {
        path: {path.removeprefix("lamppost/").removesuffix(".py").replace("/", "."): {}} for path in texts
    }
    return bundle.Joined(texts, members)


def test_who_imports_or_borrows_a_file_finds_it_at_its_new_place(tmp_path):
    moved = one_folder.moved(of({
        "lamppost/__init__.py": "",
        "lamppost/app.py": "from .link import dial\nfrom .drivers import shelf as found\n"
                           "NAMES = 'link.late', 'link.dial', 'building'\n"
                           "def main():\n    from .link.late import late as too\n"
                           "    return dial.call(), found.build('part'), too(), __import__(NAMES[0])\n",
        "lamppost/link/dial.py": "from ..drivers.shelf import near\ndef call(): return near\n",
        "lamppost/link/late.py": "def late(): return 3\n",
        "lamppost/drivers/shelf.py": "near = 'here'\ndef build(name):\n"
                           "    return __import__(__name__[:-5] + name, None, None, ('x',)).x\n",
        "lamppost/drivers/part.py": "x = 5\n",
    }))  # fmt: skip
    for path, text in moved.texts.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    done = subprocess.run(
        [micropython(), "-c", "from lamppost import app; print(app.main()[:3])"], cwd=tmp_path, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.stdout == "('here', 5, 3)\n", done.stderr
    assert "part.py" in moved.texts and sum(path.count("/") for path in moved.texts) == 2


def test_names_of_files_are_numbered_ones_but_drivers_and_what_is_looked_for_keep_theirs():
    moved = one_folder.moved(bundle.join(SOURCES))
    assert {"lamppost/app.py", "lamppost/building.py", "lamppost/made.py", "pzem004t.py"} <= set(moved.texts)
    assert moved.texts["lamppost/ops/settings.py"].endswith(" import adopt\n")
    drivers = set(one_folder.drivers(moved))
    assert len(drivers) > 30 and "sps30.py" in drivers
    others = {path.removeprefix("lamppost/").removesuffix(".py") for path in moved.texts} - {
        path.removeprefix("lamppost/").removesuffix(".py") for path in drivers
    } - {"app", "building", "made", "__init__", "ops/settings", "journal/succession"}  # fmt: skip
    assert others <= set(shortnames.NUMBERED.split()) - {"id", "builtins"}, "of boot.py, and of MicroPython"


def test_a_new_file_leaves_the_others_where_they_are():
    before = one_folder.moved(bundle.join(SOURCES))
    after = one_folder.moved(bundle.join({**SOURCES, "lamppost/link/novel.py": "def f(): return 1\n"}))
    place = {next(reversed(row), ""): path for path, row in before.members.items()}
    moved = [one for path, row in after.members.items() if place.get(one := next(reversed(row), ""), path) != path]
    assert len(moved) < 10


def test_an_import_of_what_is_not_there_is_refused():
    with pytest.raises(ImageInvalid, match="app: there is no link.gone to be imported"):
        one_folder.moved(of({"lamppost/app.py": "from .link import gone\n"}))


def test_what_is_used_most_comes_first_in_a_large_files_names_and_makes_it_smaller():
    text = "".join(f"def few_{number}(): return few_{number}\n" for number in range(150))
    text += "def last(one):\n" + "    one.usual.other()\n" * 50
    arranged = often_first.arranged({"lamppost/x.py": text}, of({"lamppost/x.py": text}))["lamppost/x.py"]
    plain, better = (_compiled("lamppost/x.py", each) for each in (text, arranged))
    assert len(better) < len(plain) - 80
    assert {"usual", "other"} <= set(list(table(better))[:128]) and "usual" not in list(table(plain))[:128]
    space: dict = {}
    exec(arranged, space)
    assert "last" in space


def test_a_small_file_stays_as_it_is():
    small = {"lamppost/x.py": "def f(): return 1\n"}
    assert often_first.arranged(small, of(small)) == small


def test_names_that_borrowed_files_would_leave_are_met_at_the_start_and_no_others():
    texts = {
        "lamppost/building.py": "def f(): return 1\n",
        "lamppost/link/dial.py": "LEVEL = const('as a constant')\ndef dialled(sock):\n    ours = sock.strange\n"
                                 "    return [ours + 'two words', ('in', 'a', 'tuple'), print(ours)]\n",
        "lamppost/drivers/rare.py": "def rarely(): return seldom\n",
    }  # fmt: skip
    arranged = often_first.arranged(texts, of(texts))
    met = set(table(_compiled("lamppost/building.py", arranged["lamppost/building.py"])))
    assert {"dialled", "sock", "strange", "two words"} <= met
    assert not {"ours", "in", "LEVEL", "as a constant", "seldom"} & met
    space: dict = {}
    exec(arranged["lamppost/building.py"], space)
    assert space["f"]() == 1
