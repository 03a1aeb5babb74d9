"""What `diag` says of the journal's wear: the worst of its rings, and years that are neither guessed nor too many."""

from lamppost.core.stamp import Stamp
from lamppost.journal.flash import Flash
from lamppost.journal.outbox import TELEMETRY, Entry, Outbox
from lamppost.ops.status import wear
from test_mqtt_publisher import Partition

DAY = 86400


def test_years_are_what_is_left_of_the_rated_erases_at_the_rate_of_this_boot():
    # 62 blocks, 6 erases a day: 100,000 * 62 / 6 days
    said = wear([(0, 100000, 0, 62, 60)], 10 * DAY)
    assert said == {"cycles": 0, "rated": 100000, "bad": 0, "years": 2829}


def test_the_ring_that_ends_first_counts():
    said = wear([(3, 100000, 0, 62, 60), (900, 100000, 2, 8, 1080)], 10 * DAY)
    assert said == {"cycles": 900, "rated": 100000, "bad": 2, "years": 20}


def test_no_years_are_told_of_too_few_erases():
    assert wear([(3, 100000, 0, 62, 3), (3, 100000, 0, 8, 0)], 10 * DAY)["years"] is None
    assert wear([(3, 100000, 0, 62, 3), (3, 100000, 0, 8, 8)], 10 * DAY)["years"] == 2737


def test_a_ring_beyond_its_rated_erases_has_no_year_left():
    assert wear([(100001, 100000, 9, 62, 60)], DAY)["years"] == 0


def test_the_journal_counts_its_erases_and_goes_on_counting_cycles_over_a_restart():
    partition = Partition()  # 16 blocks
    outbox = Outbox(Flash(partition))
    outbox.begin(1)
    entry = Entry()
    for _ in range(300):
        outbox.append(TELEMETRY, b"tele/energy", b"x" * 400, Stamp(850000000, True, 3, 0))
        assert outbox.take(entry)
        outbox.load(entry, bytearray(500), 0)
        outbox.acknowledge(entry)
    assert outbox.wear == (3, 100000, 0, 16, 34)
    outbox = Outbox(Flash(partition))
    assert outbox.wear == (3, 100000, 0, 16, 0)
