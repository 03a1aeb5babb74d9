"""The lamp's programme: a night's levels by calendar, sun and clock, also when the clock changes or no sun sets."""

from lamppost.core.calendar import DAY, days
from lamppost.core.faults import SettingsFault
from lamppost.core.zone import Zone
from lamppost.lamp.programme import Programme
from raising import raises

LISBON = (Zone("WET0WEST,M3.5.0/1,M10.5.0"), 38.72, -9.14)
LONDON = (Zone("GMT0BST,M3.5.0/1,M10.5.0"), 51.5, -0.13)
NORTH = (Zone("CET-1CEST,M3.5.0,M10.5.0/3"), 70.0, 20.0)
LATE = {"programmes": {"late": {
    "periods": [{"from": "sunset", "to": "sunrise"}],
    "points": [{"at": "23:00", "op": "set", "level": 50}, {"at": "05:30", "op": "set", "level": 100}],
}}, "calendar": [{"programme": "late"}]}  # fmt: skip


def hm(utc_s):
    return "%02d:%02d" % (utc_s // 3600 % 24, utc_s // 60 % 60)


def levels(programme, date):
    return [(hm(row.begins), hm(row.ends), row.level) for row in programme.night(date)]


def whole(rows):
    """Without gaps."""
    return all(before[1] == after[0] for before, after in zip(rows, rows[1:]))


def test_the_default_is_full_light_from_sunset_to_sunrise():
    rows = Programme({}, *LISBON).night(days(2026, 12, 21))
    assert [(row.level, row.why) for row in rows] == [
        (0, "outside the active periods"), (100, "default"), (0, "outside the active periods"),
    ]  # fmt: skip
    assert hm(rows[1][0]) == "17:18" and hm(rows[1][1]) == "07:51"
    assert whole(rows) and rows[-1][1] - rows[0][0] == DAY


def test_switching_points_change_the_level_within_the_active_period():
    assert levels(Programme(LATE, *LISBON), days(2026, 12, 21)) == [
        ("12:00", "17:18", 0), ("17:18", "23:00", 100), ("23:00", "05:30", 50), ("05:30", "07:51", 100),
        ("07:51", "12:00", 0),
    ]  # fmt: skip


def test_a_point_before_the_sun_sets_counts_when_it_has_set():
    early = dict(LATE, programmes={"late": {
        "periods": [{"from": "sunset", "to": "sunrise"}], "points": [{"at": "20:00", "op": "set", "level": 30}],
    }})  # fmt: skip
    lit = [row for row in Programme(early, *LONDON).night(days(2026, 6, 21)) if row[2]]
    assert [row[2] for row in lit] == [30] and hm(lit[0][0]) == "20:21"


def test_local_times_follow_the_clock_over_both_of_its_changes():
    programme = Programme(LATE, *LONDON)
    # 29 March 2026: 05:30 local is 04:30 UTC; the night has 23 hours
    rows = programme.night(days(2026, 3, 28))
    assert rows[-1][1] - rows[0][0] == DAY - 3600 and whole(rows)
    assert ("23:00", "04:30", 50) in levels(programme, days(2026, 3, 28))
    # 25 October: 23:00 local is 22:00 UTC, 05:30 is 05:30; the night has 25
    rows = programme.night(days(2026, 10, 24))
    assert rows[-1][1] - rows[0][0] == DAY + 3600 and whole(rows)
    assert ("22:00", "05:30", 50) in levels(programme, days(2026, 10, 24))


def test_the_first_matching_rule_of_the_calendar_wins():
    document = {"programmes": {
        "eve": {"periods": [{"from": "16:00", "to": "02:00"}]},
        "weekend": {"periods": [{"from": "sunset", "to": "sunrise"}],
                    "points": [{"at": "01:00", "op": "mul", "level": 50}]},
        "week": {"periods": [{"from": "dusk-10", "to": "dawn+10"}]},
    }, "calendar": [
        {"date": "2026-12-24", "programme": "eve"},
        {"days": ["fri", "sat"], "programme": "weekend"},
        {"from": "11-01", "to": "02-28", "programme": "week"},
    ]}  # fmt: skip
    programme = Programme(document, *LISBON)
    assert levels(programme, days(2026, 12, 24))[1] == ("16:00", "02:00", 100)
    assert ("01:00", "07:53", 50) in levels(programme, days(2026, 12, 26))  # a Saturday
    assert levels(programme, days(2026, 12, 28))[1] == ("17:42", "07:34", 100)
    assert programme.night(days(2026, 6, 15))[1][3] == "default"  # a Monday in June: no rule


def test_operations_work_on_the_present_level_and_stay_between_0_and_100():
    points = [
        {"at": "18:00", "op": "sub", "level": 30}, {"at": "19:00", "op": "mul", "level": 50},
        {"at": "20:00", "op": "max", "level": 60}, {"at": "21:00", "op": "min", "level": 20},
        {"at": "22:00", "op": "add", "level": 95}, {"at": "23:00", "op": "sub", "level": 100},
    ]  # fmt: skip
    document = {"programmes": {"p": {"periods": [{"from": "17:00", "to": "07:00"}], "points": points}},
                "calendar": [{"programme": "p"}]}  # fmt: skip
    rows = Programme(document, *LISBON).night(days(2026, 1, 5))
    assert [row.level for row in rows if row.level or row.why != "outside the active periods"][1:7] == [
        70, 35, 60, 20, 100, 0,
    ]  # fmt: skip


def test_where_the_sun_does_not_set_there_is_no_light_and_where_it_does_not_rise_light_all_day():
    june, december = days(2026, 6, 21), days(2026, 12, 21)
    programme = Programme({}, *NORTH)
    assert programme.sun(june) == {"sunset": None, "dusk": None, "dawn": None, "sunrise": None}
    assert [row[2] for row in programme.night(june)] == [0]
    assert [row[2] for row in programme.night(december)] == [100]


def test_a_moment_has_the_level_of_its_night():
    programme = Programme(LATE, *LISBON)
    day = days(2026, 12, 22) * DAY
    found = [programme.at(day + hours * 3600) for hours in (2, 6, 12)]
    assert [(row.level, row.why) for row in found[:2]] == [(50, "23:00 set 50"), (100, "05:30 set 100")]
    assert found[2].level == 0


def test_a_period_while_dark_and_a_presence_period_are_rows_of_their_own():
    document = {"calendar": [{"programme": "p"}], "programmes": {"p": {
        "periods": [{"from": "16:30", "to": "18:00", "when": "dark"}, {"from": "17:30", "to": "07:00"}],
        "points": [{"at": "23:00", "op": "set", "level": 30}],
        "presence": [{"from": "22:00", "to": "05:00", "level": 80, "hold_s": 60},
                     {"from": "23:00", "to": "05:00", "op": "add", "level": 20}],
    }}}  # fmt: skip
    rows = Programme(document, *LISBON).night(days(2026, 12, 21))
    assert whole(rows)
    assert [(hm(row.begins), row.level, row.dark, row.presence) for row in rows] == [
        ("12:00", 0, False, ()), ("16:30", 100, True, ()), ("17:30", 100, False, ()),
        ("22:00", 100, False, ((100, 60),)), ("23:00", 30, False, ((80, 60), (50, 120))),
        ("05:00", 30, False, ()), ("07:00", 0, False, ()),
    ]  # fmt: skip


def test_a_period_while_dark_needs_no_times():
    document = {"calendar": [{"programme": "p"}], "programmes": {"p": {"periods": [{"when": "dark"}]}}}
    rows = Programme(document, *LISBON).night(days(2026, 12, 21))
    assert [(hm(row.begins), hm(row.ends), row.level, row.dark) for row in rows] == [("12:00", "12:00", 100, True)]


def test_every_mistake_of_a_programme_is_named_at_once():
    document = {"calendar": [{"programme": "nothing"}, {"from": "02-30", "programme": "p"}], "programmes": {"p": {
        "periods": [{"from": "25:00", "to": "sunrise"}, {"from": "dusk", "to": "dusk"}, {}, {"to": "20:00"}],
        "presence": [{"from": "20:00", "to": "midnight", "op": "twice", "level": 101}],
        "points": [{"at": "23:00", "op": "set", "level": 5}, {"at": "23:00", "op": "set", "level": 6},
                   {"at": "noon", "op": "set", "level": 5}],
    }}}  # fmt: skip
    with raises(SettingsFault, "invalid") as caught:
        Programme(document, *LISBON)
    for clause in (
        "no programme 'nothing'",
        "'02-30' is no date",
        "from and to go together",
        "'25:00' is no time",
        "ends when it begins",
        "has neither from and to nor when",
        "'midnight' is no time",
        "presence.0.op: is not one of",
        "presence.0.level: is not 0 to 100",
        "23:00 appears twice",
        "'noon' is no time",
    ):
        assert clause in caught.error.detail, clause
