"""An update is cut at each of its flash operations: afterwards one of the two apps starts, and the update completes."""

import json
import random
import subprocess
import sys
import zlib
from pathlib import Path

from lamplighter import paths
from lamplighter.image import littlefs, pack
from lamplighter.update import delta

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MICROPYTHON = Path(sys.executable).parent / "micropython"
NODE = ROOT / "host_tools/lamplighter/update/on_node.py"


def app(build, changed=()):
    """A small app of modules that only have bytes, and one that says which build it is."""
    chance = random.Random(1)
    modules = {f"lamppost/m{n}.mpy": chance.randbytes(chance.randrange(200, 1400)) for n in range(9)}
    for n in changed:
        modules[f"lamppost/m{n}.mpy"] = modules[f"lamppost/m{n}.mpy"][:150] + random.Random(n + 50).randbytes(400)
    made = littlefs._compiled("lamppost/made.py", f"BUILD = {build!r}\n")
    return pack.build({**modules, "lamppost/__init__.mpy": littlefs._compiled("lamppost/__init__.py", ""),
                       "lamppost/made.mpy": made})  # fmt: skip


def prepare(folder, known):
    """Lay out what the node has and what comes over the line."""
    old, new = app("old"), app("new", changed=(2, 5, 7))
    (folder / "a.app").write_bytes(old)
    (folder / "b.app").write_bytes(app("older", changed=range(9)))
    made = delta.plan(new, pack.read(old))
    blocks = delta.framed(delta.blocks(made, new, old if known else None, 14))
    (folder / "blocks").write_bytes(b"".join(blocks))
    (folder / "call.json").write_text(json.dumps({
        "old": "a", "steps": made.steps, "crc": zlib.crc32(new), "count": len(blocks), "size": max(map(len, blocks)),
        "bits": 14,
    }))  # fmt: skip
    return made


def sweep(folder, node=NODE):
    """What the sweep tells; files that a cut left open complain before it when they are collected."""
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=32M", HERE / "renewal_on_micropython.py", node,
         paths.folder("firmware") / "boot.py", folder],
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_no_cut_of_an_update_leaves_a_node_that_does_not_start(tmp_path):
    made = prepare(tmp_path, known=True)
    assert made.kept == 7 and len(made.new) < 4096
    result = sweep(tmp_path)
    assert result["wrong"] == []
    assert result["cuts"] == 4 * result["operations"] >= 200
    assert set(result["ran"]) == {"a old", "b new"}, "cuts before and after the swap must both have been tried"


def test_the_sweep_finds_out_an_update_that_writes_over_the_app_that_counts(tmp_path):
    prepare(tmp_path, known=True)
    spoilt = tmp_path / "node.py"
    line = 'beside = root + slot + ".part"'
    assert line in NODE.read_text()
    spoilt.write_text(NODE.read_text().replace(line, 'beside = root + (old or slot) + ".app"'))
    result = sweep(tmp_path, spoilt)
    assert len(result["wrong"]) > 20, result
