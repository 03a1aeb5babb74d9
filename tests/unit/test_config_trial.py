"""ops/config_trial.py: a pushed configuration stays when it is confirmed, and goes when it is not."""

import json
import os

from lamppost.ops import config_store
from lamppost.ops.config_trial import Trial
from raising import raises
from test_config_store import GOOD, folder

OTHER = dict(GOOD, wifi={"ssid": "elsewhere"})


def quiet(text):
    pass


def pushed(root, minutes=1, doc=OTHER):
    """A node that was given a configuration over the air, before it starts with it."""
    trial = Trial(quiet, root)
    trial.begin(json.dumps(doc).encode(), "p1", "d1", "f1", minutes, ["meter"], ["dust"])
    return trial


def started(root, power_on=False):
    trial = Trial(quiet, root)
    trial.start(power_on)
    return trial


def network(root):
    return config_store.load(root)[0]["wifi"]["ssid"]


def node():
    return folder(config_json=json.dumps(GOOD))


def test_a_confirmed_configuration_stays():
    root = node()
    pushed(root)
    trial = started(root)
    assert trial.on and network(root) == "elsewhere" and trial.parts == ["meter"]
    trial.confirm()
    trial = started(root, power_on=True)
    assert (trial.phase, trial.id, network(root)) == ("stable", "p1", "elsewhere")
    assert not trial.told()


def test_one_that_is_not_confirmed_in_its_powered_minutes_gives_way_to_the_one_before():
    root = node()
    pushed(root)
    trial = started(root)
    spent = 10  # the start's
    while not trial.spent:
        trial.spend("nowifi: wrong password")
        spent += 10
    assert spent == 60
    trial.revert(trial.reason)
    trial = started(root)
    assert (trial.phase, trial.reason, network(root)) == ("reverted", "nowifi: wrong password", "street")
    assert trial.told() and not Trial(quiet, root).told(), "it is told once"


def test_no_number_of_cuts_keeps_a_node_on_a_configuration_that_does_not_connect():
    root = node()
    pushed(root, minutes=2)
    starts = 0
    while started(root, power_on=True).on:
        starts += 1
        assert starts < 100
    assert starts == 12, "each start costs ten seconds, however short it was"
    assert network(root) == "street"


def test_three_cuts_in_the_first_minutes_revert_nothing_and_three_crashes_do():
    root = node()
    pushed(root, minutes=15)
    for _ in range(3):
        assert started(root, power_on=True).on
    for crashes in range(3):  # the first is the reset that begins the trial
        assert started(root).on, crashes
    trial = started(root)
    assert (trial.phase, trial.reason, network(root)) == ("reverted", "it crashed three times", "street")


def test_a_push_that_was_cut_before_the_configuration_changed_has_not_happened():
    root = node()
    pushed(root)
    config_store.restore(root)  # the rename was the last step
    trial = started(root)
    assert (trial.phase, trial.digest, network(root)) == ("", "", "street")


def test_a_way_back_that_was_cut_goes_on_at_the_next_start():
    root = node()
    pushed(root)
    with open(root + "config.push") as file:
        record = json.load(file)
    record.update(phase="reverting", reason="nowifi")
    with open(root + "config.push", "w") as file:
        json.dump(record, file)
    assert (started(root, power_on=True).phase, network(root)) == ("reverted", "street")


def test_a_full_file_system_does_not_keep_a_node_from_going_back():
    root = node()
    pushed(root)
    trial = started(root)
    os.mkdir(root + "config.part")  # every file that is written beside fails
    trial.revert("nowifi")
    assert network(root) == "street"
    os.rmdir(root + "config.part")
    assert not started(root).on and network(root) == "street"


def test_a_configuration_from_the_cable_is_not_replaced_by_a_way_back_that_was_cut():
    root = node()
    pushed(root)
    with open(root + "config.push") as file:
        record = json.load(file)
    record.update(phase="reverting", reason="nowifi")
    with open(root + "config.push", "w") as file:
        json.dump(record, file)
    with open(root + "config.new", "w") as file:
        json.dump(dict(GOOD, wifi={"ssid": "by cable"}), file)
    config_store.adopt(root)
    assert (started(root).phase, network(root)) == ("reverted", "by cable")


def test_a_second_push_within_a_trial_falls_back_to_what_was_confirmed():
    root = node()
    pushed(root)
    trial = started(root)
    trial.begin(json.dumps(dict(GOOD, wifi={"ssid": "third"})).encode(), "p2", "d2", "f2", 1, [], [])
    trial = started(root)
    assert (trial.on, trial.id, network(root)) == (True, "p2", "third")
    trial.revert("nowifi")
    assert network(root) == "street"


def test_the_same_configuration_pushed_again_within_its_trial_goes_on_with_the_trial():
    root = node()
    pushed(root)
    trial = started(root)
    left_s = trial.left_s
    trial.note("p2", "d2", "f1")
    trial = Trial(quiet, root)
    assert (trial.on, trial.id, trial.digest, trial.left_s) == (True, "p2", "d2", left_s)


def test_a_configuration_from_the_cable_ends_a_trial():
    root = node()
    pushed(root)
    with open(root + "config.new", "w") as file:
        json.dump(dict(GOOD, wifi={"ssid": "by cable"}), file)
    config_store.adopt(root)
    trial = started(root)
    assert (trial.on, network(root)) == (False, "by cable")


def test_a_configuration_that_the_node_cannot_use_changes_nothing():
    root = node()
    with raises(config_store.SettingsFault, "invalid"):
        pushed(root, doc={"site": "lisbon"})
    assert (started(root).phase, network(root)) == ("", "street")


def test_a_record_that_cannot_be_read_is_none():
    for text in ("", "{", "[]", "7", '{"parts":5}', '{"phase":"trial","left_s":"x"}', "[" * 30000):
        root = folder(config_json=json.dumps(GOOD), config_push=text)
        assert (started(root).on, network(root)) == (False, "street")


def test_the_alarms_of_parts_that_only_the_pushed_one_had_can_be_cleared_after_it():
    root = node()
    pushed(root)
    trial = started(root)
    trial.revert("nowifi")
    assert started(root).added == ["dust"]
    assert "config.new" not in os.listdir(root)
