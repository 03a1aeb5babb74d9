"""`lamplighter replay parking`: a trace in, what the node would have told out; a bad trace is named in words."""

import json

import pytest
from click.testing import CliRunner
from lamplighter.cli import lamplighter
from lamplighter.problems import TraceInvalid
from lamplighter.replay import parking, trace
from lamplighter.replay.scores import STATES, compare


@pytest.fixture
def file(tmp_path):
    def make(text, name="trace.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


def rows(*stays, every=1):
    """(seconds, distance or None) -> the rows of a trace."""
    lines, t = ["t_s,range_mm,strength"], 0
    for seconds, d_mm in stays:
        for _ in range(int(seconds / every)):
            lines.append(f"{t:g},{'' if d_mm is None else d_mm},{'' if d_mm is None else 900}")
            t += every
    return "\n".join(lines) + "\n"


def replay(*arguments):
    done = CliRunner().invoke(lamplighter, ["replay", "parking", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def refused(path):
    with pytest.raises(TraceInvalid) as caught:
        parking.read(path)
    return [line.partition(": ")[2] for line in caught.value.details] or [caught.value.cause]


def test_each_change_is_one_object_with_time_state_and_confidence(file):
    path = file(rows((100, 3200), (100, 1400), (100, 3200)))
    told = [json.loads(line) for line in replay(path, "--json", "--empty-mm", 3200).splitlines()]
    assert [each["state"] for each in told] == ["free", "occupied", "free"]
    assert [each["t_s"] for each in told] == [3, 108, 206]
    assert all(50 < each["confidence"] <= 100 for each in told)


def test_without_json_it_is_a_table(file):
    lines = replay(file(rows((100, 3200))), "--empty-mm", 3200).splitlines()
    assert lines[0].split() == ["t_s", "state", "confidence", "evidence"]
    assert lines[1].split()[:2] == ["3", "free"]


def test_the_truth_beside_it_gives_the_confusion_matrix(file):
    path = file(rows((100, 3200), (100, 1400), (101, 3200)))
    truth = file("t_s,state\n0,free\n100,occupied\n200,free\n", "truth.csv")
    text = replay(path, "--truth", truth, "--empty-mm", 3200)
    assert "true free" in text and "told occupied" in text
    assert "0 false changes" in text
    *_, last = [json.loads(line) for line in replay(path, "--truth", truth, "--empty-mm", 3200, "--json").splitlines()]
    assert last["confusion_s"]["occupied"] == {"free": 8, "occupied": 92}
    assert last["latency_p95_s"] == 8


def test_times_of_day_and_other_rates_are_kept(file):
    text = "t_s,range_mm\n" + "".join(
        f"{1700000000 + n / 10:.1f},{3200 if n < 300 else 1500}\n" for n in range(600)
    )
    told = list(parking.replay(parking.read(file(text)), 3200))
    assert [(change.state, round(change.t_s - 1700000000)) for change in told] == [("free", 3), ("occupied", 38)]


def test_a_distance_of_zero_is_no_echo_and_never_near(file):
    told = list(parking.replay(parking.read(file(rows((100, 3200), (5, 0), (100, 3200)))), 3200))
    assert [change.state for change in told] == ["free"]


def test_a_gap_is_said_and_the_state_is_unknown_when_it_is_long(file):
    early, late = rows((100, 3200)).splitlines(), rows((800, 3200)).splitlines()[701:]
    recorded = parking.read(file("\n".join(early + late)))
    assert any("a gap of 601 s after t_s 99" in note for note in recorded.notes)
    assert [change.state for change in parking.replay(recorded, 3200)] == ["free", "unknown", "free"]


def test_every_error_of_a_trace_is_named_at_once_with_its_line(file):
    path = file("t_s,range_mm\n0,3200\n1,near\n0.5,3200\n3\nx,1\n4,inf\n")
    assert refused(path) == [
        "range_mm is 'near', which is not a number; leave it empty if missing.",
        "the time goes back from 1 to 0.5 s; sort the rows by t_s.",
        "1 cells where the heading has 2.",
        "t_s is 'x', which is neither a number nor a time like 2026-03-01T12:00:00Z.",
        "range_mm is 'inf', which is not a number; leave it empty if missing.",
    ]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "the file is empty; the first line names the columns, beginning with t_s."),
        ("t_s,range_mm\n", "there are no rows after the heading."),
        ("when,range_mm\n0,1\n", "there is no column t_s (the time in seconds)."),
        ("time,range_mm\n0,1\n", "time is '0', which is no time like 2026-03-01T12:00:00Z; seconds belong in a column"
                                  " t_s."),
        ("t_s,range_mm\n1767225600000,1\n", "t_s is 1767225600000, which is too large; name the column t_ms if these"
                                             " are milliseconds."),
        ("t_s,range_mm\n0,1\n9e9,1\n", "t_s is 9e9, more than ten years after the first row; cut the file."),
        ("t_s,range_mm\n2026-02-29T00:00:00Z,1\n", "t_s is '2026-02-29T00:00:00Z', which is neither a number nor a time"
                                                    " like 2026-03-01T12:00:00Z."),
        ('t_s,range_mm\n0,"1\n1,2\n', "a quote is not closed on this line; remove it, or write the whole cell on one"
                                       " line."),
        ('t_s,range_mm\n0,"3,5"\n', "range_mm is '3,5', which is not a number; leave it empty if missing."),
        ("t_s;range_mm\n0;1.234,5\n", "range_mm is '1.234,5', which is not a number; leave it empty if missing."),
        ("t_s,range_mm,range_mm\n0,1,1\n", "the column range_mm appears twice; keep one."),
        ("t_s,mag_x_ut,mag_z_ut\n0,1,1\n", "mag_x_ut and mag_z_ut cannot be used without mag_y_ut."),
        ("t_s,range\n0,1\n", "no usable column; at least one of range_mm, mag_x_ut, mag_y_ut, mag_z_ut, "
                             "presence is needed; is range meant to be range_mm?"),
    ],
)  # fmt: skip
def test_a_trace_of_another_form_says_what_is_missing(file, text, cause):
    assert refused(file(text)) == [cause]


def test_a_truth_with_another_word_for_a_state_is_refused(file):
    with pytest.raises(TraceInvalid) as caught:
        trace.states(file("t_s,state\n0,empty\n"), STATES)
    assert "state is 'empty'; it must be one of free, occupied, blocked, unknown." in caught.value.details[0]


def test_a_file_that_is_not_there_has_an_exit_code_of_its_own(tmp_path):
    assert refused(tmp_path / "none.csv") == [f"There is no file {tmp_path / 'none.csv'}."]
    assert TraceInvalid.exit_code == 43


def test_scores_count_time_waits_and_false_changes():
    truth = [(0, "free"), (100, "occupied"), (200, "free")]
    told = [(3, "free"), (50, "occupied"), (60, "free"), (108, "occupied"), (206, "free")]
    score = compare(truth, told, 0, 300)
    assert score.seconds["free", "occupied"] == 16
    assert score.waits == [8, 6]
    assert score.false_changes == 2


def test_a_real_day_of_a_car_park_is_told_as_it_was():
    """CNRPark bay 10, free and occupied each five minutes, through the distances of a range finder."""
    from pathlib import Path

    from lamplighter import virtual

    series = Path(virtual.__file__).parent / "series" / "parking_bays.csv"
    recorded = [line.split(",") for line in series.read_text().splitlines()[1:]]
    taken = [cells[2] == "1" for cells in recorded if cells[2]]
    made = trace.Trace("cnrpark", 0.0, ["range_mm"], trace.array("q"))
    for n, occupied in enumerate(taken):
        for second in range(300):
            made.rows.extend((1000 * (300 * n + second), 1500 if occupied else 3200))
    truth = [(300.0 * n, "occupied" if occupied else "free") for n, occupied in enumerate(taken)]
    told = [(change.t_s, change.state) for change in parking.replay(made, 3200)]
    score = compare(truth, told, 0, 300 * len(taken))
    assert score.right > 0.99
    assert score.false_changes == 0


@pytest.mark.parametrize(
    "text",
    [
        "\ufefft_s;range_mm;temp_c\n0;3200;20,5\n0,25;3100;-1,0\n",
        "sep=;\r\nt_s;range_mm;temp_c\r\n0;3200;20,5\r\n\r\n0.25;3100;-1\r\n",
        '"sep=|"\nt_s|range_mm|temp_c\n0|"3200"|20,5\n0,25|3100|-1\n',
        "t_ms\trange_mm\ttemp_c\n0\t3200\t20,5\n250\t3100\t-1\n",
        "time,range_mm,temp_c\n1970-01-01T00:00:00Z,3200,20.5\n1970-01-01T01:00:00.250+01:00,3100,-1\n",
        "t_s,range_mm,temp_c\n1970-01-01 00:00:00,3200,20.5\n1970-01-01 00:00:00.250,3100,-1\n",
    ],
    ids=["semicolons", "sep=;", "sep=|", "milliseconds", "ISO 8601", "without a zone"],
)
def test_what_spreadsheets_and_loggers_write_is_one_trace(file, text):
    found = parking.read(file(text))
    assert (found.start_s, list(found.rows)) == (0, [0, 3200, 20, 250, 3100, -1])
    assert any("without a zone are taken as UTC" in note for note in found.notes) == ("00:00:00," in text)


def test_a_truth_may_have_the_times_of_its_trace(file):
    text = "time;state\n2026-03-01T12:00:00Z;free\n2026-03-01T13:00:00+01:00;occupied\n"
    assert trace.states(file(text), STATES) == [(1772366400.0, "free"), (1772366400.0, "occupied")]


@pytest.mark.parametrize("mark", [-1, -9999, -999, 55000])
def test_a_distance_that_no_range_finder_means_is_missing_and_no_dark_car(file, mark):
    recorded = parking.read(file(rows((600, 3200), (120, mark), (100, 3200))))
    assert any(f":602: range_mm is {mark}" in note for note in recorded.notes)
    assert [change.state for change in parking.replay(recorded, 3200)] == ["free"]
