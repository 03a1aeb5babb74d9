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
    rows = [
        {"from": rfc3339(first), "to": rfc3339(last), "level": level, "why": why}
        for first, last, level, why in programme.night(date)
    ]
    sun = {name: at if at is None else rfc3339(at) for name, at in programme.sun(date).items()}
    print(json.dumps({"sun": sun, "periods": rows}))


main(*sys.argv[1:])
