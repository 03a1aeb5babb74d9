"""The time from message to pixel is that of the message that was drawn, also where few lamps are switched in turn."""

from probe_delays import delays


def test_a_lamp_that_is_switched_often_counts_each_time_from_its_own_message():
    probes = [("a", True, 1000.0), ("a", False, 2000.0), ("a", True, 3000.0), ("a", False, 4000.0)]
    painted = [["a", True, 1040.0], ["a", False, 2050.0], ["a", True, 3060.0]]
    assert delays(probes, painted) == [40, 50, 60]
    assert probes == [("a", False, 4000.0)]  # waits for its frame


def test_a_frame_before_the_message_shows_something_else():
    probes = [("a", True, 1000.0)]
    assert delays(probes, [["a", True, 900.0], ["b", True, 1100.0], ["a", False, 1100.0]]) == []
    assert probes == [("a", True, 1000.0)]


def test_a_message_that_no_frame_showed_does_not_make_the_next_one_late():
    probes = [("a", True, 1000.0), ("a", True, 9000.0)]
    assert delays(probes, [["a", True, 9030.0]]) == [30]
    assert probes == []
