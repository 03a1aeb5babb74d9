"""Runs under MicroPython: the rows of a trace, for the programs beside this file."""

from array import array

MISSING = -(1 << 31)
AT_ONCE = 512


def each(path, width):
    """For each row of `width` 64-bit integers, its time first: (a block that holds it, where in that it begins)."""
    block = array("q", bytes(8 * width * AT_ONCE))
    with open(path, "rb") as file:
        count = file.readinto(block) // 8
        while count:
            for start in range(0, count, width):
                yield block, start
            count = file.readinto(block) // 8
