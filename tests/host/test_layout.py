"""Pages on a phone 360 px wide: nothing runs out of the page and no text lies on another one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import layout
import pytest
from lamplighter.commissioning import label_sheet, labels, record_file, record_html
from lamplighter.pki.city import City
from lamplighter.release.release_address import ReleaseAddress
from lamplighter.rollout import rollout_page
from lamplighter.rollout.engine import Progress, Rollout
from lamplighter.rollout.member import Member
from lamplighter.rollout.plan_file import Place, Plan
from test_records import RECORD

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not layout.BROWSER, reason="no Chromium here: apt-get install chromium")

LONG = {
    **RECORD,
    "asset": "BXL-LAMPPOST-000000000042-NORTH-SIDE", "site": "brussels-north-station-quarter-1",
    "node": "lamppost-of-the-station-square-2", "note": "Rue du Progrès 80, opposite the entrance of the station",
    "id": "BXL-LAMPPOST-000000000042-NORTH-SIDE-240ac4aa16d9-20261122T101500Z",
    "certificate": {"serial": "3f" * 20, "ends": "2036-11-22T10:12:00+00:00"},
    "broker": {**RECORD["broker"], "host": "mqtt-broker-of-the-street-lighting.brussels.example",
               "alarms": ["sensorFault-particles", "clockDoubt", "journalDamaged"]},
    "checks": [{**RECORD["checks"][0], "check": f"meter-of-lamp-{n}", "what": what, "unit": "mV"}
               for n in range(12) for what in ("u_mv", "p_mean_mw")],
}  # fmt: skip


def nothing_runs_out(found, width=layout.PHONE):
    assert found["texts"], "the page was not seen"
    assert not found["wide"] and found["width"] <= width, found
    assert not found["overlaps"], found


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return City.create(tmp_path_factory.mktemp("city") / "identity", "Lisbon", None)


@pytest.mark.parametrize("record", [RECORD, LONG, {**LONG, "broker": {"postponed": "No broker listens at x:8883."}}],
                         ids=["usual", "long", "postponed"])  # fmt: skip
def test_a_record_on_a_phone(city, tmp_path, record):
    page = tmp_path / "record.html"
    page.write_text(record_html.page(record_file.Signer(city).sign(record)))
    nothing_runs_out(layout.look(page))


def test_the_field_card_on_a_phone(tmp_path):
    shutil.copy(ROOT / "docs/field/card.html", tmp_path)
    nothing_runs_out(layout.look(tmp_path / "card.html", height=9000))


def test_a_label_sheet_on_a_phone(tmp_path):
    rows = [
        labels.Label(LONG["asset"], f"{LONG['site']}/{LONG['node']}", LONG["mac"], "esp32s3", "0" * 16, LONG["note"]),
        labels.Label("LP-0042", "lisbon/lp-0042", RECORD["mac"], "lamppost-esp32", "0" * 16, "Rua Augusta 12"),
        labels.Label("LP-0043", "lisbon/lp-0043"),
    ]  # fmt: skip
    (tmp_path / "labels.svg").write_text(label_sheet.svg(labels.sheets(rows * 8)[0]))
    nothing_runs_out(layout.look(tmp_path / "labels.svg", height=600))


def test_the_page_of_a_roll_out_on_a_phone(tmp_path):
    name = f"{LONG['site']}/{LONG['node']}"
    places = [Place(f"{name[:-2]}-{number}", "lamppost-esp32", "F1", (50.86, 4.36)) for number in range(9)]
    release = ReleaseAddress("http://releases.lan/x.release", "0" * 64, "0" * 64, "0.2.0")
    members = [Member(place.name, group=1 + number % 3, place=place) for number, place in enumerate(places)]
    members[0].step, members[1].step = "done", "unreached"
    members[2].fail("crashed", "not healthy within 60 powered minutes")
    reason = f"1 of the 3 in group 1 failed: {members[2].name} (crashed)"
    progress = Progress("x-1", "stopped", 2, 0.0, "release", reason)
    rollout = Rollout(Plan(tmp_path, "a-name-of-thirty-two-characters-", places, release), members, progress)
    text = rollout_page.page(rollout, [(1.79e9, f"begins with group 1: {name}, {name}, {name}")], 1.79e9)
    (tmp_path / "page.html").write_text(text.replace("<details>", "<details open>"))
    nothing_runs_out(layout.look(tmp_path / "page.html"))


def test_what_runs_out_or_overlaps_is_found(tmp_path):
    page = tmp_path / "wrong.html"
    page.write_text(
        '<meta name="viewport" content="width=device-width"><body><p style="width:500px">wide</p>'
        '<p style="position:absolute;top:90px">one</p><p style="position:absolute;top:92px">two</p>'
    )
    found = layout.look(page)
    assert found["wide"] == ["p wide"] and found["overlaps"] == ["p one / p two"]


@pytest.mark.skipif(not (Path(sys.executable).parent / "mkdocs").exists(), reason="no mkdocs: `make docs` installs it")
def test_the_site_on_a_phone(tmp_path):
    subprocess.run([sys.executable, ROOT / "docs/site.py"], check=True, capture_output=True, timeout=300)
    site = shutil.copytree(ROOT / "build/site", tmp_path / "site")
    for name in ("index.html", "docs/field/first-lamppost.html", "docs/integrate/contract.html"):
        nothing_runs_out(layout.look(site / name, height=20000))
