"""Rows of tests/data/sensor_frames.json: frames recorded from real parts, or printed in their documents."""

import json
from binascii import unhexlify

DATA = __file__.rsplit("/", 1)[0] + "/../data/"

_FRAMES = []  # read once: on a board the file comes over the serial line


def text(path):
    """A file's text, read in one go: over a serial line each read is a question and its answer."""
    with open(path) as file:
        return file.read()


def lines(name):
    """The lines of a file of tests/data."""
    return text(DATA + name).strip().split("\n")


def rows(part, direction=""):
    """(row, bytes) of every row whose part and direction begin with these words; at least one."""
    if not _FRAMES:
        _FRAMES.extend(json.loads(text(DATA + "sensor_frames.json")))
    found = [row for row in _FRAMES if row["part"].startswith(part)]
    found = [(row, unhexlify(row["hex"])) for row in found if row["direction"].startswith(direction)]
    assert found, f"no captured frame of {part} {direction}"
    return found
