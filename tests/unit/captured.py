"""Rows of tests/data/sensor_frames.json: frames recorded from real parts, or printed in their documents."""

import json
from binascii import unhexlify

DATA = __file__.rsplit("/", 1)[0] + "/../data/"


def rows(part, direction=""):
    """(row, bytes) of every row whose part and direction begin with these words; at least one."""
    with open(DATA + "sensor_frames.json") as file:
        found = [row for row in json.load(file) if row["part"].startswith(part)]
    found = [(row, unhexlify(row["hex"])) for row in found if row["direction"].startswith(direction)]
    assert found, f"no captured frame of {part} {direction}"
    return found
