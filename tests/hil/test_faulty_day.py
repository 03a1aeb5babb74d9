"""Hours with six parts that fail at random: every window is there, and every value that is not has its reason.

An hour in `make test`; `make day` has the 24 hours.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta

import pytest

HOURS = int(os.environ.get("LAMPLIGHTER_DAY_HOURS", "1"))
pytestmark = [pytest.mark.virtual_only, pytest.mark.timeout(400 + 100 * HOURS)]

START = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
PARTS = [
    {"id": "meter", "part": "pzem004t", "bus": "meter"},
    {"id": "bay-1", "part": "tfmini", "bus": "parking"},
    {"id": "dust", "part": "sps30", "bus": "air"},
    {"id": "climate", "part": "bme280", "bus": "i2c0"},
    {"id": "carbon", "part": "scd41", "bus": "i2c0"},
    {"id": "eye", "part": "bh1750", "bus": "i2c0"},
]
SENSING = {
    "parts": PARTS,
    "energy": {"part": "meter", "window_s": 300, "every_ms": 10000},
    "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 10000}],
    "air": {"parts": ["dust", "climate", "carbon"], "window_s": 300, "every_ms": 30000, "humidity": "crilley-2018"},
    "light": {"part": "eye", "window_s": 300, "every_ms": 10000},
    "time": {"servers": ["time.lan"]},
}
WHOSE = {
    "tele/energy": dict.fromkeys(("u_mv", "i_ma", "p_mean_mw", "p_max_mw", "pf", "f_mhz", "imp_mwh", "e_mwh"), "meter"),
    "tele/air": {
        **dict.fromkeys(("pm1", "pm2_5", "pm4", "pm10"), "dust"),
        **dict.fromkeys(("t", "rh", "p"), "climate"),
        "co2": "carbon",
    },
    "tele/light": {"lux": "eye"},
}
MISSING = ("silence", "noise", "checksum")  # faults after which nothing can be believed
LINGERS_S = 120  # a part that was silent warms up, and a clock that was set has cut a window


def troubles():
    """(part, kind, from, to) in seconds; one at a time for each part, the same ones in every run."""
    chance = random.Random(42)
    found = []
    for part in PARTS:
        at = 300 + chance.randrange(900)
        while at < HOURS * 3600 - 900:
            lasts = chance.choice((20, 120, 700, 1500))
            found.append((part["id"], chance.choice((*MISSING, "slow", "stuck")), at, at + lasts))
            at += lasts + 300 + chance.randrange(1200)
    return found


def scenario(tmp_path, faults):
    rows = [f"start = {START.isoformat().replace('+00:00', 'Z')}"]
    for part in PARTS[4:]:
        rows.append("[[parts]]\n" + "\n".join(f'{key} = "{part[key]}"' for key in part))
    for part, kind, begins, ends in faults:
        rows += ["[[events]]", f"at_s = {begins}", f"for_s = {ends - begins}", 'do = "fault"', f'part = "{part}"']
        rows.append(f'kind = "{kind}"')
    file = tmp_path / "faulty.toml"
    file.write_text("\n".join(rows) + "\n")
    return file


def span(message):
    """(from, to) of the window in seconds since the scenario began."""
    ends = (datetime.fromisoformat(message["ts"]) - START).total_seconds()
    return ends - message.get("window_s", 300), ends


def test_every_window_is_there_and_every_missing_value_has_its_letter(virtual_post, configure, heard, tmp_path):
    post = virtual_post()
    configure(post, **SENSING)
    post.lamp.stop()
    heard.forget()
    faults = troubles()
    lamp = virtual_post(fast=True, scenario=scenario(tmp_path, faults)).lamp
    last = (START + timedelta(hours=HOURS)).isoformat().replace("+00:00", "Z")
    tomorrow = (START + timedelta(days=2)).isoformat()
    for topic in ("tele/energy", "tele/air"):
        # what waited since it was configured, today, comes as well
        heard.until(topic, lambda m: m["ts"] and last <= m["ts"] < tomorrow, 300 + 90 * HOURS)
    lamp.stop()
    assert lamp.boots == 1, "the node has started again"
    heard.nothing_lost()
    explained = 0
    for topic, whose in WHOSE.items():
        messages = [m for m in heard.all(topic) if m["ts"] and START.isoformat() < m["ts"] <= last]
        if topic != "tele/light":
            whole = [m["ts"] for m in messages if m["window_s"] == 300]
            assert len(whole) == len(set(whole)) >= 12 * HOURS - 1, f"{topic}: windows are missing"
        for message in messages:
            begins, ends = span(message)
            for name, part in whose.items():
                near = [
                    kind for id, kind, since, until in faults
                    if id == part and since < ends and until + LINGERS_S > begins
                ]  # fmt: skip
                if message[name] is None:
                    explained += 1
                    assert message["q"][name] in "UWG", message
                    assert near or begins < LINGERS_S, f"{name} is missing at {message['ts']} without a reason"
                covered = [  # one that ends within the last second may let a reading pass
                    kind for id, kind, since, until in faults if id == part and since <= begins and until > ends
                ]
                if set(covered) & {"silence", "checksum"}:
                    assert message[name] is None, f"{name} at {message['ts']}: {covered}"
    assert explained > 5 * HOURS, "the faults were hardly felt"
