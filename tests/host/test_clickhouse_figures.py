"""What is made of a store in ClickHouse is what is made of the same records in a DuckDB file."""

import hashlib
import json
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from lamplighter.cli import lamplighter
from lamplighter.fleet import month
from lamplighter.problems import StoreBusy
from lamplighter.store.databases import target

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))

from clickhouse_process import has_clickhouse, running_clickhouse  # noqa: E402  # pyright: ignore[reportMissingImports]

pytestmark = pytest.mark.skipif(not has_clickhouse(), reason="ClickHouse's engine (chdb-core) is not installed here")
DAYS = "--from", "2026-11-01", "--to", "2026-11-02"


@pytest.fixture(scope="module")
def server():
    with running_clickhouse() as server:
        yield server


@pytest.fixture(scope="module")
def stores(server, tmp_path_factory):
    """The same simulated street in both."""
    urls = str(tmp_path_factory.mktemp("store") / "lamps.duckdb"), server.url()
    for url in urls:
        database = target(url)
        database.open()
        month.write(database, 10, date(2026, 11, 1), 2)
        database.close()
    return urls


def run(*words):
    done = CliRunner().invoke(lamplighter, [str(word) for word in words])
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def rounded(value, apart=("files", "made", "sources")):
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items() if name not in apart}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, int | float) else value


def test_both_give_the_same_report(stores, tmp_path):
    made = [run("report", "energy", "--store", url, *DAYS, "--out", tmp_path / "out", "--json") for url in stores]
    assert rounded(made[0]) == rounded(made[1])


def test_a_report_whose_database_goes_away_while_it_is_copied_says_so(server, stores, tmp_path):
    server.lose_answer("SELECT site, node, life, b, s")
    done = CliRunner().invoke(lamplighter, ["report", "energy", "--store", stores[1], *DAYS, "--out", str(tmp_path)])
    assert isinstance(done.exception, StoreBusy) and "went away" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_both_give_the_same_open_data(stores, tmp_path):
    made = []
    for number, url in enumerate(stores):
        out = tmp_path / str(number)
        about = "--publisher", "City", "--url", "https://data.example/"
        run("export", "--store", url, *DAYS, "--out", out, *about, "--json")
        made.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.rglob("*.parquet")})
    assert made[0] and made[0] == made[1]
