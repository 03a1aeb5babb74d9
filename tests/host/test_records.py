"""A record proves itself, says what was done to it, and its page and label show what it says."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from lamplighter.cli import lamplighter
from lamplighter.commissioning import label_sheet, labels, progress, record_file, record_html
from lamplighter.pki import clock
from lamplighter.pki.city import City
from lamplighter.problems import AssetUnknown, IdentityExpired, Problem, RecordTampered, RecordUnproven
from lamplighter.roster.results import Results
from test_roster import street

RECORD = {
    "id": "LP-0042-240ac4aa16d9-20261122T101500Z", "verdict": "commissioned", "asset": "LP-0042", "site": "lisbon",
    "node": "lp-0042", "location": {"lat": 38.72, "lon": -9.14}, "board": "lamppost-esp32", "chip": "ESP32",
    "mac": "24:0a:c4:aa:16:d9", "firmware": {"version": "0.1.0", "build": "abc", "micropython": "v1.25.0"},
    "config": "e83140a8fc3e", "mode": "operation", "certificate": None, "parts": [], "supply": {"reset": "power-on"},
    "checks": [{"check": "meter", "what": "u_mv", "value": 230000, "unit": "mV", "low": 195500, "high": 253000,
                "ok": True, "word": ""}],
    "broker": {"host": "broker.lan", "port": 8883, "tls": True, "b": 3, "s": 0, "topics": [], "alarms": []},
    "register": {"from": "itself"}, "swapped_from": "", "begun": "2026-11-22T10:12:00+00:00",
    "ended": "2026-11-22T10:15:00+00:00", "engineer": "crew-1", "signer": "engineer.crew-1",
    "tool": "lamplighter 0.1.0",
}  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    city = City.create(tmp_path_factory.mktemp("city") / "identity", "Lisbon", None)
    city.issue_as("engineer", "crew-1")
    city.issue("lisbon", "lp-0042")
    return city


@pytest.fixture
def signed(city):
    return json.loads(json.dumps(record_file.Signer(city, "crew-1").sign(RECORD)))


@pytest.mark.parametrize(("engineer", "signer"), [("crew-1", "engineer.crew-1"), ("", "Lisbon lampposts CA")])
def test_a_record_is_signed_by_an_engineer_or_the_city_and_verified(city, engineer, signer):
    found = record_file.verify(record_file.Signer(city, engineer).sign(RECORD), city.ca)
    assert found.signer == signer and found.record == RECORD and found.remarks == []


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (lambda r: r.update(mac="24:0a:c4:aa:16:da"), "mac: was changed"),
        (lambda r: r["checks"][0].update(value=1), "checks[0].value: was changed"),
        (lambda r: r.update(remark="added"), "remark: was added"),
        (lambda r: r.pop("swapped_from"), "swapped_from: was removed"),
        (lambda r: r["broker"].update(tls=1), "broker.tls: was changed"),
    ],
)
def test_a_field_that_was_changed_is_named(city, signed, tamper, named):
    tamper(signed["record"])
    with pytest.raises(RecordTampered) as caught:
        record_file.verify(signed, city.ca)
    assert caught.value.details == [named] and named.split(":")[0] in caught.value.cause


@pytest.mark.parametrize("how", ["digests", "at", "signature", "no signature", "signer"])
def test_where_the_proof_itself_was_touched_nothing_is_trusted(city, signed, how):
    if how == "digests":
        signed["record"]["mac"] = "24:0a:c4:00:00:00"
        signed["digests"] = record_file.digests(signed["record"])
    elif how == "at":
        signed["at"] = "2026-01-01T00:00:00+00:00"
    elif how == "signature":
        signed["signature"] = "AAAA" + signed["signature"][4:]
    elif how == "no signature":
        del signed["signature"]
    else:
        signed["signer"] = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
    with pytest.raises(RecordTampered, match="nothing in this record can be trusted"):
        record_file.verify(signed, city.ca)


def test_another_citys_record_is_not_proven_and_a_lamppost_cannot_sign_one(city, signed, tmp_path):
    other = City.create(tmp_path / "other", "Porto", None)
    with pytest.raises(RecordUnproven, match="who is unknown to this CA"):
        record_file.verify(signed, other.ca)
    signer = record_file.Signer(city, "crew-1")
    signer.certificate = city.files("node", "lisbon/lp-0042")[1].read_text()
    from lamplighter.pki import keys

    signer._key = keys.read(city.files("node", "lisbon/lp-0042")[0], None)
    with pytest.raises(RecordTampered, match="which may not sign records"):
        record_file.verify(signer.sign(RECORD), city.ca)


def test_an_expired_ca_and_a_revoked_engineer_are_told(tmp_path, monkeypatch):
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=90)
    with monkeypatch.context() as then:
        then.setattr(clock, "now", lambda: past)
        city = City.create(tmp_path / "old", "Lisbon", None, days=60)
        city.issue_as("engineer", "crew-1", 30)
        signer = record_file.Signer(city, "crew-1")
        then.setattr(clock, "now", lambda: past + datetime.timedelta(days=1))
        signed_in_time = signer.sign(RECORD)
    with pytest.raises(IdentityExpired, match="was not valid"):
        record_file.verify(signer.sign(RECORD), city.ca)
    with pytest.raises(IdentityExpired, match="the city CA expired on"):
        record_file.verify(signed_in_time, city.ca)
    city.renew_ca()
    found = record_file.verify(signed_in_time, city.ca)
    assert found.remarks and "expired later" in found.remarks[0]
    serial = city.book.entries()[0].serial
    with pytest.raises(RecordUnproven, match="was already revoked"):
        record_file.verify(signed_in_time, city.ca, {serial: past.isoformat()})
    later = datetime.datetime.now(datetime.UTC).isoformat()
    assert any("revoked later" in one for one in record_file.verify(signed_in_time, city.ca, {serial: later}).remarks)


def test_the_command_has_an_exit_code_for_each(city, signed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.json").write_text(json.dumps(signed))
    (tmp_path / "bad.json").write_text(json.dumps(signed).replace("aa:16:d9", "aa:16:d8"))
    (tmp_path / "none.json").write_text("{}")

    def code(*words):
        trouble = CliRunner().invoke(lamplighter, ["verify", *words]).exception
        return getattr(trouble, "exit_code", 0) if trouble else 0

    known = ("--identity", str(city.folder))
    assert code("r.json", *known) == 0 and code("r.json", "--ca", str(city.folder / "ca.pem")) == 0
    assert code("bad.json", *known) == 77
    assert code("r.json") == 78 and code("none.json", *known) == 78 and code("absent.json", *known) == 78
    assert code("r.json", "--ca", str(tmp_path / "none.json")) == 33


def test_the_page_says_what_the_record_says_and_escapes_it(city):
    register = {"from": "the old node", "imp_mwh": 5, "boot": 7}
    swapped = {**RECORD, "asset": "LP <b>&", "swapped_from": "24:0a:c4:00:00:01", "register": register}
    signed = record_file.Signer(city, "crew-1").sign(swapped)
    page = record_html.page(signed)
    assert "LP &lt;b&gt;&amp;" in page and "<b>" not in page
    for words in ("230.0 V", "195.5 … 253.0", "24:0a:c4:aa:16:d9", "continues at 5 mWh, boots at 8", "broker.lan:8883",
                  record_file.fingerprint(signed)):  # fmt: skip
        assert words in page
    assert not re.search(r"(src|href)=", page), "it needs nothing from elsewhere"


def test_labels_in_a_form_that_there_is_none_of_are_refused_and_not_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("street.csv").write_text("asset,site,node,board,wifi,broker\nLP-1,lisbon,lp-1,lamppost-esp32,city,broker.lan\n")
    done = CliRunner().invoke(lamplighter, ["label", "--all", "--roster", "street.csv", "--out", "labels.doc"])
    assert done.exit_code == 2 and ".svg or .pdf" in done.output
    assert not Path("labels.doc").exists()
    done = CliRunner().invoke(lamplighter, ["label", "--all", "--roster", "street.csv", "--out", "L.PDF"])
    assert done.exit_code == 0, done.output
    assert Path("L.PDF").read_bytes().startswith(b"%PDF")


def test_labels_fill_sheets_and_both_forms_have_the_same_codes():
    many = [labels.Label(f"LP-{n:04d}", f"lisbon/lp-{n:04d}", "24:0a:c4:aa:16:d9", "lamppost-esp32") for n in range(30)]
    pages = labels.sheets(many, skip=2)
    counts = [sum(isinstance(thing, label_sheet.Code) for thing in page.things) for page in pages]
    assert counts == [22, 8]
    for page in pages:
        for thing in page.things:
            if isinstance(thing, label_sheet.Code):
                assert thing.x >= 0 and thing.x + thing.width <= 210 and thing.y + thing.width <= 297
    data = label_sheet.pdf(pages)
    assert data.startswith(b"%PDF-1.") and data.count(b"/Type /Page\n") == 2
    assert data == label_sheet.pdf(pages), "the same labels are the same bytes"
    assert "lisbon/lp-0021" in label_sheet.svg(pages[0]) and "LP-0022" not in label_sheet.svg(pages[0])
    assert many[1].code("https://city.example/pole/{asset}") == "https://city.example/pole/LP-0001"


@pytest.mark.parametrize("asset", ["Łódź-1", "Ωμέγα-7", "Київ-12", "Đà-Nẵng 3", "Ñuñoa", "Šibenik"])
def test_a_label_may_be_in_any_language_of_latin_greek_or_cyrillic_letters(asset):
    assert label_sheet.pdf(labels.sheets([labels.Label(asset, "lodz/lp-1")]))


def test_a_letter_that_the_font_lacks_is_named_and_the_svg_offered():
    with pytest.raises(Problem, match="has the letter '灯', which the PDF font does not have") as caught:
        label_sheet.pdf(labels.sheets([labels.Label("灯-1", "tokyo/lp-1")]))
    assert "SVG" in caught.value.remedy


@pytest.mark.parametrize("asset", ["LP-0042", "WWWWMMMM-WWWWMMMM", "i" * 32, "灯" * 12])
def test_no_text_runs_out_of_its_label(asset):
    page = labels.sheets([labels.Label(asset, "lisbon/" + "m" * 32, "24:0a:c4:aa:16:d9", note=f"Rua {asset} " * 9)])[0]
    frame = next(thing for thing in page.things if isinstance(thing, label_sheet.Frame))
    for thing in page.things:
        if isinstance(thing, label_sheet.Text):
            assert thing.x + thing.size * label_sheet.width_of(thing.words) <= frame.x + frame.width


def test_a_label_for_a_missing_asset_is_refused_with_what_is_like_it(tmp_path):
    path = street(tmp_path, 5)
    words = ["label", "LP-0001", "LP-00O2", "--roster", str(path), "--out", str(tmp_path / "l.pdf")]
    done = CliRunner().invoke(lamplighter, words)
    assert isinstance(done.exception, AssetUnknown) and "LP-00O2" in done.exception.cause
    assert done.exception.details[0].startswith("LP-00O2: did you mean LP-000")
    assert not (tmp_path / "l.pdf").exists()


def test_two_assets_share_no_file_and_no_field_of_a_label():
    names = [progress.file_name(asset) for asset in ("LP_1", "LP/1", "LP 1", "LP;1", "..", "__", "街1", "街2")]
    assert len({name.casefold() for name in names}) == len(names) and names[0] == "LP_1"
    assert all(re.fullmatch(r"[A-Za-z0-9_~-]+[A-Za-z0-9._~-]*", name) for name in names)
    forged = labels.Label("A;mac=24:0a:c4:00:00:01", "lisbon/lp-1")
    assert forged.code() == "lamppost:lisbon/lp-1;asset=A%3Bmac=24:0a:c4:00:00:01"


def test_a_field_that_stands_in_for_one_further_down_is_tampering(city):
    envelope = record_file.Signer(city).sign({"asset": "LP-0042", "register": {"imp_mwh": 7}, "lat": 38.0})
    assert record_file.verify(envelope, city.ca).record["lat"] == 38.0
    envelope["record"] = {"asset": "LP-0042", "register.imp_mwh": 7, "lat": 38.0}
    with pytest.raises(RecordTampered, match=r"register\.imp_mwh"):
        record_file.verify(envelope, city.ca)


@pytest.mark.parametrize(
    "content",
    [b"[" * 9999, b'{"kind": ' + b"9" * 999 + b"}", b'{"kind": "\\ud83d"}', b"\xff\xfe", b'{"v": 1, "v": 2}', b"NaN"],
)
def test_a_file_that_is_no_record_is_named_as_such(tmp_path, content):
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(RecordUnproven, match="is not JSON"):
        record_file.read(tmp_path / "record.json")


def test_numbers_of_a_record_are_verified_as_they_were_written(city, tmp_path):
    envelope = record_file.Signer(city).sign({"asset": "LP-0042", "location": {"lat": 38.0, "lon": -9.14}})
    (tmp_path / "record.json").write_text(json.dumps(envelope))
    assert record_file.verify(record_file.read(tmp_path / "record.json"), city.ca).record["asset"] == "LP-0042"


def test_a_broker_check_that_is_finished_later_leaves_the_fingerprint_on_the_label_as_it_was(city):
    postponed = {**RECORD, "verdict": "broker postponed", "broker": {"postponed": "No broker listens there."}}
    before = record_file.Signer(city, "crew-1").sign(postponed)
    after = record_file.Signer(city).sign({**RECORD, "signer": "Lisbon lampposts CA"})
    assert record_file.fingerprint(before) == record_file.fingerprint(after)
    for changed in ({"mac": "24:0a:c4:00:00:01"}, {"config": "000000000000"}, {"checks": []}, {"brokerage": 1}):
        other = record_file.Signer(city, "crew-1").sign({**RECORD, **changed})
        assert record_file.fingerprint(other) != record_file.fingerprint(after), changed


def test_a_label_has_what_the_help_promises(city, tmp_path):
    row = {"asset": "LP-0042", "node": "lp-0042", "note": "Rua Augusta 12 opposite the pharmacy"}
    path = street(tmp_path, 2, {1: row})
    proof = record_file.fingerprint(record_file.Signer(city, "crew-1").sign(RECORD))
    Results(path).note("LP-0042", state="commissioned", mac=RECORD["mac"], fingerprint=proof)
    out = tmp_path / "labels.svg"
    done = CliRunner().invoke(lamplighter, ["label", "--all", "--roster", str(path), "--out", str(out)])
    assert done.exit_code == 0, done.output
    drawn = out.read_text()
    for words in ("LP-0042", "lisbon/lp-0042", RECORD["mac"], "lamppost-esp32", proof, "Rua Augusta 12"):
        assert words in drawn, words
    assert drawn.count(proof) == 1, "the other one was not commissioned yet"


def test_the_page_has_the_note_of_the_roster(city):
    signed = record_file.Signer(city).sign({**RECORD, "note": "Rua Augusta 12"})
    assert "Rua Augusta 12" in record_html.page(signed)
