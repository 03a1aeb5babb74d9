"""A pushed configuration is cut at its flash operations: a whole one runs afterwards, and none stays unproven."""

import shutil

import pytest
from config_cuts import sweep
from lamplighter import paths

CUTS = {True: 180, False: 340}


@pytest.mark.parametrize("connects", [True, False])
def test_no_cut_of_a_push_leaves_a_node_without_a_configuration_or_with_one_that_was_not_proven(connects):
    result = sweep(connects)
    assert result["wrong"] == []
    assert result["cuts"] >= CUTS[connects]
    assert set(result["ended"]) == {"new stable" if connects else "old reverted"}


COPY = '        _copy(root, "config.json", "config.old")\n'
MUTANTS = {
    "the configuration before its record": (
        "config_trial.py",
        "            self._write()\n            config_store.swap(self.root)\n",
        "            config_store.swap(self.root)\n            self._write()\n",
    ),
    "confirmed at the start": (
        "config_trial.py", "            self._starts += not power_on\n", "            self.confirm()\n"
    ),
    "the one before is not kept": ("config_store.py", COPY, "        os.remove(root + 'config.old')\n"),
    "the one before moved away first": (
        "config_store.py", COPY, "        os.rename(root + 'config.json', root + 'config.old')\n"
    ),
    "no rename": (
        "config_store.py",
        '    with open(root + _PART, "wb") as file:\n        file.write(data)\n'
        "    os.rename(root + _PART, root + name)\n",
        '    with open(root + name, "wb") as file:\n        file.write(data[:9])\n        file.flush()\n'
        "        file.write(data[9:])\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_sweep_finds_a_push_that_is_wrong(tmp_path, mutant):
    name, right, wrong = MUTANTS[mutant]
    firmware = tmp_path / "firmware"
    shutil.copytree(paths.folder("firmware"), firmware)
    file = firmware / "lamppost/ops" / name
    text = file.read_text()
    assert text.count(right) == 1
    file.write_text(text.replace(right, wrong))
    try:
        found = sweep(False, 3, firmware)["wrong"]
    except RuntimeError as error:  # wrong already without a cut
        found = [str(error)]
    assert found
