"""The store's database without a broker: what becomes of each message, once, and the proof that none is missing."""

import json
import random
import subprocess
import sys
import threading
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest
from lamplighter.contract import check_message, parse_topic, read
from lamplighter.contract import examples as contract_examples
from lamplighter.contract.fast_check import faults
from lamplighter.problems import StoreBusy, StoreNewer, StoreUnusable
from lamplighter.store import completeness
from lamplighter.store.databases import target
from lamplighter.store.dialect import POSTGRESQL
from lamplighter.store.ingest import until_free
from lamplighter.store.messages import Rejected, sort
from lamplighter.store.postgres import Postgres
from lamplighter.store.postgres_link import PostgresLink
from lamplighter.store.seen import Seen
from lamplighter.store.target import TargetBusy
from lamplighter.web.stored_history import StoredHistory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))

from clickhouse_process import has_clickhouse, running_clickhouse  # noqa: E402  # pyright: ignore[reportMissingImports]
from postgres_cluster import running_cluster  # noqa: E402  # pyright: ignore[reportMissingImports]
from publisher import Lamp  # noqa: E402  # pyright: ignore[reportMissingImports]
from store_database import NOW, Database, changed  # noqa: E402  # pyright: ignore[reportMissingImports]

SENT = [
    one for one in contract_examples.files().values()
    if one["payload"] is not None and not parse_topic(one["topic"]).kind.received
]  # fmt: skip


@pytest.fixture(scope="module")
def cluster():
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def clickhouse():
    if not has_clickhouse():
        pytest.skip("ClickHouse's engine (chdb-core) is not installed here")
    with running_clickhouse() as process:
        yield process


@pytest.fixture
def url(request, tmp_path):
    """Of a database that no store has opened yet."""
    if request.param == "duckdb":
        return str(tmp_path / "lamps.duckdb")
    server = "cluster" if request.param == "postgresql" else "clickhouse"
    return request.getfixturevalue(server).create(f"lamps_{uuid.uuid4().hex[:12]}")


@pytest.fixture
def database(url):
    database = Database(url)
    yield database
    database.target.close()


def pytest_generate_tests(metafunc):
    """Every test of a database runs on all of them."""
    if "url" in metafunc.fixturenames:
        metafunc.parametrize("url", ["duckdb", "postgresql", "clickhouse"], indirect=True)


def test_every_kind_of_the_contract_can_be_queried_with_its_values(database):
    database.take(*((one["topic"], json.dumps(one["payload"]).encode(), False) for one in SENT))
    views = ("telemetry", "energy", "parking", "air", "light", "gear", "alarm", "event", "node", "seen")
    with database.target.reader() as rows:
        found = {view: list(rows(f'SELECT * FROM "{view}"')) for view in views}
    assert all(found.values())
    for one in SENT:
        if one["payload"]["s"] is None or one["topic"].split("/")[4] == "ack":
            continue
        place, body = parse_topic(one["topic"]), one["payload"]
        view = place.kind.name.removeprefix("tele_").replace("evt_", "event_").split("_")[0]
        (row,) = [
            row for row in found[view]
            if (row["b"], row["s"], row["topic"]) == (body["b"], body["s"], one["topic"])
        ]  # fmt: skip
        for name, value in body.items():
            if name in ("v", "q") or isinstance(value, dict | list):
                continue
            stored = row[name].isoformat() + "Z" if isinstance(row[name], datetime) else row[name]
            assert stored == value, (one["name"], name)
    assert database.rows("SELECT count(*) FROM rejected") == [(0,)]


def test_the_first_questions_of_the_page_are_answered_and_the_days_lack_no_energy(database):
    if database.url.startswith("clickhouse"):
        pytest.skip("its section of the page has its own words for them")
    page = (Path(__file__).resolve().parents[2] / "docs" / "integrate" / "store.md").read_text(encoding="utf-8")
    by_day, letters, bays = page.split("```sql\n")[1].split("```")[0].strip().removesuffix(";").split(";\n")
    lamp = Lamp()
    ends = ["2026-11-21T23:45:00Z", "2026-11-22T00:00:00Z", "2026-11-22T12:00:00Z", "2026-11-23T00:00:00Z"]
    windows = [changed(lamp.energy(), ts=ts, imp_mwh=number * 1_000_000) for number, ts in enumerate(ends)]
    database.take(lamp.started(), *windows, lamp.air(), lamp.parking())
    assert [(str(day), float(kwh)) for *_, day, kwh in database.rows(by_day)] == [("2026-11-21", 1), ("2026-11-22", 2)]
    assert database.rows(letters) == []
    assert len(database.rows(bays)) == 1


def test_a_record_that_comes_again_is_kept_once_also_after_a_restart(database):
    lamp = Lamp()
    messages = [lamp.started(), lamp.energy(), lamp.air(), lamp.parking(), lamp.alarm("lampFailure")]
    assert database.take(*messages, *messages).records == 5
    assert database.take(*messages).records == 0
    database.again()
    assert database.take(*messages).repeats == 5
    assert database.rows("SELECT count(*) FROM telemetry") == [(5,)]


def test_a_record_that_gets_its_time_later_is_updated(database):
    lamp = Lamp()
    early = changed(lamp.energy(), ts=None, tq=0)
    database.take(early)
    assert database.rows("SELECT ts, tq FROM energy") == [(None, 0)]
    late = changed(early, ts="2026-11-22T12:45:00Z", tq=1, tu=60000, h=1)
    database.take(late)
    database.take(early)  # an old copy takes nothing away
    assert database.rows("SELECT ts, tq, tu FROM telemetry") == [(datetime(2026, 11, 22, 12, 45), 1, 60000)]
    # both in one batch
    second = changed(lamp.energy(), ts=None, tq=0)
    database.take(second, changed(second, ts="2026-11-22T13:00:00Z", tq=3))
    assert database.rows("SELECT ts FROM energy WHERE s = 1") == [(datetime(2026, 11, 22, 13, 0),)]


def test_a_device_that_starts_the_counters_of_a_node_anew_loses_nothing(database):
    old = Lamp(boot=1)
    first = [old.started(), *(old.energy(imp_mwh=1000 + n) for n in range(5))]
    database.take(*first)
    new = Lamp(boot=1)
    second = [changed(new.started(), build="other"), *(new.energy(imp_mwh=n) for n in range(8))]
    assert database.take(*second).records == 9
    # copies of both, in any order, are still known
    assert database.take(*second, *first).records == 0
    assert database.rows("SELECT count(*), count(DISTINCT life) AS lives FROM telemetry") == [(15, 2)]
    assert database.rows("SELECT devices FROM node") == [(2,)]
    assert database.gaps() == []


def test_the_same_node_name_on_two_sites_is_two_nodes(database):
    lisbon, porto = Lamp(site="lisbon"), Lamp(site="porto")
    database.take(lisbon.started(), porto.started(), lisbon.energy(), porto.energy())
    with database.target.reader() as rows:
        found = completeness.report(rows)
    assert (found["records"], found["nodes"], found["gaps"]) == (4, 2, [])


@pytest.mark.parametrize("ts", ["1970-01-01T00:00:09Z", "2000-01-01T00:00:09Z", "2099-01-01T00:00:00Z"])
def test_a_time_that_a_clock_cannot_mean_is_kept_out_of_ts_but_not_lost(database, ts):
    database.take(changed(Lamp().energy(), ts=ts))
    ((stored, tq, body),) = database.rows("SELECT ts, tq, body FROM telemetry")
    assert (stored, tq, as_json(body)["ts"]) == (None, 0, ts)


def test_what_breaks_the_contract_is_kept_with_its_reason_and_bytes(database):
    lamp = Lamp()
    good = lamp.energy()
    bad = [
        ("lamppost/v1/lisbon/lp-1/tele/energy", b"\xff\x00", False),
        ("lamppost/v1/lisbon/lp-1/tele/energy", b"[1, 2", False),
        ("lamppost/v1/lisbon/lp-1/tele/energy", b"", False),
        ("lamppost/v1/LISBON/lp-1/tele/energy", good[1], False),
        ("lamppost/v1/lisbon", b"hello", False),
        ("lamppost/v1/lisbon/lp-1/tele/other", b"hello", False),
        changed(good, u_mv=-1),
        changed(good, pf=0.123),
        changed(good, ts="2026-02-30T00:00:00Z"),
        changed(good, b=2**63),
        changed(good, part="\ud800"),
    ]
    done = database.take(*bad, good)
    assert (done.records, done.rejected) == (1, len(bad))
    # hexadecimal: ClickHouse has no type of bytes besides text
    to_hex = "hex(payload)" if database.target.dialect is not POSTGRESQL else "encode(payload, 'hex')"
    kept = database.rows(f"SELECT topic, {to_hex} AS payload, reason FROM rejected")
    assert {(topic, bytes.fromhex(payload)) for topic, payload, _ in kept} == {(one[0], one[1]) for one in bad}
    assert all(reason.endswith(".") for _, _, reason in kept)
    assert database.rows("SELECT u_mv, part FROM energy") == [(230200, "meter")]


def test_what_is_sent_to_a_node_is_left_out_but_its_answers_have_numbers_of_the_sequence(database):
    for suffix in ("cmd/identify", "cmd/LATER", "cfg/desired", "ota/desired"):
        assert sort(f"lamppost/v1/lisbon/lp-1/{suffix}", b"{}", NOW) is None
    lamp = Lamp()
    answer = {"id": "77", "word": "ok", "sentence": "Done."}
    database.take(lamp.started(), lamp.message("ack/77", answer, lamp.number()), lamp.energy())
    assert database.rows("SELECT kind, parameter FROM telemetry WHERE s = 1") == [("ack", "77")]
    assert database.gaps() == []


def test_a_message_of_a_later_version_belongs_to_the_sequence(database):
    lamp = Lamp()
    database.take(lamp.started(), lamp.message("tele/snow", {"depth_mm": 7}, lamp.number()), lamp.energy())
    assert database.gaps() == []
    ((body,),) = database.rows("SELECT body FROM telemetry WHERE kind = ''")
    assert as_json(body)["depth_mm"] == 7


def test_the_end_of_an_alarm_and_the_last_state_can_be_read(database):
    lamp = Lamp()
    states = lamp.state("online"), lamp.state("lost", "will")
    database.take(lamp.alarm("lampFailure"), lamp.over("lampFailure"), *states)
    assert database.rows("SELECT code, cleared FROM alarm ORDER BY cleared") == [
        ("lampFailure", False), ("lampFailure", True)
    ]  # fmt: skip
    assert database.rows("SELECT state, reason FROM node") == [("lost", "will")]
    assert database.take(lamp.state("lost", "will"), repeated=True).repeats == 1
    assert database.rows("SELECT count(*) FROM message") == [(3,)]


def test_a_message_without_a_number_is_known_again_by_the_time_of_its_first_arrival(database):
    lamp = Lamp()
    over = lamp.over("lampFailure")
    first, second = NOW, NOW + timedelta(minutes=1)
    assert database.take(over, arrived=first).repeats == 0
    # a second end of the same alarm has the same words, and is no copy
    assert database.take(over, arrived=second).repeats == 0
    assert database.take(over, arrived=first).repeats == 1
    assert database.take(over, over, arrived=second + timedelta(minutes=1)).repeats == 1
    assert database.rows("SELECT received FROM message ORDER BY 1") == [
        (first,), (second,), (second + timedelta(minutes=1),)
    ]  # fmt: skip


def test_gaps_are_named_by_boot_also_at_the_end_of_a_night(database):
    lamp = Lamp(boot=3)
    night = [lamp.started(), *(lamp.energy() for _ in range(9))]
    database.take(*night[:4], *night[6:8])  # 4, 5 and the end 8, 9 are missing
    assert database.gaps() == [("lp-0042", 3, 4, 5)]
    morning = Lamp(boot=5)
    database.take(morning.started((3, 9)))
    assert database.gaps() == [("lp-0042", 3, 4, 5), ("lp-0042", 3, 8, 9)]
    database.take(Lamp(boot=7).started((6, 2)))  # all of boot 6
    assert database.gaps()[-1] == ("lp-0042", 6, 0, 2)
    database.take(*night)
    assert database.gaps() == [("lp-0042", 6, 0, 2)]


def test_the_first_boot_counts_from_where_the_store_came_and_the_next_from_its_start(database):
    lamp = Lamp(boot=3)
    lamp.next = 40
    database.take(lamp.energy(), lamp.energy())
    assert database.gaps() == []
    following = Lamp(boot=4)
    following.next = 1
    database.take(following.energy())
    assert database.gaps() == [("lp-0042", 4, 0, 0)]


def test_an_alarm_or_answer_that_overtook_telemetry_leaves_a_gap_that_may_close(database):
    lamp = Lamp()
    answer = lamp.message("ack/77", {"id": "77", "word": "ok", "sentence": "Done."}, 6)
    database.take(lamp.started(), lamp.alarm("lampFailure", s=5), answer)
    with database.target.reader() as rows:
        (gap,) = completeness.report(rows)["gaps"]
    assert (gap["from"], gap["to"], gap["overtaken"]) == (1, 4, True)
    assert gap["before"]["topic"].endswith("evt/boot") and gap["after"]["s"] == 5
    assert "may still arrive" in completeness.sentence(gap)


def test_a_retained_copy_is_no_start_to_count_from_and_no_duplicate(database):
    lamp = Lamp()
    old = lamp.parking()
    database.take(old, retained=True)
    lamp.next = 60
    database.take(lamp.energy(), lamp.energy())
    assert database.gaps() == []
    assert database.take(old).records == 0
    assert database.rows("SELECT retained FROM parking") == [(False,)]


def as_json(body):
    """PostgreSQL's library reads JSON by itself."""
    return json.loads(body) if isinstance(body, str) else body


def change(url, statement):
    """What another program does to the database."""
    if url.startswith("clickhouse:"):
        import clickhouse_connect  # of an extra

        clickhouse_connect.get_client(dsn=url).command(statement)
    elif "://" in url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
    else:
        with duckdb.connect(url) as connection:
            connection.execute(statement)


def test_a_newer_schema_is_refused_and_left_as_it_is(url):
    Database(url).target.close()
    change(url, "INSERT INTO schema_version VALUES (99, '2027-01-01 00:00:00')")
    with pytest.raises(StoreNewer, match="99"):
        target(url).open()
    with pytest.raises(StoreNewer, match="99"), target(url).reader():
        pass


def test_tables_of_another_program_are_refused(url):
    change(url, "CREATE TABLE record (a INTEGER)" + ("ENGINE = Log" if url.startswith("clickhouse:") else ""))
    with pytest.raises(StoreUnusable, match="another program"):
        target(url).open()


def test_a_file_of_another_kind_and_an_unknown_database_are_refused(tmp_path):
    text = tmp_path / "text.duckdb"
    text.write_text("hello " * 5000)
    with pytest.raises(StoreUnusable):
        target(str(text)).open()
    assert text.read_text() == "hello " * 5000
    with pytest.raises(StoreUnusable, match="oracle"):
        target("oracle://x")


def test_a_second_store_on_one_file_is_refused(tmp_path):
    database = Database(tmp_path / "lamps.duckdb")
    with pytest.raises(StoreBusy):
        target(database.url).open()
    database.target.close()


def test_a_file_that_another_process_has_open_is_waited_for(tmp_path):
    database = Database(tmp_path / "lamps.duckdb")
    held = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", held, database.url]
    lamp = Lamp()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "open\n"
        message = lamp.energy()
        with pytest.raises(TargetBusy, match="Another program"):
            database.take(message)
        other.communicate("")
    assert database.take(message).records == 1
    database.target.close()


def test_the_compiled_check_accepts_nothing_that_the_contract_refuses():
    chance = random.Random(7)
    values = [None, True, 0, -1, 10**19, 0.123, 1.5, "", "V", "x", "2026-02-30T00:00:00Z", [], {}, {"a": 1}]
    for one in SENT:
        for _ in range(40):
            body = json.loads(json.dumps(one["payload"]))
            where = chance.choice([body, body.get("q") or body])
            name = chance.choice([*where, "added"])
            if chance.random() < 0.3:
                where.pop(name, None)
            else:
                where[name] = chance.choice(values)
            payload = json.dumps(body).encode()
            place = parse_topic(one["topic"])
            said = faults(place, one["topic"], payload, read(payload, Decimal))
            assert said == check_message(one["topic"], payload, strict=False), payload
            sorted_ = sort(one["topic"], payload, NOW)
            assert isinstance(sorted_, Rejected) == bool(said) or "10000000000000000000" in payload.decode()


def test_seen_numbers_stay_in_bounded_memory_and_are_loaded_again():
    asked = []

    def load(boots):
        asked.append(boots)
        return [(boot, 0, 9) for boot in boots]

    seen = Seen(load, most=2)
    for b in (1, 2, 3, 1):
        seen.prepare([("s", "n", b)])
        assert seen.has(("s", "n", b), 9) and not seen.has(("s", "n", b), 10)
    assert asked == [[("s", "n", 1)], [("s", "n", 2)], [("s", "n", 3)], [("s", "n", 1)]]


def test_check_ends_with_zero_only_when_complete(url):
    database = Database(url)
    lamp = Lamp()
    now = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    messages = [lamp.started(), *(changed(lamp.energy(), ts=now) for _ in range(3))]
    database.take(*messages[:2], messages[3])
    database.target.close()

    def check():
        command = [sys.executable, "-m", "lamplighter", "store", "check", "--to", url, "--json"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    done = check()
    found = json.loads(done.stdout)
    assert done.returncode == 83
    assert {name: found[name] for name in ("records", "nodes", "duplicates", "rejected")} == {
        "records": 3, "nodes": 1, "duplicates": 0, "rejected": 0
    }  # fmt: skip
    (gap,) = found["gaps"]
    assert {name: gap[name] for name in ("node", "b", "from", "to")} == {"node": "lp-0042", "b": 3, "from": 2, "to": 2}
    database.again()
    database.take(messages[2])
    database.target.close()
    done = check()
    assert (done.returncode, json.loads(done.stdout)["gaps"]) == (0, [])


def test_stores_that_commit_the_same_records_to_postgresql_at_once_keep_each_once(cluster):
    database = Database(cluster.create("together"))
    others = [target(database.url) for _ in range(3)]
    for other in others:
        other.open()
    lamp = Lamp()
    messages = [lamp.started(), *(lamp.energy(imp_mwh=n) for n in range(400))]
    chance = random.Random(5)
    failures = []

    def take(target):
        mine = chance.sample(messages, len(messages))
        for start in range(0, len(mine), 50):
            until_free(lambda: database.take(*mine[start : start + 50], target=target), failures.append)  # noqa: B023

    threads = [threading.Thread(target=take, args=(one,)) for one in [database.target, *others]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.rows("SELECT count(*) FROM telemetry") == [(401,)]
    assert database.rows("SELECT count(*) FROM seen") == [(401,)]
    assert database.gaps() == []
    for one in [database.target, *others]:
        one.close()


def test_a_record_whose_values_were_dropped_comes_again_without_stopping_the_store(cluster):
    database = Database(cluster.create("dropped"))
    lamp = Lamp(boot=1)
    first = [lamp.started(), *(lamp.energy(imp_mwh=1000 + n) for n in range(5))]
    database.take(*first)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("DELETE FROM record WHERE s < 3")
    again = database.take(*first, lamp.energy())
    assert (again.records, again.repeats) == (1, 6)
    assert database.rows("SELECT s FROM telemetry ORDER BY s") == [(3,), (4,), (5,), (6,)]
    database.target.close()


def test_another_device_that_meets_numbers_of_dropped_values_loses_nothing(cluster):
    database = Database(cluster.create("dropped_before"))
    old, new = Lamp(boot=1), Lamp(boot=1)
    first = [old.started(), *(old.energy(imp_mwh=1000 + n) for n in range(5))]
    database.take(*first)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("DELETE FROM record WHERE s < 3")
    later = {"ts": "2027-07-01T00:00:00Z"}  # after the dropped ones had arrived
    second = [changed(new.started(), **later), *(changed(new.energy(imp_mwh=n), **later) for n in range(8))]
    arrived = datetime(2027, 7, 1)
    assert database.take(*second, arrived=arrived).records == 9
    assert database.take(*second, *first, arrived=arrived).records == 0
    assert database.rows("SELECT count(*) FROM telemetry WHERE life = 1") == [(9,)]
    database.target.close()


def test_what_postgresql_cannot_hold_is_rejected_alone(cluster):
    database = Database(cluster.create("unheld"))
    lamp = Lamp()
    messages = [lamp.started(), changed(lamp.energy(), part="a\0b"), changed(lamp.energy(), later="\0"), lamp.energy()]
    done = database.take(*messages, ("lamppost/v1/a\0b/c/tele/air", b"{}", False))
    assert (done.records, done.rejected) == (2, 3)
    assert all(reason.endswith(".") for (reason,) in database.rows("SELECT reason FROM rejected"))
    database.target.close()


def test_values_that_a_later_version_changed_are_null_in_the_views_of_both(database):
    lamp = Lamp()
    odd = {"u_mv": "high", "pf": [1], "imp_mwh": 10**30, "i_ma": None}
    database.take(lamp.message("tele/later", odd, lamp.number()))
    assert database.rows("SELECT u_mv, pf, imp_mwh, i_ma FROM telemetry") == [(None,) * 4]


@pytest.mark.parametrize("ts", ["2026-11-30T12:00:00+02:00", "2026-11-30T12:00:00", "2026-11-30T25:00:00Z", "noon"])
def test_a_topic_of_a_later_version_is_stored_with_a_time_in_utc_only(ts):
    payload = json.dumps({"v": 1, "b": 1, "s": 2, "ts": ts, "tq": 3, "h": 1}).encode()
    found = sort("lamppost/v1/lisbon/lp-1/tele/later", payload, datetime(2026, 11, 30, 13))
    assert isinstance(found, Rejected) and ts in found.reason


def test_a_whole_number_with_a_fraction_of_zero_is_that_number_in_the_views(database):
    lamp = Lamp()
    topic, payload, retain = lamp.energy()
    body = payload.replace(b'"u_mv": 230200', b'"u_mv": 230200.0')
    assert body != payload
    database.take((topic, body, retain))
    assert database.rows("SELECT u_mv FROM energy") == [(230200,)]


def test_a_user_without_rights_a_wrong_password_and_a_missing_database_are_told(cluster):
    cluster.execute("CREATE USER guest")
    cluster.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with pytest.raises(StoreUnusable, match="permission denied") as refused:
        target(cluster.url(user="guest")).open()
    assert "GRANT CREATE" in str(refused.value.remedy)
    with pytest.raises(StoreUnusable, match="does not exist"):
        target(cluster.url("nowhere")).open()
    with pytest.raises(StoreUnusable, match="does not exist"):
        target(cluster.url(user="nobody-here")).open()
    with pytest.raises(TargetBusy):  # it may be starting
        target("postgresql://lamps@/lamps?host=/nonexistent").open()
    assert "secret" not in PostgresLink("postgresql://lamps:secret@db.lan/lamps").where


def test_a_database_that_goes_away_and_comes_back_loses_nothing(cluster):
    database = Database(cluster.create("away"))
    lamp = Lamp()
    database.take(lamp.started())
    cluster.kill()
    message = lamp.energy()
    with pytest.raises(TargetBusy):
        database.take(message)
    cluster.start()
    assert until_free(lambda: database.take(message), print).records == 1
    assert database.gaps() == []
    database.target.close()


def test_a_store_that_is_locked_out_of_its_database_waits_until_it_is_let_in(cluster):
    cluster.execute("CREATE ROLE visitor LOGIN SUPERUSER")
    database = Database(cluster.create("locked").replace("lamps@", "visitor@"))
    lamp = Lamp()
    database.take(lamp.started())
    cluster.execute("ALTER ROLE visitor NOLOGIN")
    cluster.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'visitor'")
    message = lamp.energy()
    for _ in range(2):  # the broken connection, and the refused one
        with pytest.raises(TargetBusy):
            database.take(message)
    cluster.execute("ALTER ROLE visitor LOGIN")
    assert until_free(lambda: database.take(message), print).records == 1
    database.target.close()


def test_a_place_in_a_shared_subscription_is_free_again_when_its_store_is_gone(cluster):
    url = cluster.create("places")
    first, second = Postgres(url), Postgres(url)
    first.open()
    second.open()
    assert first.claim(1) and not second.claim(1) and second.claim(2)
    first.close()
    assert until_free(lambda: second.claim(1) or _busy(), print)
    second.close()


def _busy():
    raise TargetBusy("The server has not noticed yet.")


def test_the_page_of_a_lamppost_reads_its_history(database):
    now = datetime.now(UTC).replace(tzinfo=None)
    letters = dict.fromkeys(("p_mean_mw", "p_max_mw", "imp_mwh", "e_mwh"), "V")
    energy = {"v": 1, "b": 1, "s": 0, "ts": f"{now:%Y-%m-%dT%H:%M:%SZ}", "tq": 3, "h": 0, "p_mean_mw": 61500,
              "p_max_mw": 61500, "imp_mwh": 5_000_000, "e_mwh": 1, "window_s": 1, "part": "meter", "mid": False,
              "q": letters}  # fmt: skip
    database.target.commit([sort("lamppost/v1/lisbon/lp-0001/tele/energy", json.dumps(energy).encode(), now)])
    database.target.rest()
    history = StoredHistory(database.url)
    series = history.of("lisbon/lp-0001", 24)["series"]
    assert series["p_mean_mw"]["points"][1] == [61.5] and series["imp_mwh"]["points"][1] == [5.0]
    assert history.of("lisbon/lp-0002", 24) == {"series": {}}
    assert "problem" in history.of("lisbon/lp-0001' OR true --", 24)
