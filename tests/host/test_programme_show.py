"""`lamplighter programme show`: a night by the node's own code, as JSON and on the screen; what is wrong is named."""

import json
import subprocess
import sys

import pytest
from lamplighter.lamp import zones
from lamplighter.problems import ProgrammeInvalid

LISBON = ("--lat", "38.72", "--lon", "-9.14", "--tz", "WET0WEST,M3.5.0/1,M10.5.0")
LATE = {
    "programmes": {
        "late": {
            "periods": [{"from": "sunset", "to": "sunrise"}],
            "points": [{"at": "23:00", "op": "set", "level": 50}, {"at": "05:30", "op": "set", "level": 100}],
        }
    },
    "calendar": [{"programme": "late"}],
}


def show(*words):
    command = [sys.executable, "-m", "lamplighter", "programme", "show", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_default_night_has_the_sun_and_full_light():
    done = show("--night", "2026-12-21", *LISBON, "--json")
    found = json.loads(done.stdout)
    assert list(found) == ["sunset", "civil_dusk", "civil_dawn", "sunrise", "periods"]
    assert found["sunset"] == "2026-12-21T17:18:19Z" and found["sunrise"] == "2026-12-22T07:51:25Z"
    lit = [row for row in found["periods"] if row["level"]]
    assert lit == [{"from": found["sunset"], "to": found["sunrise"], "level": 100, "why": "default"}]


def test_a_file_of_programmes_is_shown_and_drawn(tmp_path):
    file = tmp_path / "late.json"
    file.write_text(json.dumps(LATE))
    done = show(file, "--night", "2026-12-21", *LISBON)
    assert done.returncode == 0, done.stderr
    assert "2026-12-21T23:00:00Z  2026-12-22T05:30:00Z   50 %  23:00 set 50" in done.stdout
    assert "civil dusk  2026-12-21T17:48:14Z" in done.stdout and "█" in done.stdout


def test_periods_of_sensor_and_presence_are_told_as_what_they_are(tmp_path):
    file = tmp_path / "sensed.json"
    programme = {
        "periods": [{"from": "16:30", "to": "18:00", "when": "dark"}, {"from": "18:00", "to": "07:00"}],
        "points": [{"at": "23:00", "op": "set", "level": 30}],
        "presence": [{"from": "23:00", "to": "05:00", "level": 80, "hold_s": 60}],
    }
    file.write_text(json.dumps({"calendar": [{"programme": "sensed"}], "programmes": {"sensed": programme}}))
    shown = show(file, "--night", "2026-12-21", *LISBON).stdout
    assert "18:00:00Z  100 %  programme sensed; only while the light sensor reports dark\n" in shown
    assert "30 %  23:00 set 30; 80 % while somebody is there and 60 s after\n" in shown
    assert "▓ only while dark" in shown and "░ while somebody is there" in shown
    rows = json.loads(show(file, "--night", "2026-12-21", *LISBON, "--json").stdout)["periods"]
    assert {"when": "dark", "level": 100}.items() <= rows[1].items()
    assert [row["presence"] for row in rows if "presence" in row] == [[{"level": 80, "hold_s": 60}]]


def test_where_no_sun_sets_the_events_are_null():
    found = json.loads(show("--night", "2026-06-21", "--lat", "70", "--lon", "20", "--json").stdout)
    assert [found[name] for name in ("sunset", "civil_dusk", "civil_dawn", "sunrise")] == [None] * 4
    assert [row["level"] for row in found["periods"]] == [0]


@pytest.mark.parametrize(
    "content, said",
    [
        ("{", "is not JSON"),
        ('{"programmes": {"p": {"periods": [], "point": 1}}}', "point: there is no such key; did you mean points?"),
        ('{"calendar": [{"programme": "none"}]}', "calendar.0: there is no programme 'none'"),
        (json.dumps(LATE).replace("05:30", "23:00"), "23:00 appears twice"),
    ],
)
def test_what_is_wrong_with_a_file_is_named_with_exit_code_34(tmp_path, content, said):
    file = tmp_path / "wrong.json"
    file.write_text(content)
    done = show(file, "--night", "2026-12-21", *LISBON)
    assert done.returncode == 34 and said in done.stderr, done.stderr


def test_zones_have_names_and_an_unknown_one_is_refused():
    assert zones.posix("Europe/Lisbon") == "WET0WEST,M3.5.0/1,M10.5.0"
    assert zones.posix("CET-1CEST,M3.5.0,M10.5.0/3") == "CET-1CEST,M3.5.0,M10.5.0/3"
    done = show("--night", "2026-12-21", "--lat", "0", "--lon", "0", "--tz", "Europe/Atlantis")
    assert done.returncode == 34 and "There is no time zone Europe/Atlantis." in done.stderr
    done = show("--night", "2026-12-21", "--lat", "0", "--lon", "0", "--tz", "M3nonsense")
    assert done.returncode == 34 and "time zone 'M3nonsense'" in done.stderr


def test_a_zone_of_one_word_is_looked_up_and_a_city_alone_is_answered_with_an_example():
    assert zones.posix("UTC") == "UTC0" and zones.posix("UTC0") == "UTC0"
    for name in ("Lisbon", "leapseconds", ""):
        with pytest.raises(ProgrammeInvalid) as refused:
            zones.posix(name)
        assert "Europe/Lisbon" in refused.value.remedy
