"""A store's database in ClickHouse: what its lack of transactions and unique keys must not lose or double."""

import http.server
import json
import random
import sys
import threading
import uuid
from pathlib import Path

import pytest
from lamplighter.problems import StoreBusy, StoreUnusable
from lamplighter.store.clickhouse import SETTINGS, ClickHouse
from lamplighter.store.databases import target
from lamplighter.store.ingest import until_free
from lamplighter.store.target import TargetBusy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))

from clickhouse_process import has_clickhouse, running_clickhouse  # noqa: E402  # pyright: ignore[reportMissingImports]
from publisher import Lamp  # noqa: E402  # pyright: ignore[reportMissingImports]
from store_database import Database, changed  # noqa: E402  # pyright: ignore[reportMissingImports]

pytestmark = pytest.mark.skipif(not has_clickhouse(), reason="ClickHouse's engine (chdb-core) is not installed here")


@pytest.fixture(scope="module")
def clickhouse():
    with running_clickhouse() as process:
        yield process


@pytest.fixture
def url(clickhouse):
    return clickhouse.create(f"lamps_{uuid.uuid4().hex[:12]}")


@pytest.fixture
def database(url):
    database = Database(url)
    yield database
    database.target.close()


def command(url, statement):
    """What another program does to the database."""
    import clickhouse_connect  # of an extra

    clickhouse_connect.get_client(dsn=url).command(statement)


@pytest.mark.parametrize("table", ["rejected", "message", "record"])
def test_a_batch_whose_answer_is_lost_stands_once_after_the_next_try(clickhouse, database, table):
    lamp = Lamp()
    wrong = ("lamppost/v1/lisbon/lp-0042/tele/energy", b"[1", False)
    sent_again, new = lamp.state("online"), lamp.state("lost", "will")
    early = changed(lamp.energy(), ts=None, tq=0)
    database.take(early)
    late = changed(early, ts="2026-11-22T12:45:00Z", tq=3)
    batch = [
        *database.sorted(wrong, lamp.started(), lamp.energy(), late, new),
        *database.sorted(sent_again, repeated=True),
    ]
    clickhouse.lose_answer(f"INSERT INTO `{table}_copy`")
    with pytest.raises(TargetBusy):
        database.target.commit(batch)
    database.target.commit(batch)
    counts = "SELECT (SELECT count(*) FROM record), (SELECT count(*) FROM message), (SELECT count(*) FROM rejected)"
    assert database.rows(counts) == [(3, 2, 1)]
    assert database.rows("SELECT ts IS NULL FROM record WHERE s = 0 AND kind = 'tele_energy'") == [(False,)]


def test_a_start_that_breaks_off_at_any_statement_is_finished_by_the_next(clickhouse, url):
    """The answer to each statement in turn is lost, until a start gets through."""
    begins = ["CREATE TABLE IF NOT EXISTS", "CREATE VIEW", "INSERT INTO schema", "INSERT INTO setting", "CREATE OR",
              "ALTER TABLE"]  # fmt: skip
    for beginning in begins:
        clickhouse.lose_answer(beginning)
        with pytest.raises(TargetBusy):
            target(url).open()
    database = Database(url)
    name = database.target.session
    database.again()
    assert database.target.session == name
    lamp = Lamp()
    assert database.take(lamp.started(), lamp.energy()).records == 2
    assert database.gaps() == []
    database.target.close()


def test_stores_that_start_on_a_new_database_at_the_same_moment_have_one_session(clickhouse, url):
    first = target(url)
    clickhouse.lose_answer("INSERT INTO setting")
    with pytest.raises(TargetBusy):
        first.open()
    clickhouse.execute(f"TRUNCATE TABLE {url.rpartition('/')[2]}.setting")  # as if the other had not seen it yet
    second = target(url)
    second.open()
    names = clickhouse.execute(f"SELECT value FROM {url.rpartition('/')[2]}.setting WHERE name = 'session'").split()
    first.open()
    assert first.session == second.session == names[0]


def test_a_message_with_any_text_that_the_broker_sends_again_is_known(database):
    lamp = Lamp()
    odd = "a'b\\'c\\\\d\te\nf\u20ac{x:String}%s"
    topic, payload, _ = lamp.state("online")
    message = topic, json.dumps({**json.loads(payload), "later": odd}, ensure_ascii=False).encode(), True
    database.take(message)
    assert database.take(message, repeated=True).repeats == 1
    assert database.rows("SELECT count(*) FROM message") == [(1,)]


def test_merging_the_copies_of_a_record_changes_nothing(clickhouse, database):
    lamp = Lamp()
    start, early = lamp.started(), changed(lamp.energy(), ts=None, tq=0)
    database.take(start, early)
    database.take(changed(early, ts="2026-11-22T12:45:00Z", tq=3))
    before = database.rows("SELECT * FROM record ORDER BY b, s")
    name = database.url.rpartition("/")[2]
    clickhouse.execute(f"OPTIMIZE TABLE {name}.record_copy FINAL")
    assert database.rows("SELECT * FROM record ORDER BY b, s") == before
    assert clickhouse.execute(f"SELECT count() FROM {name}.record_copy").strip() == "2"


def test_a_lamppost_without_state_or_records_has_nulls_also_for_a_client_with_other_settings(database):
    lamp, silent = Lamp(), Lamp("lp-0043")
    database.take(lamp.started(), silent.state("online"))
    usual = "SETTINGS join_use_nulls = 0, enable_shared_storage_snapshot_in_query = 0"
    values = "node, state, b, records, last_message IS NULL AS never"
    found = database.rows(f"SELECT {values} FROM node ORDER BY node {usual}")
    assert found == [("lp-0042", None, 3, 1, False), ("lp-0043", "online", None, 0, False)]


def test_views_and_columns_have_their_comments_in_the_database(database):
    here = "database = currentDatabase()"
    ((comment,),) = database.rows(f"SELECT comment FROM system.tables WHERE {here} AND name = 'node'")
    assert comment == "Each lamppost with its last state and info"
    found = database.rows(
        f"SELECT table, count() AS n FROM system.columns WHERE {here} AND comment = '' "
        "AND table IN ('telemetry', 'energy', 'parking', 'air', 'light', 'gear', 'alarm', 'event', 'node', 'seen') "
        "GROUP BY table"
    )
    assert found == []


def test_a_database_that_goes_away_and_comes_back_loses_nothing():
    with running_clickhouse() as server:
        database = Database(server.create("away"))
        lamp = Lamp()
        database.take(lamp.started())
        server.kill()
        message = lamp.energy()
        with pytest.raises(TargetBusy):
            database.take(message)
        server.start()
        assert until_free(lambda: database.take(message), print).records == 1
        assert database.gaps() == []
        database.target.close()


def test_a_wrong_password_a_missing_database_and_a_wrong_address_are_told(clickhouse, monkeypatch):
    with pytest.raises(StoreUnusable, match="Authentication failed") as refused:
        ClickHouse(clickhouse.url().replace("default@", "default:secret@")).open()
    assert "CLICKHOUSE_PASSWORD" in str(refused.value.remedy)
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "secret")
    with pytest.raises(StoreUnusable, match="Authentication failed") as of_environment:
        ClickHouse(clickhouse.url()).open()
    assert "secret" not in f"{refused.value} {of_environment.value}"
    monkeypatch.delenv("CLICKHOUSE_PASSWORD")
    with pytest.raises(StoreUnusable, match="does not exist") as missing:
        ClickHouse(clickhouse.url("nowhere")).open()
    assert "CREATE DATABASE" in str(missing.value.remedy)
    monkeypatch.setitem(SETTINGS, "of_a_later_server", 1)
    with pytest.raises(StoreUnusable, match="Unknown setting") as too_old:
        ClickHouse(clickhouse.url()).open()
    assert "25.6" in str(too_old.value.remedy)
    with pytest.raises(StoreUnusable, match="no_such_option"):
        ClickHouse(f"{clickhouse.url()}?no_such_option=1").open()
    with pytest.raises(StoreUnusable, match="not a ClickHouse address"):
        ClickHouse("clickhouse://db.lan:port/lamps")
    with pytest.raises(TargetBusy, match="^clickhouse://127.0.0.1:1/lamps does not answer: connection refused.$"):
        ClickHouse("clickhouse://127.0.0.1:1/lamps").open()


def test_a_server_that_is_too_old_is_told_instead_of_waited_for():
    # what that of Debian 12, 18.16.1, answers to the client library's first question
    said = b"Code: 47, e.displayText() = DB::Exception: Unknown identifier: readonly, e.what() = DB::Exception\n"

    class Old(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(404)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST

        def log_message(self, *_):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Old) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(StoreUnusable, match="Unknown identifier: readonly.$") as refused:
            ClickHouse(f"clickhouse://127.0.0.1:{server.server_address[1]}/lamps").open()
        server.shutdown()
    assert "25.6 or later" in str(refused.value.remedy)


def test_stores_that_write_the_same_records_at_once_keep_each_once(database):
    """As when a lease failed."""
    others = [target(database.url) for _ in range(2)]
    lamp = Lamp()
    messages = [lamp.started(), *(lamp.energy(imp_mwh=n) for n in range(120))]
    early = {n: changed(one, ts=None, tq=0) for n, one in enumerate(messages) if n % 3 == 0}
    chance, failures = random.Random(5), []

    def take(mine, target):
        for start in range(0, len(mine), 30):
            until_free(lambda: database.take(*mine[start : start + 30], target=target), failures.append)  # noqa: B023

    threads = [
        threading.Thread(target=take, args=(chance.sample([*messages, *early.values()], len(messages)), one))
        for one in [database.target, *others]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.take(*messages)
    counts = "SELECT count(*), count(DISTINCT s) AS n, count(ts) AS timed, max(life) AS life FROM record"
    assert database.rows(counts) == [(121, 121, 121, 0)]
    assert database.gaps() == []
    for one in others:
        one.close()


def test_a_place_is_taken_from_a_store_that_vanished_and_from_no_other(database):
    working, vanished = "(7, 'other 1', now64(6) + 1000)", "(8, 'other 1', now64(6) - 1000)"
    command(database.url, f"INSERT INTO place VALUES {working}, {vanished}")
    assert not database.target.claim(7)
    assert database.target.claim(8)


def test_a_store_whose_place_another_one_took_over_ends(url):
    database = Database(url)
    assert database.target.claim(0)
    command(url, "INSERT INTO place VALUES (0, 'other 1', now64(6) + INTERVAL 1 SECOND)")
    lamp = Lamp()
    with pytest.raises(StoreBusy, match="other 1"):
        database.take(lamp.started())
    database.target.close()
    other = target(url)
    assert not other.claim(0)  # the one that ended left the other's place alone
    other.close()


def test_several_stores_that_share_a_subscription_are_refused(database):
    with pytest.raises(StoreUnusable, match="takes one store"):
        database.target.shares(3)
