"""A new app is confirmed by healthy minutes and taken back by crashes or silence; power cuts judge nothing."""

import json

from lamppost.ops.update.request import Request
from lamppost.ops.update.trial import CRASHES, DEADLINE_MIN, HEALTHY_STEPS, STARTS, AppTrial

RELEASE = {"build": "new", "floor": "1.2"}
WANTED = {"id": "u1", "url": "http://releases.lan/a.release", "sha256": "00"}


class Store:
    """The state file."""

    def __init__(self):
        self.kept = {"active": "a"}

    def load(self, slot):
        return dict(self.kept)

    def save(self, state):
        self.kept = dict(state)


def begun(parts=(), **wanted):
    """A state file with a trial that has begun, before its first start."""
    store = Store()
    request = Request(json.dumps(dict(WANTED, **wanted)).encode())
    AppTrial("a", "power-on", store).begin(RELEASE, request, "b", list(parts))
    return store


def well(parts):
    return True


def silent(parts):
    return False


def test_an_app_that_does_its_work_is_confirmed_after_healthy_minutes_in_a_row():
    store = begun()
    trial = AppTrial("b", "hard", store)
    assert trial.active
    ends = [trial.look(silent if minute == 3 else well) for minute in range(4 + HEALTHY_STEPS)]
    assert ends == [None] * (3 + HEALTHY_STEPS) + ["confirmed"]
    assert not trial.active and store.kept["active"] == "b" and store.kept["floor"] == "1.2"
    assert store.kept["last"]["id"] == "u1" and store.kept["last"]["phase"] == "confirmed"


def test_parts_that_answered_before_must_answer_again():
    store, asked = begun(["meter"]), []
    AppTrial("b", "hard", store).look(asked.append)
    assert asked == [["meter"]]


def test_a_silent_app_is_taken_back_after_its_powered_minutes_counted_over_power_cuts():
    store, minutes, end = begun(), 0, None
    while not end:
        trial = AppTrial("b", "power-on", store)  # a cut every other minute
        end = trial.look(silent) or trial.look(silent)
        minutes += 2
    assert (end, minutes) == ("reverted", DEADLINE_MIN)
    assert store.kept["active"] == "a" and store.kept["last"]["word"] == "deadline"


def test_any_number_of_power_cuts_in_the_first_minutes_takes_nothing_back():
    store = begun()
    for _ in range(50):
        trial = AppTrial("b", "power-on", store)
        assert trial.active and not trial.crashed
    assert [trial.look(well) for _ in range(HEALTHY_STEPS)][-1] == "confirmed"


def test_an_app_that_crashes_is_taken_back_and_the_reset_that_began_its_trial_is_no_crash():
    store = begun()
    assert not AppTrial("b", "hard", store).crashed
    for _ in range(CRASHES - 1):
        assert not AppTrial("b", "watchdog", store).crashed
    trial = AppTrial("b", "watchdog", store)
    assert trial.crashed and trial.look(well) == "reverted"
    assert store.kept["active"] == "a" and store.kept["last"]["word"] == "crashed"


def test_the_floor_rises_with_a_confirmed_release_and_never_falls():
    for floor, after in (("1.0", "1.2"), ("1.3", "1.3"), ("1.2.0", "1.2.0")):
        store = begun()
        store.kept["floor"] = floor
        trial = AppTrial("b", "hard", store)
        assert [trial.look(well) for _ in range(HEALTHY_STEPS)][-1] == "confirmed"
        assert store.kept["floor"] == after


def test_a_reset_that_was_asked_for_during_the_trial_is_no_crash():
    store = begun()
    for _ in range(3 * CRASHES):
        trial = AppTrial("b", "hard", store)
        assert trial.active and not trial.crashed
        trial.expect_reset()
    AppTrial("b", "hard", store)
    assert AppTrial("b", "watchdog", store).state["trial"]["crashes"] == 1, "and the next one that was not, is one"


def test_whoever_asks_for_the_update_says_how_long_the_app_must_do_its_work():
    assert AppTrial("b", "hard", begun()).step_ms == 60000
    trial = AppTrial("b", "hard", begun(healthy_s=10))
    assert trial.step_ms == 2000
    looks = DEADLINE_MIN * 60 // 2
    assert [trial.look(silent) for _ in range(looks)] == [None] * (looks - 1) + ["reverted"]


def test_without_a_trial_no_reset_is_expected():
    store = Store()
    store.save = None
    AppTrial("a", "power-on", store).expect_reset()


def test_the_old_app_takes_back_a_new_one_that_did_not_start():
    store = begun()
    trial = AppTrial("a", "watchdog", store)
    assert not trial.active and store.kept["active"] == "a" and store.kept["last"]["phase"] == "reverted"


def test_without_a_trial_a_start_writes_nothing():
    store = Store()
    store.save = None
    assert not AppTrial("a", "watchdog", store).active


class Images:
    """The chip's slots for MicroPython: what runs, and what it was asked to start."""

    rollback = None

    def __init__(self, running, refuses=False):
        self.running = running
        self.asked = []
        self.refuses = refuses

    def start(self, label):
        self.asked.append(label)
        if self.refuses:
            raise OSError(-5379)


def begun_with_image(refuses=False):
    store, images = Store(), Images("ota_0", refuses)
    AppTrial("a", "power-on", store, images).begin(RELEASE, Request(json.dumps(WANTED).encode()), "b", [], "ota_1")
    return store, images


def test_the_old_app_stays_active_until_a_new_micropython_is_confirmed():
    store, images = begun_with_image()
    assert images.asked == ["ota_1"] and store.kept["active"] == "a"
    trial = AppTrial("b", "hard", store, Images("ota_1"))
    assert trial.active and not trial.pending
    while not trial.look(well):
        pass
    assert store.kept["active"] == "b" and store.kept["last"]["phase"] == "confirmed" and "trial" not in store.kept


def test_a_micropython_that_does_not_come_up_is_asked_for_again_but_not_for_ever():
    store, asked = begun_with_image()[0], 0
    while "trial" in store.kept:
        images = Images("ota_0")
        trial = AppTrial("a", "power-on", store, images)
        assert trial.pending and not trial.active
        trial.start_image()
        asked += len(images.asked)
    assert asked == STARTS - 1, "once it was asked for when the trial began"
    assert (store.kept["last"]["phase"], store.kept["last"]["word"]) == ("reverted", "crashed")


def test_the_old_app_ends_the_trial_of_a_micropython_that_was_taken_back():
    store = begun_with_image()[0]
    trial = AppTrial("b", "hard", store, Images("ota_1"))
    end = None
    while not end:
        end = trial.look(silent)
    assert end == "reverted" and store.kept["trial"]["base"]["back"][0] == "deadline"
    old = AppTrial("a", "hard", store, Images("ota_0"))
    assert not old.active and not old.pending
    assert store.kept["active"] == "a" and store.kept["last"]["word"] == "deadline"


def test_a_micropython_that_the_chip_refuses_ends_the_trial():
    store = begun_with_image(True)[0]
    assert store.kept["active"] == "a" and store.kept["last"]["word"] == "spoilt" and "trial" not in store.kept


def test_a_new_micropython_stays_if_the_one_before_is_damaged():
    store = begun_with_image()[0]
    store.kept["trial"]["base"]["back"] = ["deadline", "not healthy"]
    trial = AppTrial("b", "hard", store, Images("ota_1"))
    assert not trial.active and store.kept["active"] == "b" and store.kept["last"]["word"] == "damaged"


def test_what_the_boot_loader_can_do_is_kept():
    store, images = Store(), Images("ota_1")
    images.rollback = True
    AppTrial("a", "power-on", store, images)
    later = Images("ota_1")
    AppTrial("a", "power-on", store, later)
    assert later.rollback is True
