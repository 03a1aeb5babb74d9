"""The store as open data: what the files hold, and what a portal reads about them."""

import hashlib
import json
from datetime import date

import duckdb
import pyarrow.parquet
import pytest
import rdflib
from click.testing import CliRunner
from lamplighter.cli import lamplighter
from lamplighter.fleet import month
from lamplighter.problems import FileRefused, NothingToReport
from lamplighter.store.databases import target

DCAT, DCT = rdflib.Namespace("http://www.w3.org/ns/dcat#"), rdflib.Namespace("http://purl.org/dc/terms/")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
# mandatory for the classes of DCAT-AP 3, and the checksum that it recommends
MANDATORY = {
    DCAT.Catalog: (DCT.title, DCT.description, DCT.publisher, DCAT.dataset),
    DCAT.Dataset: (DCT.title, DCT.description),
    DCAT.Distribution: (DCAT.accessURL, SPDX.checksum),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "lamps.duckdb"
    database = target(str(path))
    database.open()
    month.write(database, 20, date(2026, 11, 1), 2)
    database.close()
    return path


def export(store, out, *words, first="2026-11-01", last="2026-11-02"):
    common = ["--store", store, "--from", first, "--to", last, "--out", out, "--publisher", "Lisbon"]
    return CliRunner().invoke(
        lamplighter, ["export", *map(str, common), "--url", "https://data.example/l", *words]
    )  # fmt: skip


def test_every_record_of_the_days_is_in_a_file_with_units_and_meaning(store, tmp_path):
    done = export(store, tmp_path / "open", "--json")
    assert done.exit_code == 0, done.output
    files = json.loads(done.stdout)["files"]
    with duckdb.connect(str(store), read_only=True) as connection:
        wanted = connection.execute("SELECT count(*), sum(e_mwh), max(imp_mwh) FROM energy").fetchone()
    found = f"'{tmp_path}/open/energy/*.parquet'"
    assert duckdb.execute(f"SELECT count(*), sum(e_mwh), max(imp_mwh) FROM {found}").fetchone() == wanted
    for file in files:
        content = (tmp_path / "open" / file["name"]).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file["sha256"], file["bytes"])
    field = pyarrow.parquet.read_schema(tmp_path / "open/energy/2026-11-01.parquet").field("e_mwh")
    assert field.metadata[b"unit"] == b"mW.h" and b"Energy" in field.metadata[b"description"]
    schema = json.loads((tmp_path / "open/schema/energy.json").read_text())
    assert "e_mwh" in [column["name"] for column in schema["columns"]]
    lines = (tmp_path / "open/SHA256SUMS").read_text().splitlines()
    assert lines == [f"{file['sha256']}  {file['name']}" for file in files]


def test_a_portal_finds_all_that_dcat_ap_demands(store, tmp_path):
    export(store, tmp_path / "open", "--licence", "https://creativecommons.org/licenses/by/4.0/")
    graph = rdflib.Graph().parse(tmp_path / "open/catalogue.jsonld", format="json-ld")
    for kind, properties in MANDATORY.items():
        subjects = list(graph.subjects(rdflib.RDF.type, kind))
        assert subjects
        for subject in subjects:
            for one in properties:
                assert (subject, one, None) in graph, (subject, one)
    files = {path.relative_to(tmp_path / "open").as_posix() for path in (tmp_path / "open").rglob("*.parquet")}
    linked = {str(url).removeprefix("https://data.example/l/") for url in graph.objects(None, DCAT.downloadURL)}
    assert linked == files
    sums = {str(value) for value in graph.objects(None, SPDX.checksumValue)}
    assert {hashlib.sha256((tmp_path / "open" / name).read_bytes()).hexdigest() for name in files} == sums


def test_an_empty_period_a_bad_address_and_a_file_in_the_way_are_refused(store, tmp_path):
    done = export(store, tmp_path / "open", first="2027-01-01", last="2027-01-02")
    assert isinstance(done.exception, NothingToReport) and not (tmp_path / "open").exists()
    assert export(store, tmp_path / "open", "--licence", "CC BY").exit_code == 2
    assert export(store, tmp_path / "open", first="2026-11-03").exit_code == 2
    (tmp_path / "file").write_text("in the way")
    assert isinstance(export(store, tmp_path / "file" / "open").exception, FileRefused)
