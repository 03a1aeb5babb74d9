"""Runs under MicroPython: the node's own programme code for one night; prints one JSON object."""

import json
import sys


def main(folder, facts):
    sys.path.insert(0, folder)
    from lamppost.core.calendar import days, rfc3339
    from lamppost.core.faults import SettingsFault
    from lamppost.core.zone import Zone
    from lamppost.lamp.programme import Programme

    with open(facts) as file:
        facts = json.load(file)
    try:
        programme = Programme(facts["document"], Zone(facts["tz"]), facts["lat"], facts["lon"])
    except SettingsFault as fault:
        print(json.dumps({"wrong": fault.detail}))
        return
    date = days(*facts["date"])
    rows = []
    for row in programme.night(date):
        found = {"from": rfc3339(row.begins), "to": rfc3339(row.ends), "level": row.level, "why": row.why}
        if row.dark:
            found["when"] = "dark"
        if row.presence:
            found["presence"] = [{"level": level, "hold_s": hold_s} for level, hold_s in row.presence]
        rows.append(found)
    sun = {name: at if at is None else rfc3339(at) for name, at in programme.sun(date).items()}
    print(json.dumps({"sun": sun, "periods": rows}))


main(*sys.argv[1:])
