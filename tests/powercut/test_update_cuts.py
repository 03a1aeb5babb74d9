"""An update is cut at its flash operations: afterwards one of the two whole apps starts, and the update completes.

A small app here; `make powercut` does it with a larger one.
"""

import pytest
from lamplighter.update import update
from update_cuts import BOOT, sweep


@pytest.mark.parametrize("runs", ["a", "b"])
def test_no_cut_of_an_update_leaves_a_mixed_app_or_a_node_that_does_not_start(tmp_path, runs):
    """With slot b running the active slot a has failed before, and the update completes it."""
    result = sweep(tmp_path, runs)
    assert result["wrong"] == []
    assert result["cuts"] >= 150
    idle = "b" if runs == "a" else "a"
    assert set(result["ran"]) == {f"{runs} old", f"{idle} new"}, "cuts before and after the switch must have been tried"


CLOSE = """    if not close_slot(folder, build, version, sha):
        write(b"spoilt\\n")
        return False
"""
STATE = "    if switch:\n        replace(\"/state.json\", '{\"active\":\"%s\"}' % target)\n"
MUTANTS = {
    "the manifest of the old app stays": ('        os.remove(folder + "/" + MANIFEST)', "        pass"),
    "the state file before the manifest": (CLOSE + STATE, STATE + CLOSE),
    "no rename": (
        '    with open("/update.part", "w") as file:\n        file.write(text)\n    os.rename("/update.part", path)\n',
        '    try:\n        os.remove(path)\n    except OSError:\n        pass\n    with open(path, "w") as file:\n'
        "        file.write(text)\n",
    ),
    "the app that runs is written over": ("    target = other(slots.runs)\n", "    target = slots.runs\n"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_sweep_finds_an_update_that_is_wrong(tmp_path, mutant):
    right, wrong = MUTANTS[mutant]
    text = update.program_text()
    assert text.count(right) == 1
    node = tmp_path / "node.py"
    node.write_text(text.replace(right, wrong))
    assert found(tmp_path, node=node)


def test_the_sweep_finds_a_boot_that_starts_slots_without_a_manifest(tmp_path):
    text = BOOT.read_text()
    line = '        os.stat("/%s/manifest.json" % slot)\n'
    assert line in text
    boot = tmp_path / "boot.py"
    boot.write_text(text.replace(line, ""))
    assert found(tmp_path, runs="b", boot=boot)


def found(folder, **options):
    """What the sweep says; a mutant may already fail without a cut."""
    try:
        return sweep(folder, stride=3, **options)["wrong"]
    except RuntimeError as error:
        return [str(error)]
