"""The store on TimescaleDB: chunks a day, compressed and dropped by its own policies, and still each record once."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from lamplighter.store import completeness
from lamplighter.store.databases import target
from lamplighter.store.messages import sort
from publisher import Lamp
from timescale import Timescale

FIRST = datetime(2026, 11, 22, 12, 50)  # just after the messages of a Lamp
DAY = timedelta(days=1)


@pytest.fixture
def timescale(tmp_path):
    with Timescale(tmp_path) as database:
        yield database


class Store:
    """What `lamplighter store` does with messages that arrive at a moment, and what its check finds."""

    def __init__(self, url):
        self._url = url

    def take(self, arrived, *messages):
        """(fresh records, repeats)"""
        database = target(self._url)
        database.open()
        times = (arrived + timedelta(microseconds=number) for number in range(len(messages)))
        sorted_ = [sort(topic, payload, at) for (topic, payload, _), at in zip(messages, times, strict=False)]
        done = database.commit([one for one in sorted_ if one])
        database.close()
        return done.records, done.repeats

    def check(self):
        with target(self._url).reader() as rows:
            found = completeness.report(rows)
        return found["records"], found["duplicates"], [(gap["from"], gap["to"]) for gap in found["gaps"]]


def _three_days(timescale):
    """(store, lamppost, its records): four records, those of the first two days in compressed chunks."""
    store, lamp = Store(timescale.url), Lamp()
    untimed = _changed(lamp.started(), ts=None, tq=0)
    sent = [untimed, lamp.energy(), lamp.energy(), lamp.air()]
    store.take(FIRST, *sent[:2])
    store.take(FIRST + DAY, sent[2])
    store.take(FIRST + 2 * DAY, sent[3])
    old = f"show_chunks('record', older_than => TIMESTAMP '{FIRST + 1.5 * DAY}')"
    assert timescale.rows(f"SELECT count(compress_chunk(chunk)) FROM {old} AS chunk") == [(2,)]
    return store, lamp, sent


def _changed(message, **changes):
    topic, payload, retain = message
    return topic, json.dumps({**json.loads(payload), **changes}).encode(), retain


def test_the_store_makes_a_chunk_a_day_and_a_policy_that_compresses_those_older_than_30_days(timescale):
    store, lamp = Store(timescale.url), Lamp()
    now = datetime.now(UTC).replace(tzinfo=None)
    for days in (40, 32, 28, 0):
        store.take(now - days * DAY, lamp.energy())
    dimensions = "SELECT hypertable_name, column_name, time_interval FROM timescaledb_information.dimensions"
    assert timescale.rows(dimensions) == [("record", "received", DAY)]
    ((job,),) = timescale.rows("SELECT job_id FROM timescaledb_information.jobs WHERE hypertable_name = 'record'")
    timescale.rows(f"CALL run_job({job})")
    chunks = "SELECT is_compressed FROM timescaledb_information.chunks ORDER BY range_start"
    assert timescale.rows(chunks) == [(True,), (True,), (False,), (False,)]


def test_a_record_that_comes_again_is_known_though_its_chunk_is_compressed(timescale):
    store, _, sent = _three_days(timescale)
    assert store.take(FIRST + 3 * DAY, *sent) == (0, 4)
    assert store.check() == (4, 0, [])


def test_a_late_record_finds_its_place_beside_compressed_ones(timescale):
    store, lamp, _ = _three_days(timescale)
    late = lamp.energy()
    after = lamp.energy()
    store.take(FIRST + 3 * DAY, after)
    assert store.check() == (5, 0, [(4, 4)])
    assert store.take(FIRST + DAY, late) == (1, 0)  # its arrival lies in a compressed chunk
    assert store.check() == (6, 0, [])


def test_a_record_in_a_compressed_chunk_gets_its_time(timescale):
    store, _, sent = _three_days(timescale)
    assert timescale.rows("SELECT count(*) FROM event WHERE ts IS NULL") == [(1,)]
    assert store.take(FIRST + 3 * DAY, _changed(sent[0], ts="2026-11-22T12:40:00Z", tq=1, tu=60000)) == (0, 1)
    assert timescale.rows("SELECT ts FROM event") == [(datetime(2026, 11, 22, 12, 40),)]
    assert store.check() == (4, 0, [])


def test_what_was_dropped_by_a_retention_policy_does_not_come_back_and_the_rest_is_complete(timescale):
    store, _, sent = _three_days(timescale)
    keep = datetime.now(UTC).replace(tzinfo=None) - FIRST - DAY
    ((job,),) = timescale.rows(f"SELECT add_retention_policy('record', INTERVAL '{keep.total_seconds()} seconds')")
    timescale.rows(f"CALL run_job({job})")
    assert timescale.rows("SELECT s FROM record ORDER BY s") == [(2,), (3,)]
    assert store.take(FIRST + 3 * DAY, sent[1]) == (0, 1)
    assert timescale.rows("SELECT s FROM record ORDER BY s") == [(2,), (3,)]
    assert store.check() == (2, 0, [])
