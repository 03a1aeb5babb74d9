"""An update over the air is cut at its flash operations: in the end the new app runs, or the old one where it should.

`make powercut` cuts at every operation.
"""

import shutil

import pytest
from air_cuts import sweep
from lamplighter import paths


@pytest.mark.parametrize(("does", "stride"), [("well", 5), ("silent", 40), ("crashing", 10)])
def test_no_cut_of_an_update_over_the_air_leaves_a_mixed_app_or_another_end(tmp_path, does, stride):
    """An app that does its work is confirmed in the end; one that is silent or crashes gives way to the old one."""
    result = sweep(tmp_path, does, stride)
    assert result["wrong"] == []
    assert result["cuts"] >= 30


MUTANTS = {
    "no rename": (
        "slot_files.py",
        '    with open("/update.part", "w") as file:\n        file.write(text)\n    os.rename("/update.part", path)\n',
        '    with open(path, "w") as file:\n        file.write(text)\n',
    ),
    "the active slot is filled": ("staging.py", '"/" + slot_files.other(slot)', '"/" + slot'),
    "a silent app is confirmed": ("trial.py", "+ 1 if well(trial", "+ 1 if well or (trial"),
    "no trial": ("trial.py", '        self.state["active"] = slot\n        self._store',
                 '        self.state = {"active": slot}\n        self._store'),
    "the way back is forgotten": ("trial.py", '        self.state["active"] = slot\n        self.finish',
                                  "        self.finish"),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_sweep_finds_an_update_over_the_air_that_is_wrong(tmp_path, mutant):
    file, right, wrong = MUTANTS[mutant]
    firmware = tmp_path / "firmware"
    shutil.copytree(paths.folder("firmware"), firmware)
    path = firmware / "lamppost/ops/update" / file
    text = path.read_text()
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong))
    try:
        assert sweep(tmp_path, "silent", 13, firmware=firmware)["wrong"]
    except RuntimeError as error:
        assert "Error" in str(error)  # it fails without a cut
