"""Modules joined into one file do what they did apart, and what cannot be joined is refused."""

import pytest
from lamplighter.image import bundle
from lamplighter.problems import ImageInvalid


@pytest.fixture(autouse=True)
def together(monkeypatch):
    monkeypatch.setattr(bundle, "TOGETHER", {})


def test_names_of_two_modules_stay_apart_and_constants_vanish():
    joined, members = bundle.join({
        "lamppost/core/one.py": "from micropython import const\nSIZE = const(4)\n_HALF = const(SIZE // 2)\n"
                                "A, B = 'xy'\ndef size(body): return body * SIZE, _HALF, A\n",
        "lamppost/core/two.py": "from .one import B, size\ndef body(one): return size(one), B\n",
        "lamppost/app.py": "from .core import one\nfrom .core.two import body as made\n"
                           "def main(size):\n    return made(size), one.size(1), one.SIZE\n",
        "lamppost/other.py": "from .core.one import SIZE, size as great\ndef told(): return great(SIZE)\n",
    })  # fmt: skip
    assert set(joined) == {"lamppost/app.py", "lamppost/other.py"}
    app = joined["lamppost/app.py"].replace("from micropython import const", "const = int")
    space: dict = {}
    exec(app.replace("const('", "str('"), space)
    assert space["main"](3) == (((12, 2, "x"), "y"), (4, 2, "x"), 4)
    assert "import" not in app
    assert "from .app import core_one__size" in joined["lamppost/other.py"]
    assert "_core_one__SIZE = const(4)" in joined["lamppost/other.py"]
    assert members["lamppost/app.py"]["core.two"] == {"body": "core_two__body"}


def test_a_local_name_is_not_taken_for_the_modules():
    joined, _ = bundle.join({
        "lamppost/core/one.py": "def text(): return 1\n",
        "lamppost/core/two.py": "from .one import text\n"
                                "def f(rows): return [text for text in rows], (lambda text: text)(2)\n"
                                "class C:\n    text = 5\n    def g(self):\n        return text(), self.text\n",
        "lamppost/app.py": "from .core.two import C, f\n",
    })  # fmt: skip
    space: dict = {}
    exec(joined["lamppost/app.py"], space)
    assert space["core_two__f"]([7]) == ([7], 2)
    assert space["core_two__C"]().g() == (1, 5)


def test_a_module_that_is_passed_on_as_an_object_cannot_be_joined():
    with pytest.raises(ImageInvalid, match="core.two:3: one is joined with other modules"):
        bundle.join({
            "lamppost/core/one.py": "x = 1\n",
            "lamppost/core/two.py": "from . import one\n\nform = one\n",
            "lamppost/app.py": "from .core.two import form\n",
        })  # fmt: skip


def test_what_is_joined_is_not_imported_within_a_function():
    with pytest.raises(ImageInvalid, match="core.one.x is joined"):
        bundle.join({
            "lamppost/core/one.py": "x = 1\n",
            "lamppost/core/two.py": "def late():\n    from .one import x\n    return x\n",
            "lamppost/app.py": "from .core.one import x\nfrom .core.two import late\n",
        })  # fmt: skip


def test_what_is_borrowed_or_only_imported_within_a_function_stays_a_file_of_its_own():
    joined, _ = bundle.join({
        "lamppost/core/borrow.py": "def once(name, what): pass\n",
        "lamppost/link/dial.py": "def f(): return 1\n",
        "lamppost/link/late.py": "def f(): return 1\n",
        "lamppost/app.py": "from .core.borrow import once\n"
                           "def main():\n    from .link.late import f\n    return once('link.dial', 'f'), f\n",
    })  # fmt: skip
    assert set(joined) == {"lamppost/app.py", "lamppost/link/dial.py", "lamppost/link/late.py"}


def test_what_is_joined_cannot_be_borrowed_too(monkeypatch):
    monkeypatch.setattr(bundle, "TOGETHER", {"sensing.air.windows": ["sensing.air.history"]})
    with pytest.raises(ImageInvalid, match="sensing.past is joined to sensing.air, and something loads it by its name"):
        bundle.join({
            "lamppost/sensing/air/history.py": "def f(): return 1\n",
            "lamppost/sensing/air/windows.py": "from .past import f\ndef g(): return once('sensing.air.history', 'f')\n",
        })  # fmt: skip


def test_a_copy_serves_one_file_and_the_others_have_the_original(monkeypatch):
    monkeypatch.setattr(bundle, "COPIED", {"drivers.pzem": ["buses.modbus"]})
    joined, _ = bundle.join({
        "lamppost/buses/modbus.py": "def asked(): return 7\n",
        "lamppost/drivers/pzem.py": "from ..buses import modbus\ndef read(): return modbus.asked()\n",
        "lamppost/drivers/sdm.py": "from ..buses import modbus\ndef read(): return modbus.asked()\n",
    })  # fmt: skip
    space: dict = {}
    exec(joined["lamppost/drivers/pzem.py"], space)
    assert space["read"]() == 7
    assert "from ..buses.modbus import asked as buses_modbus__asked" in joined["lamppost/drivers/sdm.py"]
    assert "lamppost/buses/modbus.py" in joined


def test_two_modules_that_keep_one_name_for_the_console_are_refused():
    with pytest.raises(ImageInvalid, match="two of its modules define read_out"):
        bundle.join({
            "lamppost/core/one.py": "def read_out(): return 1\n",
            "lamppost/core/two.py": "from .one import read_out as other\ndef read_out(): return other()\n",
            "lamppost/app.py": "from .core.two import read_out\n",
        })  # fmt: skip


def test_a_source_that_does_not_parse_is_refused_with_its_line():
    with pytest.raises(ImageInvalid, match="lamppost/0.py does not compile: line 2"):
        bundle.join({"lamppost/0.py": "a = 1\nb = (\n"})
