"""`@long` before a test that takes most of a minute or more on a chip: `make units` leaves it out there."""

LONG = []


def long(test):
    LONG.append(test)
    return test
