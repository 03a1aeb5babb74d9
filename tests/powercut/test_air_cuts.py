"""An update over the air is cut at its flash operations: in the end what is new runs, or what was before if it fails.

`make powercut` cuts at every operation.
"""

import shutil

import pytest
from air_cuts import sweep
from lamplighter import paths


@pytest.mark.parametrize(("does", "stride"), [("well", 23), ("silent", 160), ("crashing", 41), ("failing", 41)])
def test_no_cut_of_an_update_over_the_air_leaves_a_mixed_app_or_another_end(tmp_path, does, stride):
    """An app that does its work is confirmed in the end; one that is silent or crashes gives way to the old one."""
    result = sweep(tmp_path, does, stride)
    assert result["wrong"] == []
    assert result["cuts"] >= 5


def test_no_cut_tears_the_list_of_keys_or_the_floor_or_brings_an_older_one_back(tmp_path):
    result = sweep(tmp_path, "well", 1000, near=3)
    assert result["wrong"] == []
    assert result["cuts"] >= 15 and result["near"] >= 10


@pytest.mark.parametrize(("what", "rollback", "does", "stride"), [
    ("both", True, "well", 29), ("both", True, "dawns", 67), ("both", True, "silent", 320),
    ("both", True, "failing", 53), ("both", True, "dead", 89), ("base", True, "crashing", 67),
    ("both", False, "well", 67),
])  # fmt: skip
def test_no_cut_of_an_update_of_micropython_leaves_a_node_without_it_or_with_the_app_of_another(
    tmp_path, what, rollback, does, stride
):
    """Boot loaders with and without rollback; the boot loader's own writes are cut too."""
    result = sweep(tmp_path, does, stride, what=what, rollback=rollback)
    assert result["wrong"] == []
    assert result["cuts"] >= 5


UPDATE = "lamppost/ops/update/"
MUTANTS = {
    "no rename": (
        UPDATE + "slot_files.py",
        '    with open("/update.part", "w") as file:\n        file.write(text)\n    os.rename("/update.part", path)\n',
        '    with open(path, "w") as file:\n        file.write(text)\n',
    ),
    "the active slot is filled": (UPDATE + "staging.py", '"/" + slot_files.other(slot)', '"/" + slot'),
    "a silent app is confirmed": (UPDATE + "trial.py", "+ 1 if well(trial", "+ 1 if well or (trial"),
    "no trial": (UPDATE + "trial.py", '            self.state["active"] = slot\n',
                 '            self.state = {"active": slot}\n'),
    "the way back is forgotten": (UPDATE + "trial.py", '        self.state["active"] = slot\n        self.finish',
                                  "        self.finish"),
}  # fmt: skip
TRUST_MUTANTS = {
    "the keys are not replaced by a rename": (
        "well", UPDATE + "key_set.py", '    slot_files.replace(_PATH, str(data, "utf-8"))\n',
        '    with open(_PATH, "w") as file:\n        file.write(str(data, "utf-8"))\n',
    ),
    "the floor is raised before the app is confirmed": (
        "silent", "lamppost/ops/updates.py", 'self._floor.raise_to(self._trial.state.get("floor", "0"))',
        'self._floor.raise_to(self._trial.state.get("trial", self._trial.state).get("floor", "0"))',
    ),
}  # fmt: skip
BASE_MUTANTS = {
    "the running image is overwritten": (
        "silent", UPDATE + "base.py", 'found["size"], self._other()', 'found["size"], self._slot',
    ),
    "the switch comes before the trial is noted": (
        "well", UPDATE + "trial.py", '        base["starts"] += 1\n',
        '        base["starts"] += 1\n        self._images.start(base["to"])\n',
    ),
    "the new app becomes active at once": (
        "well", UPDATE + "trial.py", '            self.state["trial"]["slot"] = slot\n',
        '            self.state["trial"]["slot"] = self.state["active"] = slot\n',
    ),
    "the boot loader judges dawns": (
        "dawns", "base_image.py", "        Partition.mark_app_valid_cancel_rollback()\n", ""
    ),
    "a silent image is confirmed": ("silent", UPDATE + "trial.py", "+ 1 if well(trial", "+ 1 if well or (trial"),
    "the way back is not noted": (
        "silent", UPDATE + "trial.py", '        trial["base"]["back"] = [word, sentence]', "        pass",
    ),
    "no way back": ("silent", "base_image.py", '        Partition(base["from"]).set_boot()', "        pass"),
    "the new image is asked for once only": ("well", UPDATE + "trial.py", "            self.pending = True\n",
                                             '            self._end("reverted", "crashed", "", self._slot)\n'),
}  # fmt: skip


def spoilt(folder, file, right, wrong):
    """A firmware with one text replaced."""
    firmware = folder / "firmware"
    shutil.copytree(paths.folder("firmware"), firmware)
    path = firmware / file
    text = path.read_text()
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong))
    return firmware


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_sweep_finds_an_update_over_the_air_that_is_wrong(tmp_path, mutant):
    try:
        assert sweep(tmp_path, "silent", 13, firmware=spoilt(tmp_path, *MUTANTS[mutant]))["wrong"]
    except RuntimeError as error:
        assert "Error" in str(error)  # it fails without a cut


@pytest.mark.parametrize("mutant", TRUST_MUTANTS)
def test_the_sweep_finds_a_change_of_keys_or_floor_that_is_wrong(tmp_path, mutant):
    does, *change = TRUST_MUTANTS[mutant]
    try:
        assert sweep(tmp_path, does, 1000, firmware=spoilt(tmp_path, *change), near=1)["wrong"]
    except RuntimeError as error:
        assert "AssertionError: a floor that nothing confirmed has brought" in str(error)


@pytest.mark.parametrize("mutant", BASE_MUTANTS)
def test_the_sweep_finds_an_update_of_micropython_that_is_wrong(tmp_path, mutant):
    does, *change = BASE_MUTANTS[mutant]
    try:
        assert sweep(tmp_path, does, 5, firmware=spoilt(tmp_path, *change), what="both")["wrong"]
    except RuntimeError as error:
        assert "Error" in str(error)  # it fails without a cut
