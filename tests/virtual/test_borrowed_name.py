"""What is borrowed leaves no name of its own on the node, and what is imported by name is found all the same."""

import subprocess

from lamplighter.image import pack
from lamplighter.image.littlefs import _compiled
from lamplighter.paths import folder
from test_units_on_micropython import micropython


def test_two_borrowed_modules_take_turns_under_one_name(tmp_path):
    boot = (folder("firmware") / "boot.py").read_text()
    borrow = (folder("firmware") / "lamppost" / "core" / "borrow.py").read_text()
    modules = {
        "lamppost/__init__.mpy": _compiled("lamppost/__init__.py", ""),
        "lamppost/core.mpy": _compiled("lamppost/core.py", borrow),
        "find.mpy": _compiled("find.py", "from next import two\ndef one(): return two()\n"),
        "next.mpy": _compiled("next.py", "def two(): return 2\ndef wrong(): raise ValueError\n"),
        "key.mpy": _compiled("key.py", "raise MemoryError\n"),
    }
    (tmp_path / "a.app").write_bytes(pack.build(modules))
    program = "import binascii, os, sys\n" + boot[boot.index("class Pack:") : boot.index("def use(")]
    program += (
        f"os.mount(Pack({str(tmp_path / 'a.app')!r}), '/app')\nsys.path.insert(0, '/app')\n"
        "from lamppost.core import once, give_back\n"
        "print(once('find', 'one'), once('next', 'two'), once('find', 'one'), 'next' in sys.modules)\n"
        "give_back('next')\n"
        "for name, function in (('next', 'wrong'), ('key', 'any'), ('absent', 'any')):\n"
        "    try:\n        once(name, function)\n"
        "    except (ValueError, MemoryError, ImportError) as error:\n        print(type(error).__name__)\n"
        "print(sorted(one for one in sys.modules if one in ('id', 'find', 'next', 'key')))\n"
    )
    done = subprocess.run([micropython(), "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["2 2 2 True", "ValueError", "MemoryError", "ImportError", "[]"], done.stderr
