"""Files of the desk are changed by one program at a time, and nobody waits for ever."""

import threading

import pytest
from lamplighter.documents import atomic_file
from lamplighter.problems import RosterInvalid


def test_two_changes_at_once_are_made_one_after_the_other(tmp_path):
    file = tmp_path / "count"
    file.write_text("0")

    def count():
        for _ in range(20):
            with atomic_file.locked(tmp_path / ".lock", "Name another folder.", RosterInvalid):
                atomic_file.write(file, str(int(file.read_text()) + 1).encode(), "")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert file.read_text() == "80"


def test_a_lock_that_is_never_let_go_ends_in_a_sentence(tmp_path, monkeypatch):
    import filelock

    monkeypatch.setattr(atomic_file, "WAIT_S", 0.01)
    with (
        filelock.FileLock(tmp_path / ".lock"),
        pytest.raises(RosterInvalid, match="has been in use by another lamplighter") as caught,
        atomic_file.locked(tmp_path / ".lock", "Name another folder.", RosterInvalid),
    ):
        pass
    assert caught.value.remedy


def test_a_lock_that_cannot_be_made_ends_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with (
        pytest.raises(RosterInvalid, match="cannot be written"),
        atomic_file.locked(tmp_path / "file" / ".lock", "Name another folder.", RosterInvalid),
    ):
        pass
